"""Without a terminal: converse() and send(), over a real connection."""

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
from securechat.client.screens.lines import InputLines
from securechat.client.session.identity import Login
from securechat.client.session.session import ClientSession
from securechat.client.text.render import Renderer
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.client.wire.receiver import Client
from tests.client.scripted import PASSWORD, Peer, ScriptedServer
from tests.support.certificates import Authority

Files = tuple[Path, Path]
NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)


class Stage:
    """A logged in client, and what it prints."""

    def __init__(self, server: ScriptedServer, authority: Authority, *, quiet: bool) -> None:
        self.session = ClientSession(Login("alice", PASSWORD), quiet=quiet)
        dialer = Dialer(server.address, Trust(authority.pem, Origin.FILE))
        self.client = Client(self.session, dialer, reconnect=False)
        self.client.start()
        assert self.client.wait_ready() is None
        self.screen = io.StringIO()
        renderer = Renderer(self.session.channels.__len__, lambda: NOON)
        self.printer = pipe.Printer(renderer, self.screen)

    @property
    def lines(self) -> list[str]:
        return self.screen.getvalue().splitlines()

    def converses(self, typed: str) -> Exit:
        composer = Composer(self.session.channels, commands.run)
        return pipe.converse(self.client, composer, piped(typed), self.printer)

    def sends(self, texts: list[str] | InputLines, target: str = "#lobby") -> Exit:
        return pipe.send(self.client, target, texts, self.printer)


def piped(text: str) -> InputLines:
    """Standard input with this text."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return InputLines(reading)


Opens = Callable[..., Stage]


@pytest.fixture
def opens(authority: Authority) -> Opens:
    def make(server: ScriptedServer, *, quiet: bool = False) -> Stage:
        return Stage(server, authority, quiet=quiet)

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
        stage = opens(server, quiet=True)
        assert stage.sends(piped("/quit\n\ntwo words\n")) is Exit.OK
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
        stage = opens(server, quiet=True)
        assert stage.sends(["one\ntwo"], "#den") is Exit.REFUSED
    assert stage.lines == ["12:00 !! not sent to #den: Cannot send: one"]


def test_sending_what_is_never_confirmed(certificate: Files, opens: Opens) -> None:
    """The connection breaks: nobody knows, and the exit code says so."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby one")

    with ScriptedServer(certificate, dialogue) as server:
        stage = opens(server, quiet=True)
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
        stage = opens(server, quiet=True)
        with pytest.raises(UsageError, match="nothing to send"):
            stage.sends(piped("\n \n"))
