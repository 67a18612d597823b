"""Devices, and connections and servers that die: each device gets everything, once."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.store.sqlite.database import FILE_NAME
from tests.support.client import Client
from tests.support.links import PATIENCE
from tests.support.process import add_accounts, serving, write_config
from tests.support.server import ServerUnderTest, running

CAPS = ("echo-message", "message-tags", "server-time", "securechat/key")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    add_accounts(tmp_path / "data", "alice", "bob")
    return tmp_path / "data"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config.toml")


def comes(person: Client, claimed: str) -> list[str]:
    """Log in as ACCOUNT@DEVICE; the texts that come with it."""
    account, _, device = claimed.partition("@")
    return texts(person.logs_in(account, device=device, caps=CAPS))


def texts(lines: list[str]) -> list[str]:
    return [line.partition(" PRIVMSG #lobby :")[2] for line in lines if " PRIVMSG #lobby :" in line]


def until(condition: Callable[[], bool], person: Client) -> None:
    """Somebody listens, and so answers PINGs, until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        person.hears()
        time.sleep(0.02)


def arrived(data: Path, device: str) -> bool:
    """Whether it is on the disk that a device has all there is."""
    sql = "SELECT delivered >= (SELECT max(seq) FROM log) FROM devices WHERE name = ?"
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        found: object = connection.execute(sql, (device,)).fetchone()
    return found == (1,)


def say(person: Client, *said: str) -> None:
    person.sends(*(f"PRIVMSG #lobby :{text}" for text in said))
    person.hears_until(f" :{said[-1]}")


def test_a_killed_server_knows_what_has_arrived_where(data: Path, config: Path) -> None:
    """One device was off while another read, and the server dies: each gets what it lacks, once."""
    missed = [f"message {number}" for number in range(30)]
    with serving(data, "--config", config) as server:
        bob, phone, laptop = server.member("bob", caps=CAPS), server.connect(), server.connect()
        assert comes(phone, "alice@phone") == comes(laptop, "alice@laptop") == []
        until(lambda: arrived(data, "phone"), phone)
        phone.hangs_up()
        say(bob, *missed)
        until(lambda: arrived(data, "laptop"), laptop)
        assert not arrived(data, "phone")
        server.tell(signal.SIGKILL)
        server.ends()
    with serving(data, "--config", config) as server:
        laptop, phone = server.connect(), server.connect()
        assert comes(laptop, "alice@laptop") == []
        assert comes(phone, "alice@phone") == missed
        until(lambda: arrived(data, "phone"), phone)
        server.tell(signal.SIGKILL)
        server.ends()
    with serving(data, "--config", config) as server:
        assert comes(server.connect(), "alice@phone") == []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "server", "alice", "bob") as opened:
        yield opened


def test_a_killed_client_is_given_the_last_seconds_again(server: ServerUnderTest) -> None:
    """And nothing that it has confirmed before them; a client that says QUIT is given nothing."""
    bob, phone = server.member("bob", caps=CAPS), server.connect()
    comes(phone, "alice@phone")
    say(bob, "long ago")
    until(lambda: arrived(server.data.path, "phone"), phone)
    say(bob, "just now")
    phone.hears_until(" :just now")
    phone.hangs_up()  # before it was asked
    phone = server.connect()
    assert comes(phone, "alice@phone") == ["just now"]
    say(bob, "the last")
    phone.hears_until(" :the last")
    phone.sends("QUIT")
    phone.hears_the_end()
    assert comes(server.connect(), "alice@phone") == []


def test_what_waits_for_a_client_that_quits_comes_again(server: ServerUnderTest) -> None:
    """It says QUIT, and has not read what was said to it: its socket had not taken all of that."""
    bob, phone = server.member("bob", caps=CAPS), server.connect()
    comes(phone, "alice@phone")
    until(lambda: arrived(server.data.path, "phone"), phone)
    said = [f"{number} " + "x" * 400 for number in range(1600)]
    for begin in range(0, len(said), 100):
        say(bob, *said[begin : begin + 100])
    phone.sends("QUIT")
    phone.hangs_up()
    bob.hears_until(" QUIT ")
    again = comes(server.connect(), "alice@phone")
    assert again == said[-len(again) :]
    assert len(again) > 400  # the newest, as many as a login is given


def test_a_message_that_comes_again_over_the_death_of_the_server(data: Path, config: Path) -> None:
    """Whether the connection or the server dies before the echo: it is there once."""
    line = "@securechat/key=3fa9 PRIVMSG #lobby :once"
    with serving(data, "--config", config) as server:
        alice = server.member("alice", caps=CAPS)
        alice.sends(line)
        first = alice.hears_until(" :once")[-1]
        server.tell(signal.SIGKILL)
        server.ends()
    with serving(data, "--config", config) as server:
        alice = server.member("alice", caps=CAPS)
        alice.sends(line)
        assert alice.hears_until(" :once")[-1] == first
        for key in range(1, 20):  # the connection is lost at once, and the same is said on another
            lost = f"@securechat/key={key:x} PRIVMSG #lobby :{key}."
            with server.member("alice", caps=CAPS) as hasty:
                hasty.sends(lost)
            with server.member("alice", caps=CAPS) as patient:
                patient.sends(lost)
                patient.hears_until(f" :{key}.")
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        sql = "SELECT text, count(*) FROM log WHERE kind = 'PRIVMSG' GROUP BY text"
        found = dict(connection.execute(sql))
    assert found == {"once": 1, **{f"{key}.": 1 for key in range(1, 20)}}
