"""Fifty members say what costs the server most, each as fast as the defaults let them. The hub
measures their lines, and two others talk on meanwhile.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.irc.names import channel_name
from securechat.server.config import LimitsSection
from tests.security.talk import Record, newcomer, talking
from tests.support.flood import Orders, flooding
from tests.support.long_form import LONG
from tests.support.server import PASSWORD, ServerUnderTest, config

MEMBERS = [f"member{number}" for number in range(50)]
CHANNELS = 3367
DEFAULTS = LimitsSection()
LIMITS = {
    "lines_per_second": DEFAULTS.lines_per_second,
    "burst_lines": DEFAULTS.burst_lines,
    "connections_per_address": 1000,
}
PAUSE, MESSAGES = (0.055, 400) if LONG else (0.015, 25)
"""Seconds between two messages, and how many: those who talk keep to the rate as well, or to its
burst.
"""


def add_channels(path: Path) -> None:
    """Many channels with long names and topics, of somebody who isn't here."""
    names = [channel_name(f"#{'room' * 7}{number:05}") for number in range(CHANNELS)]
    rows = [
        (1000 + number, name.display, name.folded, name.skeleton, "x" * 300)
        for number, name in enumerate(names)
    ]
    connection = sqlite3.connect(path)
    [owner] = connection.execute("SELECT id FROM accounts WHERE name = 'carol'").fetchone()
    sql = "INSERT INTO targets (id, name, folded, skeleton, topic) VALUES (?, ?, ?, ?, ?)"
    with connection:
        connection.executemany(sql, rows)
        members = [(row[0], owner) for row in rows]
        connection.executemany("INSERT INTO memberships VALUES (?, ?, 'q', 0)", members)
    connection.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    server = ServerUnderTest(tmp_path / "data", config(limits=LIMITS))
    server.data.create()
    server.add("alice", "bob", "carol", "dave", *MEMBERS)
    add_channels(server.data.database)
    server.open()
    yield server
    server.close()


def many(letters: str, size: int) -> list[str]:
    """More names than any cache has room for."""
    return ["".join(letters_) for letters_ in itertools.product(letters, repeat=size)]


def filled(command: str, names: list[str], between: str, lines: int = 100) -> list[str]:
    """Lines as long as they may be, each with other names."""
    found, at = [], 0
    for _ in range(lines):
        line = command
        while len((line + names[at % len(names)]).encode()) < 505:
            line += names[at % len(names)] + between
            at += 1
        found.append(line[: -len(between)])
    return found


CYRILLIC = many("абвгдежзиклмнопрстуф", 3)
WILD = ["*".join(str(number)) + "*a*b*c*d*e" for number in range(10_000, 10_100)]

LINES = {
    "ISON": filled("ISON ", CYRILLIC, " "),
    "masks of servers": [f"{command} {mask}" for mask in WILD for command in ("MOTD", "TIME")],
    "JOIN of what is no name": filled("JOIN ", [f"#{name}\u0301!" for name in CYRILLIC], ","),
    "LIST": ["LIST"],
    "WHO": [f"WHO {mask}" for mask in WILD],
    "NAMES and WHO": ["NAMES #lobby", "WHO #lobby"],
    "MODE": ["MODE #lobby +b " + "a*" * 8, "MODE #lobby b"],
    "messages to many": ["PRIVMSG #lobby,alice,bob,carol :" + "ж" * 200],
}


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES)
def test_fifty_members_say(
    server: ServerUnderTest, record_property: Record, lines: list[str]
) -> None:
    """Members go on talking, and logins succeed."""
    flood = Orders(
        "speak",
        server.port,
        connections=len(MEMBERS),
        addresses=len(MEMBERS),
        names=MEMBERS,
        password=PASSWORD,
        lines=lines,
    )
    with talking(server, record_property, pause=PAUSE) as talk, flooding(flood) as flooder:
        talk.goes_on(MESSAGES)
        newcomer(server, "dave").hangs_up()
    assert flooder.did["connections"] >= len(MEMBERS)
    assert flooder.did["bytes heard"] > 0
