"""The terminal: Chat, with a keyboard and a screen of the test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prompt_toolkit.input import PipeInput, create_pipe_input

from securechat.client.exits import Exit
from securechat.client.screens import commands
from securechat.client.screens.composer import Composer
from securechat.client.screens.prompt import Chat
from securechat.client.session.actions import Say
from securechat.client.session.deliveries import MAX_WAITING
from securechat.client.session.identity import Login
from securechat.client.session.liveness import Backoff
from securechat.client.session.multiline import CAPABILITY as MULTILINE
from securechat.client.session.session import ClientSession
from securechat.client.text.render import Renderer
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.client.wire.receiver import Client
from tests.client.screen import Screen
from tests.client.scripted import OFFER, PASSWORD, Dialogue, Peer, ScriptedServer
from tests.support.certificates import Authority

Files = tuple[Path, Path]
NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
ENTER, TAB, CTRL_C, CTRL_D = "\r", "\t", "\x03", "\x04"
BACKSPACE = "\x7f"


class Desktop:
    """A person at a terminal."""

    def __init__(self, files: Files, authority: Authority, keyboard: PipeInput) -> None:
        self.screen = Screen()
        self.keyboard = keyboard
        self._files = files
        self._authority = authority

    def types(self, text: str) -> None:
        self.keyboard.send_text(text)

    def shows(self, text: str) -> None:
        self.screen.shows(text)

    def chats(self, *dialogues: Dialogue, colour: bool = False) -> Exit:
        """A whole session with a server that plays these dialogues."""
        with ScriptedServer(self._files, *dialogues) as server:
            session = ClientSession(Login("alice", PASSWORD))
            dialer = Dialer(server.address, Trust(self._authority.pem, Origin.FILE))
            backoff = Backoff(lambda: 0.0)
            backoff.next = lambda: 0.001  # type: ignore[method-assign]
            self.client = Client(session, dialer, backoff=backoff)
            self.client.start()
            assert self.client.wait_ready() is None
            renderer = Renderer(lambda: NOON)
            composer = Composer(session.channels, commands.run, session.too_much)
            return Chat(
                self.client,
                composer,
                renderer,
                colour=colour,
                keyboard=self.keyboard,
                screen=self.screen.output(),
            ).run()


@pytest.fixture
def desktop(certificate: Files, authority: Authority) -> Iterator[Desktop]:
    with create_pipe_input() as keyboard:
        yield Desktop(certificate, authority, keyboard)


def test_what_is_typed_survives_what_arrives(desktop: Desktop) -> None:
    """A message comes between two halves of a line, which is then sent whole."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        desktop.types("hel")
        desktop.shows("hel")
        peer.says(f":{peer.source('bob')} PRIVMSG #lobby :interrupting")
        desktop.shows("12:00 <bob> interrupting")
        desktop.types("lo" + ENTER)
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")
        desktop.shows("12:00 <alice> hello")
        desktop.types("exit" + ENTER)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK
    after = desktop.screen.text.partition("<bob> interrupting")[2]
    assert after.lstrip().startswith("#lobby> hel")


def test_a_line_is_shown_when_its_echo_arrives(desktop: Desktop) -> None:
    """And only once: the prompt is taken away when Enter is pressed."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        desktop.types("hello" + ENTER)
        peer.expects("PRIVMSG #lobby hello")
        assert "<alice> hello" not in desktop.screen.text
        peer.echoes("hello")
        desktop.shows("<alice> hello")
        desktop.types("/quit" + ENTER)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK


def test_it_rings_for_what_is_said_to_us(desktop: Desktop) -> None:
    """And not for what others say to each other; how far it is read the server is told at the end,
    if it wants to know.
    """

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.says(f":{peer.source('bob')} PRIVMSG #lobby :hello all")
        desktop.shows("hello all")
        assert "\a" not in desktop.screen.text
        peer.says(f":{peer.source('bob')} PRIVMSG #lobby :alice, hello")
        desktop.shows("alice, hello")
        desktop.types("/quit" + ENTER)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK
    assert desktop.screen.text.count("\a") == 1


def test_it_tells_how_far_it_is_read(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    """When something was printed, some time later for what came soon after it, and at the end."""
    monkeypatch.setattr("securechat.client.screens.printed.MARK_EVERY", 0.2)
    monkeypatch.setattr("securechat.client.screens.prompt.MARK_EVERY", 0.2)
    bob = "bob!b@h PRIVMSG #lobby"

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.says(f"@time=2026-01-31T12:00:01.000Z :{bob} :one")
        peer.expects("MARKREAD #lobby timestamp=2026-01-31T12:00:01.000Z")
        peer.says(f"@time=2026-01-31T12:00:02.000Z :{bob} :two")
        peer.expects("MARKREAD #lobby timestamp=2026-01-31T12:00:02.000Z")
        peer.says(f"@time=2026-01-31T12:00:03.000Z :{bob} :three")
        desktop.shows("three")
        desktop.types("/quit" + ENTER)
        peer.expects("MARKREAD #lobby timestamp=2026-01-31T12:00:03.000Z")
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK


def test_tab_completes(desktop: Desktop) -> None:
    """Commands and names."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.joins("#lobby", "barbara")
        desktop.shows("barbara")
        desktop.types("barb" + TAB + "hi" + ENTER)
        peer.expects("PRIVMSG #lobby :barbara: hi")
        peer.echoes("barbara: hi")
        desktop.types("/qu" + TAB + ENTER)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK


def test_the_prompt_tells_where_we_write(desktop: Desktop) -> None:
    """And follows us."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        desktop.shows("#lobby>")
        desktop.types("/join #den" + ENTER)
        peer.expects("JOIN #den")
        desktop.shows("#den>")
        peer.joins("#den")
        desktop.types("/msg bob" + ENTER)
        desktop.shows("bob>")
        desktop.types(CTRL_D)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK


def test_ctrl_c_drops_the_line_and_then_ends_the_session(desktop: Desktop) -> None:
    """Nothing of the line is sent."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        desktop.types("something rash" + CTRL_C)
        desktop.types("better" + ENTER)
        peer.expects("PRIVMSG #lobby better")
        peer.echoes("better")
        desktop.types(CTRL_C)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK


def test_a_paste_is_sent_line_by_line(desktop: Desktop) -> None:
    """Where the server knows no messages of several lines; it is text, whatever it begins with."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        desktop.types("\x1b[200~one\r/quit\x1b[201~" + ENTER)
        peer.expects("PRIVMSG #lobby one", "PRIVMSG #lobby /quit")
        peer.echoes("one")
        peer.echoes("/quit")
        desktop.types("/quit" + ENTER)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK


def test_a_paste_is_known_as_one_while_something_is_printed(desktop: Desktop) -> None:
    """The terminal is told once to mark pastes, and at the end not to."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        for number in range(3):
            peer.says(f":{peer.source('bob')} PRIVMSG #lobby :{number}")
            desktop.shows(f"<bob> {number}")
        desktop.types("/quit" + ENTER)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK
    written = desktop.screen.getvalue()
    assert written.count("\x1b[?2004l") == 1
    assert written.index("\x1b[?2004l") > written.rindex("\x1b[?2004h")


def test_a_paste_is_one_message(desktop: Desktop) -> None:
    """Where the server takes it as one; what is too much for that is back in the prompt."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice", OFFER.replace(MULTILINE, f"{MULTILINE}=max-bytes=90,max-lines=3"))
        assert peer.authenticates("alice")
        peer.welcomes()
        desktop.types("\x1b[200~one\r\r/quit\rfour\x1b[201~" + ENTER)
        desktop.shows("too much for one message: 4 lines and")
        desktop.types(5 * BACKSPACE + ENTER)
        peer.expects(f"BATCH +paste {MULTILINE} #lobby", "@batch=paste PRIVMSG #lobby one")
        peer.expects("@batch=paste PRIVMSG #lobby :", "@batch=paste PRIVMSG #lobby /quit")
        peer.expects("BATCH -paste")
        peer.says(
            f":{peer.source()} BATCH +1 {MULTILINE} #lobby",
            f"@batch=1 :{peer.source()} PRIVMSG #lobby one",
            f"@batch=1 :{peer.source()} PRIVMSG #lobby :",
            f"@batch=1 :{peer.source()} PRIVMSG #lobby /quit",
            "BATCH -1",
        )
        desktop.shows("12:00 <alice> one\r\n")
        desktop.shows("      | /quit\r\n")
        desktop.types("/quit" + ENTER)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK


def test_remote_text_reaches_the_terminal_escaped(desktop: Desktop) -> None:
    """Messages, names, channels and topics."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        evil = "\x1b]0;owned\x07\x9b2J\u202e"
        peer.says(f":e{evil}!x@y PRIVMSG #lobby :{evil}message")
        peer.says(f":bob!x@y TOPIC #lobby :{evil}topic")
        peer.joins(f"#{evil}room")
        peer.says(f"NOTICE alice :{evil}end of it")
        desktop.shows("end of it")
        desktop.types(CTRL_D)
        peer.quits()

    assert desktop.chats(dialogue) is Exit.OK
    raw = desktop.screen.getvalue()
    assert "\x1b]0" not in raw
    assert not set("\x07\x9b\u202e") & set(raw)
    assert "^[]0;owned^G\\x9b2J<U+202E>message" in desktop.screen.text


def test_a_lost_connection_shows_and_queues(desktop: Desktop) -> None:
    """What is typed meanwhile is sent afterwards."""

    def first(peer: Peer) -> None:
        peer.logs_in("alice")
        desktop.shows("#lobby>")

    def second(peer: Peer) -> None:
        desktop.shows("the connection is lost")
        desktop.types("are you back?" + ENTER)
        desktop.shows("waiting for the connection: are you back?")
        peer.logs_in("alice")
        desktop.shows("the connection is back")
        peer.expects("PRIVMSG #lobby :are you back?")
        peer.echoes("are you back?")
        desktop.types(CTRL_D)
        peer.quits()

    assert desktop.chats(first, second) is Exit.OK


def test_a_refused_login_after_a_loss_ends_the_session(desktop: Desktop) -> None:
    """Although the person types nothing; what the server says is told by the caller."""

    def first(peer: Peer) -> None:
        peer.logs_in("alice")
        desktop.types("half a li")
        desktop.shows("half a li")

    def second(peer: Peer) -> None:
        peer.greets("alice")
        peer.authenticates("alice")
        peer.says("904 alice :disabled")
        peer.expects("QUIT")

    assert desktop.chats(first, second) is Exit.LOGIN
    stopped = desktop.client.stopped
    assert stopped is not None
    assert stopped.text == "disabled"


def test_a_line_for_which_there_is_no_room_stays_in_the_prompt(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nothing that was typed is lost."""
    answers = [False, True]
    submit: Callable[..., bool] = Client.submit

    def full(client: Client, action: object, **options: bool) -> bool:
        if isinstance(action, Say) and not answers.pop(0):
            return False
        return submit(client, action, **options)

    monkeypatch.setattr(Client, "submit", full)

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        desktop.types("hello" + ENTER)
        desktop.shows("too many lines are waiting")
        desktop.types(ENTER)
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")
        desktop.types(CTRL_D)
        peer.quits()

    assert MAX_WAITING < 1000
    assert desktop.chats(dialogue) is Exit.OK


@pytest.mark.parametrize("colour", [True, False])
def test_colours_are_shown_where_they_are_wanted(desktop: Desktop, colour: bool) -> None:
    """And nowhere else."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.says(f":{peer.source('bob')} PRIVMSG #lobby :hi")
        desktop.shows("<bob> hi")
        desktop.types(CTRL_D)
        peer.quits()

    desktop.chats(dialogue, colour=colour)
    before = desktop.screen.getvalue().partition("bob")[0].rpartition("<")[2]
    assert bool(re.search(r"\x1b\[0;[39]", before)) is colour


def test_long_lines_are_wrapped_with_an_indent(desktop: Desktop) -> None:
    """So that no row but the first begins at the left edge."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.says(f":{peer.source('bob')} PRIVMSG #lobby :{'word ' * 40}end")
        desktop.shows("end")
        desktop.types(CTRL_D)
        peer.quits()

    desktop.chats(dialogue)
    rows = [row for row in desktop.screen.text.split("\n") if "word" in row]
    assert len(rows) == 3
    assert all(row.startswith("      word") for row in rows[1:])
