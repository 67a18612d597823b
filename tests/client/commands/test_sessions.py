"""`securechat sessions`, as far as a server's answers can be odd."""

from __future__ import annotations

import re

import pytest

from securechat.client.commands import sessions
from securechat.client.exits import Exit, RefusedError
from tests.client.commands.test_account import Files, Home, home
from tests.client.scripted import PASSWORD, TOKEN, Peer, ScriptedServer

__all__ = ["home"]

ENTRY = "NOTE SESSIONS ENTRY {} 2026-01-31T12:00:00Z 2026-02-01T12:00:00Z {} {} :text"


def test_the_sessions_are_listed(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """All but the one that asks, and escaped."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("SESSIONS LIST")
        peer.says(
            ENTRY.format("a1 token laptop", "192.0.2.1", "here"),
            ENTRY.format("b2 token phone\x1b[2J", "0::1", "elsewhere"),
            ENTRY.format("c3 password *", "192.0.2.2", "elsewhere"),
            "NOTE SESSIONS END 3 :3 sessions",
        )
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        assert sessions.listed(home.setup(), home.knows(server)) is Exit.OK
    first, second = capsys.readouterr().out.splitlines()
    time = r"20\d\d-\d\d-\d\d \d\d:\d\d"
    expected = rf"since {time}  heard {time}  from"
    assert re.fullmatch(rf"b2  {expected} 0::1  by token phone\^\[\[2J", first)
    assert re.fullmatch(rf"c3  {expected} 192.0.2.2  by password", second)


def test_a_list_that_can_t_be_read_is_left(home: Home, certificate: Files) -> None:
    """And one without an end."""

    def garbled(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("SESSIONS LIST")
        peer.says("NOTE SESSIONS ENTRY a1 :text")
        peer.quits()

    with (
        ScriptedServer(certificate, garbled) as server,
        pytest.raises(RefusedError, match="can't be read"),
    ):
        sessions.listed(home.setup(), home.knows(server))


def test_the_password_is_asked_for_where_the_token_is_not_enough(
    home: Home, certificate: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a second session."""

    def refused(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("SESSIONS END a1")
        peer.says("FAIL SESSIONS REAUTHENTICATE a1 :Connect with your password to end it")
        peer.quits()

    def granted(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("SESSIONS END a1")
        peer.says("NOTE SESSIONS ENDED a1 :The session has ended")
        peer.quits()

    with ScriptedServer(certificate, refused, granted) as server:
        setup = home.setup(PASSWORD)
        assert sessions.end(setup, "a1", home.knows(server)) is Exit.OK
    said = capsys.readouterr().err.splitlines()
    assert said == ["Connect with your password to end it", "The session has ended"]
