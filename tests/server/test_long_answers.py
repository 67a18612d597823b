"""Answers longer than what may be unsent: who reads them slowly but steadily gets all of them."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator

import pytest

from securechat.store.database import Transaction
from securechat.store.sqlite.database import open_database
from tests.support.client import Client, sasl_plain
from tests.support.server import PASSWORD, ServerUnderTest, config

PEOPLE = 1000
LARGE = 100
"""Channels that all of them are in."""

CHANNELS = 3367

KEPT = 1 << 16
"""What either system keeps of a connection, so that the rest has to wait with us."""

PACE = 0.008
"""Seconds between two reads of 16 KiB: two megabytes a second."""

TOPIC = "what is talked about here, at some length " * 8


def named(number: int) -> str:
    """A name of letters that look like no others."""
    return "".join("abcdefghjk"[int(digit)] for digit in f"{number:04}")


def people(server: ServerUnderTest) -> list[tuple[object, ...]]:
    names = [f"person{named(number)}" for number in range(PEOPLE)]
    return [(number, name, name, name, "-", 1) for number, name in enumerate(names, 1000)]


def fill(server: ServerUnderTest) -> None:
    """Into the database, as it would take long to do it by talking."""
    accounts = people(server)
    channels = [
        (n, f"#{named(n)}", f"#{named(n)}", f"#{named(n)}", TOPIC) for n in range(1, CHANNELS)
    ]
    connection = open_database(server.data.database)
    everybody = [row for (row,) in connection.execute("SELECT id FROM accounts")]
    everybody += [account[0] for account in accounts]
    owner = everybody[-1]
    with Transaction(connection):
        connection.executemany(
            "INSERT INTO accounts (id, name, folded, skeleton, password, created_ms) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            accounts,
        )
        connection.executemany(
            "INSERT INTO targets (id, name, folded, skeleton, topic) VALUES (?, ?, ?, ?, ?)",
            channels,
        )
        connection.executemany(
            "INSERT INTO memberships (channel, account, modes, seq) VALUES (?, ?, ?, 0)",
            [(channel, owner, "q") for channel in range(1, CHANNELS)]
            + [
                (channel, one, "")
                for channel in range(1, LARGE)
                for one in everybody
                if one != owner
            ],
        )
        owner = accounts[0][0]
        connection.executemany(
            "INSERT OR REPLACE INTO memberships VALUES (?, ?, 'q', 0)",
            [(channel[0], owner) for channel in channels],
        )
    connection.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """A server with many people, all as if online, in many channels; alice is in a hundred."""
    server = ServerUnderTest(tmp_path_factory.mktemp("long") / "data", config())
    server.data.create()
    server.add("alice")
    fill(server)
    server.open()
    server.member("alice").hangs_up()
    server.wait_for(lambda: not server.service._hub._rules.model.sessions)  # and the hub is at rest
    model = server.service._hub._rules.model
    for account in model.accounts.values():
        if account.name != "alice":
            model.online[account] = None
            for channel in account.channels:
                channel.present[account] = None
    yield server
    server.close()


@pytest.fixture
def reader(server: ServerUnderTest) -> Iterator[Client]:
    """A client on a line of some megabytes a second; the systems between keep little."""
    person = server.connect()
    person.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KEPT)
    port = person.sock.getsockname()[1]
    [connection] = [c for c in list(server.service._io[0].driver.connections) if c.port == port]
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KEPT)
    yield person
    person.hangs_up()


def hears(person: Client, end: str) -> list[str]:
    """All lines up to the first with this in it, at a steady pace."""
    data = b""
    while end.encode() not in data[-40_000:]:
        piece = person.sock.recv(1 << 14)
        assert piece, "the server has closed the connection"
        data += piece
        time.sleep(PACE)
    return data.decode().split("\r\n")


def logs_in(person: Client, *caps: str) -> list[str]:
    payload = sasl_plain("alice", PASSWORD)
    person.sends("CAP LS 302", "NICK alice", "USER alice 0 * :Alice")
    person.sends("CAP REQ :" + " ".join(["sasl", *caps]), "AUTHENTICATE PLAIN")
    person.sends(f"AUTHENTICATE {payload}", "CAP END", "PING :all of it")
    return hears(person, "PONG chat.test :all of it")


def of(numeric: str, lines: list[str]) -> int:
    return sum(line.split(" ")[1:2] == [numeric] for line in lines)


def test_a_login_into_a_hundred_channels_of_a_thousand(
    server: ServerUnderTest, reader: Client
) -> None:
    """Some megabytes of names: more than may be unsent, of somebody who reads all the time."""
    heard = logs_in(reader, "userhost-in-names")
    assert sum(map(len, heard)) > 2 * server.settings.limits.unsent_kib * 1024
    assert of("366", heard) == LARGE
    assert sum(line.count("person") for line in heard if " 353 " in line) >= 2 * PEOPLE * (
        LARGE - 1
    )
    reader.sends("PING :and on")
    hears(reader, ":and on")


def test_a_list_of_all_channels(server: ServerUnderTest, reader: Client) -> None:
    """As SAFELIST in 005 promises."""
    logs_in(reader)
    reader.sends("LIST", "PING :next")
    heard = hears(reader, ":next")
    assert of("322", heard) == CHANNELS
    assert sum(map(len, heard)) > server.settings.limits.unsent_kib * 1024


@pytest.mark.parametrize(
    ("command", "row", "end"), [("WHO", "352", "315"), ("NAMES", "353", "366")]
)
def test_who_is_in_large_channels(
    server: ServerUnderTest, reader: Client, command: str, row: str, end: str
) -> None:
    """Ten of them, of a thousand each, asked for at once."""
    logs_in(reader)
    channels = [f"#{named(number)}" for number in range(1, 11)]
    reader.sends(*(f"{command} {channel}" for channel in channels), "PING :next")
    heard = hears(reader, ":next")
    assert of(end, heard) == len(channels)
    listed = [line for line in heard if f" {row} " in line]
    names = [name for line in listed for name in re.findall(r"person[a-k]{4}\b", line)]
    assert len(names) >= len(channels) * PEOPLE
    assert len(set(names)) == PEOPLE
