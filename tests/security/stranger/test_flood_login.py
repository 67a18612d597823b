"""A stranger floods the server with what may be said before a login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from securechat.irc.sasl import encode_chunks, encode_plain
from securechat.net.framing import LineFraming
from securechat.net.transport import RECORD
from tests.security.talk import Record, forgets, newcomer, tables, talking
from tests.support.flood import Orders, flooding
from tests.support.server import ServerUnderTest, running

LIMITS = {"lines_per_second": 200.0, "burst_lines": 200.0}
SPEAKERS = 20

[WRONG] = encode_chunks(encode_plain("alice", "not the password"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "data", "alice", "bob", "carol", limits=LIMITS) as server:
        yield server


LINES = {
    "CAP": ["CAP LS 302", "CAP REQ :sasl server-time", "CAP LIST", "CAP REQ :" + "x" * 400],
    "NICK and PING": ["NICK alice", "NICK " + "x" * 400, "USER x 0 * :x", "PING " + "x" * 400],
    "AUTHENTICATE": ["CAP REQ :sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE *"],
    "AUTHENTICATE on and on": ["CAP REQ :sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE " + "A" * 400],
    "REGISTER": ["NICK x", "REGISTER * wrongcode :some password", "REGISTER * * :short"],
    "what needs a login": ["JOIN #lobby", "LIST", "WHO *", "NAMES #lobby", "PRIVMSG alice :hi"],
    "nothing and nonsense": ["", "\t", ":", "\x01" * 500, "@a=" + "b" * 400 + " X", "é" * 200],
}


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES)
def test_a_loop_of(server: ServerUnderTest, record_property: Record, lines: list[str]) -> None:
    """Read as slowly as a stranger is, whatever it says and however many say it."""
    orders = Orders(
        "speak", server.port, connections=SPEAKERS, addresses=SPEAKERS, lines=lines * 50
    )
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(orders) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
        forgets(server, inside)
    assert flood.did["connections"] >= SPEAKERS


def test_coming_again_and_again_to_say_as_much_as_one_may(
    server: ServerUnderTest, record_property: Record
) -> None:
    """To hang up and come again is no way around the rate that others would feel."""
    lines = ["CAP LS 302", "JOIN #lobby"] * 20
    orders = Orders("speak", server.port, 20, 100, SPEAKERS, lines=lines, hangs_up=True)
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(orders) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
        forgets(server, inside)
    assert flood.did["connections"] >= 100


def test_a_byte_at_a_time(server: ServerUnderTest, record_property: Record) -> None:
    """Each in a TLS record of its own: it is the server's time that is paid for, not the lines."""
    orders = Orders(
        "speak", server.port, SPEAKERS, addresses=SPEAKERS, lines=["CAP LS 302"] * 50, bytewise=True
    )
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(orders) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
        forgets(server, inside)
    assert flood.did["connections"] >= SPEAKERS


def test_what_may_not_be_said_yet_takes_little_memory(
    server: ServerUnderTest, record_property: Record
) -> None:
    """Of each stranger a record or two lie unread with us, and the rest with itself."""
    orders = Orders("speak", server.port, SPEAKERS, addresses=SPEAKERS, lines=["x" * 400] * 1000)
    [io] = server.service._io
    with talking(server, record_property) as talk, flooding(orders):
        talk.goes_on()
        framings = [c.framing for c in list(io.driver.connections) if c.framing is not None]
        kept = [len(cast(LineFraming, framing)._rest) for framing in framings]
    assert max(kept) > RECORD // 2
    assert max(kept) <= 3 * RECORD


def test_reading_none_of_the_answers(server: ServerUnderTest, record_property: Record) -> None:
    """A client that asks and doesn't read is held by its own rate."""
    orders = Orders(
        "speak",
        server.port,
        SPEAKERS,
        addresses=SPEAKERS,
        lines=["CAP LS 302", "PING " + "x" * 400] * 50,
        deaf=True,
    )
    [io] = server.service._io
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(orders):
            talk.goes_on()
            assert all(
                c.out_bytes <= 1 << 16 for c in list(io.driver.connections) if not c.authenticated
            )
        forgets(server, inside)


def test_a_flood_of_wrong_passwords(tmp_path: Path, record_property: Record) -> None:
    """From many addresses, each check as dear as by default: who talks doesn't feel it, and the
    owner of the account comes in from elsewhere before the flood's own are answered.
    """
    lines = ["CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {WRONG}"]
    accounts = {"bcrypt_cost": 10}
    with running(tmp_path / "data", limits=LIMITS, accounts=accounts) as server:
        server.add("alice", "bob", cost=10)
        newcomer(server, "alice").hangs_up()
        orders = Orders("speak", server.port, connections=60, addresses=60, lines=lines)
        with talking(server, record_property) as talk, flooding(orders) as flood:
            talk.goes_on(20)
            newcomer(server, "alice").hangs_up()
            assert len(server.service._workers._waiting) > 0
            talk.goes_on(20)
        assert flood.did["connections"] >= 60
