"""Without a terminal: the lines of standard input, the exit code, and converse() and send() over a
real connection.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from securechat.client.exits import Exit, UsageError
from securechat.client.screens import commands, pipe
from securechat.client.screens.composer import Composer
from securechat.client.screens.pipe import CHUNK, MAX_LINE, InputLines, Outcome
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Stopped
from securechat.client.session.events.deliveries import Doubt, Rejected, Stored, Unconfirmed
from securechat.client.session.events.messages import Said
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Login
from securechat.client.session.session import ClientSession
from securechat.client.text.render import Renderer
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.client.wire.receiver import Client
from securechat.client.wire.rounds import Reconnect
from tests.client.scripted import PASSWORD, Peer, ScriptedServer
from tests.support.certificates import Authority

Files = tuple[Path, Path]
NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)


class Stage:
    """A logged in client, and what it prints."""

    def __init__(self, server: ScriptedServer, authority: Authority, *, missed: Missed) -> None:
        self.session = ClientSession(Login("alice", PASSWORD), missed=missed)
        dialer = Dialer(server.address, Trust(authority.pem, Origin.FILE))
        self.client = Client(self.session, dialer, reconnect=Reconnect.NEVER)
        self.client.start()
        assert self.client.wait_ready() is None
        self.screen = io.StringIO()
        renderer = Renderer(lambda: NOON)
        self.printer = pipe.Printer(renderer, self.screen)

    @property
    def lines(self) -> list[str]:
        return self.screen.getvalue().splitlines()

    def converses(self, typed: str) -> Exit:
        composer = Composer(self.session.channels, commands.run)
        return pipe.converse(self.client, composer, piped(typed.encode()), self.printer)

    def sends(self, texts: list[str] | InputLines, target: str = "#lobby") -> Exit:
        return pipe.send(self.client, target, texts, self.printer)


def piped(*chunks: bytes) -> InputLines:
    """Standard input that is a pipe with these bytes in it, and an end."""
    reading, writing = os.pipe()
    for chunk in chunks:
        os.write(writing, chunk)
    os.close(writing)
    return InputLines(reading)


def test_lines_come_without_their_ends() -> None:
    """The last one may lack it."""
    assert list(piped(b"one\n\nt", b"wo\nthree")) == ["one", "", "two", "three"]
    assert list(piped()) == []


def test_letters_may_be_torn_between_reads() -> None:
    """They are put together again; what isn't UTF-8 becomes a replacement character."""
    text = "я" * CHUNK
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as pipe:
            pipe.write(text.encode())

    writer = threading.Thread(target=write)
    writer.start()
    assert list(InputLines(reading)) == [text]
    writer.join()
    assert list(piped(b"a\xffb\n\xd0")) == ["a\ufffdb", "\ufffd"]


def test_a_file_can_be_read(tmp_path: Path) -> None:
    """As standard input may be one; an endless line comes in parts."""
    file = tmp_path / "lines"
    file.write_text("x" * (MAX_LINE * 2) + "\nend")
    with file.open() as opened:
        lines = list(InputLines(opened.fileno()))
    assert lines[-1] == "end"
    assert max(map(len, lines)) <= MAX_LINE + CHUNK
    assert sum(map(len, lines)) == MAX_LINE * 2 + 3


def test_waiting_can_be_ended() -> None:
    """By another thread, while nothing comes."""
    reading, writing = os.pipe()
    lines = InputLines(reading)
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.extend(lines))
    thread.start()
    lines.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert seen == []
    os.close(writing)


def test_no_line_comes_after_the_stop() -> None:
    """Also when more have been read already."""
    lines = piped(b"one\ntwo\n")
    seen = []
    for line in lines:
        seen.append(line)
        lines.stop()
    assert seen == ["one"]


GOOD = Stopped(Exit.OK)


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([Stored("#x", "hi"), GOOD], Exit.OK),
        ([Rejected("#x", "hi", "no"), GOOD], Exit.REFUSED),
        ([Unconfirmed("#x", "hi", Doubt.UNSENT), GOOD], Exit.UNREACHABLE),
        ([Unconfirmed("#x", "hi", Doubt.UNKNOWN), GOOD], Exit.UNREACHABLE),
        ([Unconfirmed("#x", "hi", Doubt.SILENT), Stored("#x", "hi"), GOOD], Exit.OK),
        ([Unconfirmed("#x", "hi", Doubt.CUT), Stored("#x", "hi"), GOOD], Exit.OK),
        ([Rejected("#x", "hi", "no"), Stopped(Exit.LOGIN)], Exit.LOGIN),
        ([Stopped(Exit.CERTIFICATE)], Exit.CERTIFICATE),
    ],
)
def test_the_exit_code(events: list[ClientEvent], code: Exit) -> None:
    """How the client ended comes first, then refusals, then what was never confirmed."""
    outcome = Outcome()
    outcome.notice(events)
    assert outcome.code is code


Opens = Callable[..., Stage]


@pytest.fixture
def opens(authority: Authority) -> Opens:
    def make(server: ScriptedServer, *, missed: Missed = Missed.REPLAYED) -> Stage:
        return Stage(server, authority, missed=missed)

    return make


def test_lines_are_sent_and_messages_printed(certificate: Files, opens: Opens) -> None:
    """Commands work, and the end of the input ends the session once all is stored."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")
        peer.says(f":{peer.source('bob')} PRIVMSG #lobby :hi \x1b[2Jalice")
        peer.expects("JOIN #den", "PRIVMSG #den :a secret")
        peer.joins("#den", "bob")
        peer.echoes("a secret", "#den")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        stage = opens(server)
        assert stage.converses("hello\n/join #den\na secret\n") is Exit.OK
    assert stage.lines == [
        "12:00 -- you are in #lobby",
        "12:00 -- in #lobby (1): alice",
        "12:00 -- you are logged in as alice",
        "12:00 <alice> hello",
        "12:00 <bob> hi ^[[2Jalice",
        "12:00 -- you are in #den",
        "12:00 -- in #den (2): alice bob",
        "12:00 #den <alice> a secret",
    ]


def test_quit_ends_the_reading(certificate: Files, opens: Opens) -> None:
    """What follows it is not sent."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("QUIT :good night")

    with ScriptedServer(certificate, dialogue) as server:
        assert opens(server).converses("/quit good night\nand more\n") is Exit.OK


def test_a_mistyped_command_is_told_among_the_messages(certificate: Files, opens: Opens) -> None:
    """And sent to nobody."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        stage = opens(server)
        stage.converses("/jion #den\n")
    assert any("did you mean /join?" in line for line in stage.lines)


def test_a_lost_connection_ends_the_waiting_for_lines(certificate: Files, opens: Opens) -> None:
    """Here without reconnecting; the input has no end."""

    opened = threading.Event()

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        assert opened.wait(20)

    reading, writing = os.pipe()
    with ScriptedServer(certificate, dialogue) as server:
        stage = opens(server)
        opened.set()
        composer = Composer(stage.session.channels, commands.run)
        code = pipe.converse(stage.client, composer, InputLines(reading), stage.printer)
    os.close(writing)
    assert code is Exit.UNREACHABLE


def test_a_screen_that_nobody_reads_ends_the_session(certificate: Files, opens: Opens) -> None:
    """As with `| head -1`."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    reading, writing = os.pipe()
    with ScriptedServer(certificate, dialogue) as server:
        stage = opens(server)
        stage.screen.close()
        composer = Composer(stage.session.channels, commands.run)
        code = pipe.converse(stage.client, composer, InputLines(reading), stage.printer)
    os.close(writing)
    assert code is Exit.OK


def test_sending_is_done_when_all_is_stored(certificate: Files, opens: Opens) -> None:
    """Nothing is printed; slashes are text."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby /quit", "PRIVMSG #lobby :two words")
        peer.echoes("/quit")
        peer.echoes("two words")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        stage = opens(server, missed=Missed.LEFT)
        assert stage.sends(piped(b"/quit\n\ntwo words\n")) is Exit.OK
    assert stage.lines == []


def test_sending_what_is_refused(certificate: Files, opens: Opens) -> None:
    """Is told, and the exit code says so."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #den one", "PRIVMSG #den two")
        peer.says("404 alice #den :Cannot send")
        peer.echoes("two", "#den")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        stage = opens(server, missed=Missed.LEFT)
        assert stage.sends(["one\ntwo"], "#den") is Exit.REFUSED
    assert stage.lines == ["12:00 !! not sent to #den: Cannot send: one"]


def test_sending_what_is_never_confirmed(certificate: Files, opens: Opens) -> None:
    """The connection breaks: nobody knows, and the exit code says so."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby one")

    with ScriptedServer(certificate, dialogue) as server:
        stage = opens(server, missed=Missed.LEFT)
        assert stage.sends(["one"]) is Exit.UNREACHABLE
    assert stage.lines[-1] == (
        "12:00 !! to #lobby, was never confirmed: it may be stored or not: one"
    )


def test_sending_nothing(certificate: Files, opens: Opens) -> None:
    """Is a mistake of the caller."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        stage = opens(server, missed=Missed.LEFT)
        with pytest.raises(UsageError, match="nothing to send"):
            stage.sends(piped(b"\n \n"))


def test_a_terminal_that_knows_no_sequences() -> None:
    """Gets rows that fit, so that none begins like a line of ours but the first."""
    screen = io.StringIO()
    printer = pipe.Printer(Renderer(lambda: NOON), screen, lambda: 40)
    printer([Said("#lobby", "bob", "x" * 30 + " 12:00 <alice> I agree")])
    first, *further = screen.getvalue().splitlines()
    assert first.startswith("12:00 <bob>")
    assert further[-1] == "      12:00 <alice> I agree"
    assert all(row.startswith("      ") and len(row) < 40 for row in further)
