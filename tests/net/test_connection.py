"""What a connection starts as, and what it shows of itself."""

from __future__ import annotations

import socket

from securechat.net.connection import Connection, Phase


def test_the_life_of_a_connection_goes_one_way() -> None:
    """The phases can be compared: what is before OPEN has no session, what is after has an end."""
    assert [phase.name for phase in sorted(Phase)] == [
        "RAW",
        "HANDSHAKE",
        "OPEN",
        "DRAINING",
        "LINGERING",
        "CLOSED",
    ]


def test_a_new_connection_is_nobody() -> None:
    """Accepted, without TLS, owner, certificate or output."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, "192.0.2.1", 4711, 0)
        assert connection.phase is Phase.RAW
        assert connection.owner is None
        assert connection.fingerprint is None
        assert connection.tls is None
        assert connection.out == []
        assert connection.framing is None
        assert connection.interest == 0


def test_its_repr_shows_where_it_is_from_and_nothing_it_carries() -> None:
    """A repr may reach a log; output and input are people's messages."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, "192.0.2.1", 4711, 0)
        connection.out.append(b"a secret")
        assert repr(connection) == "<Connection 192.0.2.1 port 4711 RAW>"
