"""A registered member floods the server with commands, on as many connections as an account may
have: each is read at its rate, and what they ask for is done in turns with what others ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from securechat.net.throttle import MOST_FACTOR
from tests.security.talk import Record, forgets, newcomer, tables, talking
from tests.support.flood import Orders, flooding
from tests.support.server import PASSWORD, ServerUnderTest, running

LIMITS = {
    "lines_per_second": 200.0,
    "burst_lines": 100.0,
    "sessions_per_account": 10,
    "unsent_kib": 256,
}
"""Ten times the rate of the defaults, as those who talk need it."""

FLOODERS = ["mallory", "trudy"]
SESSIONS = 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    names = ["alice", "bob", "carol", *FLOODERS]
    with running(tmp_path / "data", *names, limits=LIMITS) as server:
        yield server


def orders(server: ServerUnderTest, lines: list[str]) -> Orders:
    return Orders(
        "speak",
        server.port,
        connections=SESSIONS,
        addresses=SESSIONS,
        names=FLOODERS,
        password=PASSWORD,
        lines=lines,
    )


HUNDRED = ",".join(f"#room{number}" for number in range(40))
LINES = {
    "PRIVMSG": ["PRIVMSG #lobby :x"] * 100,
    "long messages": ["PRIVMSG #lobby :" + "x" * 400] * 100,
    "long tags": ["@+draft/x=" + "y" * 3900 + " TAGMSG #lobby"] * 20,
    "direct messages": ["PRIVMSG alice,bob,carol :x", "NOTICE nobody :x"] * 50,
    "PING": ["PING " + "x" * 400] * 100,
    "JOIN and PART": ["JOIN #a,#b,#c,#d", "PART #a,#b,#c,#d"] * 50,
    "JOIN of many channels": [
        f"JOIN {HUNDRED}",
        *[f"PART #room{n},#room{n + 1}" for n in range(40)],
    ],
    "JOIN refused": ["JOIN " + ",".join("!" * 40)] * 20,
    "NAMES and WHO": ["NAMES #lobby", "WHO #lobby", "WHO *", "WHO a*b*c*d*e", "WHOIS alice"] * 20,
    "LIST": ["LIST", "LIST " + ",".join(f"#{n}" for n in range(100))] * 50,
    "MODE and TOPIC": ["JOIN #mine", "TOPIC #mine :x", "MODE #mine +b x!*@*", "MODE #mine b"] * 25,
    "TOKEN and TOTP": ["TOKEN CREATE x", "TOKEN LIST", "TOKEN REVOKE x", "TOTP ENROLL"] * 25,
    "nonsense": ["BLAH", "@", ":x", "PRIVMSG", "JOIN", "\x01" * 400] * 20,
}


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES)
def test_a_flood_of(server: ServerUnderTest, record_property: Record, lines: list[str]) -> None:
    """Members go on talking, logins succeed, and when it is over nothing of it is left."""
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(orders(server, lines)) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
        forgets(server, inside)
    assert flood.did["connections"] >= SESSIONS
    assert flood.did["bytes heard"] > 0


def test_a_flood_by_those_who_don_t_read(server: ServerUnderTest, record_property: Record) -> None:
    """A client that takes no answers is disconnected at the bound, however often it comes again."""
    deaf = replace(orders(server, ["PING " + "x" * 400] * 200), deaf=True)
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(deaf) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
            [io] = server.service._io
            unsent = [connection.out_bytes for connection in list(io.driver.connections)]
        forgets(server, inside)
    assert flood.did["connections"] >= SESSIONS
    bound = MOST_FACTOR * LIMITS["unsent_kib"] * 1024
    assert max(unsent) <= bound + 100_000  # and one turn's output


def test_a_byte_at_a_time(server: ServerUnderTest, record_property: Record) -> None:
    """Each in a TLS record of its own: they take the server's time, and pay for it by waiting."""
    bytewise = replace(orders(server, ["PRIVMSG #lobby :hello"] * 50), bytewise=True)
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(bytewise) as flood:
            talk.goes_on()
            newcomer(server, "carol").hangs_up()
        forgets(server, inside)
    assert flood.did["connections"] >= SESSIONS


def test_coming_again_and_again_for_what_was_missed(
    server: ServerUnderTest, record_property: Record
) -> None:
    """Hundreds of messages are read and sent at each login of one who never says it has them."""
    carol = server.member("carol")
    for name in FLOODERS:
        server.member(name).hangs_up()
    for number in range(300):
        carol.sends(f"PRIVMSG #lobby :{number} " + "x" * 200)
    carol.hears()
    again = replace(orders(server, ["PING x"]), connections=8, full=24, hangs_up=True)
    with talking(server, record_property) as talk:
        inside = tables(server)
        with flooding(again) as flood:
            talk.goes_on()
        forgets(server, inside)
    assert flood.did["connections"] >= 24
