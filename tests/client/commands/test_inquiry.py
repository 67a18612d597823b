"""A question to the server, and its answers: Inquiry."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from securechat.client.commands.inquiry import inquiring
from securechat.client.commands.login_flow import LoggedIn, start
from securechat.client.exits import RefusedError, UnreachableError
from securechat.client.session.actions import Quit
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Login
from securechat.client.trust.authorities import Dialer, Origin, Trust
from tests.client.scripted import PASSWORD, Dialogue, Peer, ScriptedServer
from tests.support.certificates import Authority

Files = tuple[Path, Path]


class ShortSession:
    """Of alice, in which she asks something."""

    def __init__(self, files: Files, authority: Authority) -> None:
        self._files = files
        self._trust = Trust(authority.pem, Origin.PIN)

    def serves(self, dialogue: Dialogue) -> ScriptedServer:
        def whole(peer: Peer) -> None:
            peer.logs_in("alice")
            dialogue(peer)

        return ScriptedServer(self._files, whole)

    def opens(self, server: ScriptedServer) -> LoggedIn:
        dialer = Dialer(server.address, self._trust)
        return start(Login("alice", PASSWORD), dialer, missed=Missed.LEFT)


@pytest.fixture
def alice(certificate: Files, authority: Authority) -> ShortSession:
    return ShortSession(certificate, authority)


def closes(running: LoggedIn) -> None:
    running.client.submit(Quit())
    running.client.join(20)


def test_answers_come_one_after_the_other(alice: ShortSession) -> None:
    """What else the server says meanwhile is passed over."""

    def dialogue(peer: Peer) -> None:
        peer.expects("TOKEN LIST")
        peer.says(
            f":{peer.source('bob')} PRIVMSG #lobby :hello",
            "NOTE TOTP ENABLED :Of another command",
            "NOTE TOKEN ADVICE :Of another kind",
            "WARN TOKEN ENTRY x y z :Not an answer",
            "NOTE TOKEN ENTRY laptop 2026-01-01T00:00:00Z * :Made",
            "NOTE TOKEN END 1 :One token",
        )
        peer.quits()

    with alice.serves(dialogue) as server:
        running = alice.opens(server)
        with inquiring(running.client) as inquiry:
            entry = inquiry.ask("ENTRY END", "TOKEN", "LIST")
            assert entry.context == ("laptop", "2026-01-01T00:00:00Z", "*")
            assert inquiry.more("ENTRY END").context == ("1",)
        closes(running)


def test_a_refusal_is_an_error(alice: ShortSession) -> None:
    """With the server's words and its code."""

    def dialogue(peer: Peer) -> None:
        peer.expects("TOKEN REVOKE laptop")
        peer.says("FAIL TOKEN NO_SUCH_TOKEN laptop :You have no such token")
        peer.quits()

    with alice.serves(dialogue) as server:
        running = alice.opens(server)
        with (
            inquiring(running.client) as inquiry,
            pytest.raises(RefusedError, match=r"^You have no such token$") as refused,
        ):
            inquiry.ask("REVOKED", "TOKEN", "REVOKE", "laptop")
        closes(running)
    assert refused.value.reason == "NO_SUCH_TOKEN"


def test_a_server_that_does_not_answer(alice: ShortSession) -> None:
    """Is waited for with patience, and no longer; the secret asked with isn't told."""
    heard = threading.Event()

    def dialogue(peer: Peer) -> None:
        peer.expects("PASSWD :my new secret")
        heard.set()
        peer.quits()

    with alice.serves(dialogue) as server:
        running = alice.opens(server)
        with (
            inquiring(running.client, patience=0.0) as inquiry,
            pytest.raises(UnreachableError, match="has not answered PASSWD") as unanswered,
        ):
            inquiry.ask("CHANGED", "PASSWD", "my new secret")
        assert heard.wait(20)
        closes(running)
    assert "secret" not in str(unanswered.value)


def test_a_connection_that_ends_ends_the_waiting(alice: ShortSession) -> None:
    """At once, and also for who asks afterwards."""

    def dialogue(peer: Peer) -> None:
        peer.expects("TOKEN LIST")

    with alice.serves(dialogue) as server:
        running = alice.opens(server)
        with (
            inquiring(running.client) as inquiry,
            pytest.raises(UnreachableError, match="the server closed the connection"),
        ):
            inquiry.ask("END", "TOKEN", "LIST")
        with (
            inquiring(running.client) as inquiry,
            pytest.raises(UnreachableError, match="the server closed the connection"),
        ):
            inquiry.ask("END", "TOKEN", "LIST")
