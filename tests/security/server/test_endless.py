"""A hostile server never stops: lines without an end, lists without an end, batches that are never
closed, replays of millions of lines, questions faster than answers go; or it says nothing.

The client stays alive, can be left, and holds no more than it has limits for.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.input import create_pipe_input

from securechat.client.commands import inquiry
from securechat.client.commands.inquiry import Inquiry
from securechat.client.exits import Exit, UnreachableError
from securechat.client.screens import commands, prompt
from securechat.client.screens.composer import Composer
from securechat.client.screens.pipe import InputLines, Printer, converse
from securechat.client.screens.prompt import Chat
from securechat.client.session import (
    batches,
    channels,
    handshake,
    inbound,
    lists,
    markers,
    multiline,
    shown,
)
from securechat.client.session.events.answers import InquiryAnswer
from securechat.client.session.events.base import ClientEvent, Info
from securechat.client.session.events.connection import Overrun, Stopped
from securechat.client.session.identity import Login
from securechat.client.session.liveness import ANSWER, IDLE
from securechat.client.session.session import LOGIN_PATIENCE, ClientSession
from securechat.client.text.render import Renderer
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.client.wire import receiver, stream
from securechat.client.wire.mailbox import MAX_KEPT, Mailbox
from securechat.client.wire.receiver import Client
from securechat.client.wire.rounds import Reconnect
from securechat.irc.framing import LineBuffer
from tests.client.dialogue import Talk
from tests.client.screen import Screen
from tests.client.scripted import PASSWORD, Peer, ScriptedServer
from tests.security.server.hostile import (
    NOON,
    STAGES,
    asking,
    dialled,
    online,
    registering,
    replaying,
    showing,
)
from tests.support.certificates import Authority

Files = tuple[Path, Path]
PATIENCE = 30.0


# --- memory ---------------------------------------------------------------------------------------

SMALL = {
    (channels, "MAX_CHANNELS"): 20,
    (channels, "MAX_MEMBERS"): 50,
    (shown, "REMEMBERED_IDS"): 30,
    (shown, "MAX_CONVERSATIONS"): 20,
    (shown, "MAX_CONTINUED"): 30,
    (batches, "MAX_BATCHES"): 10,
    (lists, "MOST"): 20,
    (markers, "MAX_KNOWN"): 20,
    (multiline, "MAX_PARTS"): 20,
    (handshake, "MAX_OFFERED"): 60,
}
"""The limits, made small: what is bounded by one is full soon, and what isn't goes on growing."""


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for (module, name), limit in SMALL.items():
        monkeypatch.setattr(module, name, limit)


OTHERS = ("PRIVMSG", "BATCH", "352", "401", "404", "372", "319", "322", "367")
HANDLED = sorted({*handshake._HANDLERS, *inbound._HANDLERS, *OTHERS})
"""What the client keeps anything of; all others are shown, or passed over."""


def weight(talk: Talk) -> int:
    """How many objects the session holds on to, letters of texts counted."""
    seen: set[int] = set()
    waiting: list[object] = [talk.session]
    total = 0
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type) or callable(item):
            continue
        seen.add(id(item))
        total += len(item) if isinstance(item, str | bytes) else 1
        waiting += item if isinstance(item, dict) else ()  # whose keys the collector passes over
        waiting += [one for one in gc.get_referents(item) if not isinstance(one, type)]
    return total


def endless(command: str, numbers: range) -> Iterator[str]:
    """The same command again and again, each time with other values in all places."""
    for n in numbers:
        tags = f"@msgid=id-{n};batch=b{n};x{n}=y{n}"
        yield f"{tags} :n{n}!u@h {command} #r{n} n{n} a{n} b{n} :t{n} c{n}"
        yield f":alice!alice@irc.test {command} #r{n} alice :t{n}"
        yield f":bob!b@h {command} #lobby n{n} :t{n}"
        yield f":irc.test {command} alice = #lobby :n{n} m{n} o{n}"
        yield f":irc.test {command} * LS * :cap{n}=v{n} sasl echo-message"
        yield f":irc.test {command} * ACK :cap{n} -d{n}"
        yield f":irc.test {command} +b{n} chathistory #r{n}"
        yield f"@label={n} :irc.test {command} +l{n} labeled-response"
        yield f"@batch=l{n} :irc.test {command} alice 681 #lobby n{n} G n{n}"
        yield f":irc.test {command} +c{n} draft/multiline #r{n}"
        yield ":irc.test BATCH +same draft/multiline #lobby"
        yield f"@batch=same :bob!b@h {command} #lobby :t{n}"
        yield f"@+draft/reply=id-{n};+draft/react=r{n} :bob!b@h {command} #lobby id-{n}"
        yield f":irc.test {command} alice PREFIX=(qov){n} KEY{n}=v{n} :are supported"


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("command", HANDLED)
def test_no_command_fills_the_memory_however_often_it_comes(command: str) -> None:
    """Each with values that are always new, at each point of the talk: what is kept of them has a
    limit, which is reached after some hundred.
    """
    for rules in (dialled, registering, replaying, asking, showing):
        talk = rules()
        _feed(talk, endless(command, range(60)))
        before = weight(talk)
        _feed(talk, endless(command, range(60, 140)))
        assert weight(talk) < before + 150, rules.__name__


def comings_and_goings(numbers: range) -> Iterator[str]:
    """We are put into channels that are always new ones, and out of them, by each way there is; and
    what was said once is said again in all of them.
    """
    alice = ":alice!alice@irc.test"
    for n in numbers:
        yield f"{alice} JOIN #a{n}"
        yield f"{alice} PART #a{n}"
        yield f"{alice} JOIN #b{n}"
        yield f":irc.test RENAME #b{n} #c{n}"
        yield f":irc.test KICK #c{n} alice"
        yield f"@msgid=same :bob!b@h PRIVMSG #d{n} :hi"
        yield f"@msgid=id-{n};time=2026-01-31T15:30:00.000Z :bob!b@h PRIVMSG #e{n} :hi"
        yield f":irc.test RENAME #e{n} #f{n}"


@pytest.mark.usefixtures("small_limits")
def test_channels_that_come_and_go_fill_no_memory() -> None:
    """Several commands together: nothing is kept of where we are no more."""
    for rules in (replaying, asking, showing):
        talk = rules()
        _feed(talk, comings_and_goings(range(60)))
        before = weight(talk)
        _feed(talk, comings_and_goings(range(60, 200)))
        assert weight(talk) < before + 150, rules.__name__


def _feed(talk: Talk, lines: Iterator[str]) -> None:
    for line in lines:
        if talk.session.finished or talk.hangup is not None:
            return
        talk.hears(line)
    talk.shows()


def test_lines_without_an_end_are_thrown_away() -> None:
    """As they come: no more than one of the allowed length is kept, with or without tags."""
    for head in (b"", b"@", b"@a=", b":bob PRIVMSG #lobby :"):
        buffer = LineBuffer(stream.MAX_INCOMING)
        buffer.feed(head)
        for _ in range(200):
            assert set(buffer.feed(b"x" * 16384)) <= {b"\n"}
            assert len(buffer._rest) <= stream.MAX_INCOMING + 1
        assert buffer.feed(b"\r\nPING x\r\n") == [b"PING x"]


def test_a_line_longer_than_any_chat_s_is_passed_over() -> None:
    """Its tags may be long, its text may not."""
    assert stream._message(b":bob PRIVMSG #lobby :" + b"x" * stream.MAX_BODY) is None
    assert stream._message(b"@a=" + b"y" * 8000 + b" :bob PRIVMSG #lobby :x") is not None


def test_what_nobody_looks_at_yet_is_kept_to_a_limit() -> None:
    """A replay without an end, before there is a screen to show it on: the newest stay."""
    mailbox = Mailbox()
    for number in range(MAX_KEPT * 2):
        mailbox.put([Info(str(number))])
    seen: list[ClientEvent] = []
    mailbox.attach(seen.extend)
    assert mailbox.join(10.0)
    assert len(seen) == MAX_KEPT + 1
    assert seen[0] == Overrun(MAX_KEPT)
    assert seen[-1] == Info(str(MAX_KEPT * 2 - 1))


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", STAGES)
def test_silence_ends_the_connection(rules: object) -> None:
    """At each point of the talk, within the minutes that are allowed for it."""
    assert callable(rules)
    talk: Talk = rules()
    for _ in range(10):
        talk.waits(LOGIN_PATIENCE / 2)
        if talk.hangup is not None:
            break
    assert talk.hangup
    assert talk.now - 1000.0 <= max(LOGIN_PATIENCE, IDLE + ANSWER) + LOGIN_PATIENCE


@pytest.mark.parametrize(
    "line", ["CAP * LS * :x", "NOTICE * :wait", "PING x", "372 alice :x", "020 *"]
)
def test_talking_on_and_on_ends_a_login_like_silence(line: str) -> None:
    """Only its end ends the login's time, before the welcome and in the replay."""
    for rules in (dialled, replaying):
        talk = rules()
        for _ in range(int(LOGIN_PATIENCE) + 2):
            talk.hears(f":irc.test {line}")
            talk.waits(1.0)
            if talk.hangup is not None:
                break
        assert talk.hangup == "the login was not finished in time"


def test_a_question_is_answered_in_time_or_not_at_all() -> None:
    """Other answers, without an end, don't make it wait for longer."""
    replies: queue.SimpleQueue[InquiryAnswer | None] = queue.SimpleQueue()

    class Deaf:
        stopped: Stopped | None = None

        def submit(self, action: object, *, wait: bool) -> bool:
            return True

    class Endless:
        """Another answer is always there already."""

        def get(self, timeout: float) -> InquiryAnswer:
            if timeout <= 0:
                raise queue.Empty
            return InquiryAnswer("NOTE", "TOTP", "X", (), "never mind")

    for answers in (replies, Endless()):
        asking = Inquiry(Deaf(), answers, 0.05)  # type: ignore[arg-type]
        with pytest.raises(UnreachableError, match="has not answered TOKEN"):
            asking.ask("CREATED", "TOKEN", "CREATE", "laptop")


# --- a whole client -------------------------------------------------------------------------------


def dial(server: ScriptedServer, authority: Authority) -> Dialer:
    return Dialer(server.address, Trust(authority.pem, Origin.FILE))


FLOODS = {
    "a line without an end": b"x" * 65536,
    "empty lines": b"\r\n" * 3000,
    "nonsense": b"\x00\xff\r\n:\r\n@\r\n" * 600,
    "messages": b":bob!b@h PRIVMSG #lobby :hello again\r\n" * 150,
    "channels": b"".join(b":alice!alice@irc.test JOIN #r%d\r\n" % n for n in range(150)),
    "names": b":irc.test 353 alice = #lobby :" + b"bob " * 900 + b"\r\n",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_doesn_t_keep_anybody_from_leaving(
    flood: str, certificate: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While megabytes come, what is typed is sent, and the end of the input ends the session."""
    monkeypatch.setattr(prompt, "LAST_WORDS", 2.0)

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        said = pour(peer, FLOODS[flood], echo=flood != "a line without an end")
        assert said[0] == "PRIVMSG #lobby :let me out"

    with ScriptedServer(certificate, dialogue) as server:
        session = ClientSession(Login("alice", PASSWORD))
        client = Client(session, dial(server, authority), reconnect=Reconnect.NEVER)
        client.start()
        assert client.wait_ready() is None
        printer = Printer(Renderer(lambda: NOON), io.StringIO())
        composer = Composer(session.channels, commands.run)
        monkeypatch.setattr("securechat.client.screens.pipe.PATIENCE", 1.0)
        converse(client, composer, piped("let me out\n"), printer)
    assert session.finished


def pour(peer: Peer, data: bytes, *, echo: bool = True, reads: bool = True) -> list[str]:
    """Send without a pause until the client says goodbye or is gone; what it has said.

    In one thread, as a connection has one owner. Little lies between the two ends, so that the
    test needn't wait until all of it has been read.
    """
    tls = peer._tls
    tls.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    tls.setblocking(False)
    unsent, heard, until = data, b"", time.monotonic() + PATIENCE
    while b"QUIT" not in heard and time.monotonic() < until:
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            unsent = unsent[tls.send(unsent) :] or data
        try:
            more = tls.recv(65536) if reads else b"-"
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            continue
        except OSError:
            break
        heard += more
        if echo and b"PRIVMSG" in more:
            text = more.rpartition(b"PRIVMSG ")[2].partition(b"\r\n")[0]
            unsent += b":alice!alice@irc.test PRIVMSG " + text + b"\r\n"
        if not more:
            break
    tls.setblocking(True)
    return heard.decode().split("\r\n")


def piped(text: str) -> InputLines:
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return InputLines(reading)


def test_a_server_that_asks_and_never_reads_is_left(
    certificate: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers to its PINGs pile up to a limit."""
    monkeypatch.setattr(stream, "MAX_UNSENT", 1 << 17)

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        with contextlib.suppress(OSError):
            pour(peer, b"PING :" + b"x" * 3000 + b"\r\n", reads=False)

    with ScriptedServer(certificate, dialogue) as server:
        client = Client(
            ClientSession(Login("alice", PASSWORD)),
            dial(server, authority),
            reconnect=Reconnect.NEVER,
        )
        client.start()
        stopped = client.join(PATIENCE)
    assert stopped is not None
    assert stopped.text in ("the server doesn't read what we send", "connection reset by peer")
    assert stopped.code is Exit.UNREACHABLE


def test_a_flood_on_the_terminal_leaves_the_keyboard_alone(
    certificate: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than can be shown waits; keys are read meanwhile, and Ctrl-D ends it."""
    monkeypatch.setattr(prompt, "MAX_UNSHOWN", 100)

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        assert "PRIVMSG #lobby hello" in pour(peer, FLOODS["messages"])

    screen = Screen()
    with ScriptedServer(certificate, dialogue) as server, create_pipe_input() as keyboard:
        session = ClientSession(Login("alice", PASSWORD))
        client = Client(session, dial(server, authority), reconnect=Reconnect.NEVER)
        client.start()
        assert client.wait_ready() is None
        composer = Composer(session.channels, commands.run)
        renderer = Renderer(lambda: NOON)
        chat = Chat(client, composer, renderer, keyboard=keyboard, screen=screen.output())

        def types() -> None:
            screen.shows("hello again")
            keyboard.send_text("hello\r\x04")

        typing = threading.Thread(target=types)
        typing.start()
        chat.run()
        typing.join()
        assert chat._backlog._waiting <= prompt.MAX_UNSHOWN + receiver.INBOX + 10
        assert chat._arrived.qsize() == 0


@pytest.mark.parametrize("limit", [10, 100])
def test_who_brings_too_much_waits_until_it_is_shown(limit: int) -> None:
    """No more than the limit waits, and nothing is lost or waits for ever."""
    backlog = prompt.UnprintedEvents(limit)
    entered: list[int] = []

    def bring() -> None:
        for number in range(limit * 3):
            backlog.enter(1)
            entered.append(number)

    bringing = threading.Thread(target=bring)
    bringing.start()
    for _ in range(limit * 3):
        assert len(entered) <= limit * 3
        assert backlog._waiting <= limit
        backlog.leave(1)
    backlog.lift()
    bringing.join(PATIENCE)
    assert entered == list(range(limit * 3))


def test_online_is_where_the_tests_think_it_is() -> None:
    """A stage that isn't reached would pass all the tests above."""
    assert online().session.stage.name == "ONLINE"
    assert replaying().session.stage.name == "REPLAY"
    assert inquiry.PATIENCE > 0
