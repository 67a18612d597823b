"""A primary that dies, and its standby: nothing that was acknowledged is lost, nothing is stored
twice, and nothing was shown that isn't stored.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from securechat.store.postgres.location import PostgresLocation
from tests.support.postgres import (
    USER,
    PostgresServer,
    StandbyServer,
    place_for_servers,
    programs,
)
from tests.support.process import ServerProcess, add_accounts, write_config

PEOPLE = ("alice", "bob", "carol")
ROUNDS = 40


@dataclass
class Pair:
    """A primary with its standby, and a chat server that knows of both."""

    primary: PostgresServer
    standby: StandbyServer
    name: str = field(init=False)
    location: PostgresLocation = field(init=False)

    def __post_init__(self) -> None:
        self.name = urlsplit(self.primary.database().url).path.strip("/")
        hosts = f"{self.primary.place},{self.standby.place}"
        url = f"postgresql://{USER}@/{self.name}?host={hosts}&target_session_attrs=read-write"
        self.location = PostgresLocation(url)

    def fails_over(self) -> None:
        """The primary dies; who watches over the two makes the other one it."""
        self.primary.stop("immediate")
        self.standby.promote()

    def log(self) -> list[str]:
        """What the one that is left has, in its order."""
        with closing(psycopg.connect(self.standby.url(self.name))) as connection:
            sql = "SELECT text FROM securechat.log WHERE kind = 'PRIVMSG' ORDER BY seq"
            return [text for (text,) in connection.execute(sql)]


@pytest.fixture
def pair() -> Iterator[Pair]:
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
    with place_for_servers() as one, place_for_servers() as two:
        primary = PostgresServer(found, one)
        standby = StandbyServer(primary, two)
        try:
            yield Pair(primary, standby)
        finally:
            standby.stop("immediate")


@pytest.fixture
def server(pair: Pair, tmp_path: Path) -> Iterator[ServerProcess]:
    add_accounts(tmp_path / "data", *PEOPLE, database=pair.location)
    file = write_config(tmp_path / "chat.toml", store={"url": pair.location.url})
    process = ServerProcess(tmp_path / "data", "--config", file)
    yield process
    process.close()


def test_a_primary_that_dies_loses_nothing(pair: Pair, server: ServerProcess) -> None:
    """Two talk without a pause while it happens, and a third one listens."""
    alice, bob, carol = (server.member(name, caps=("echo-message",)) for name in PEOPLE)
    for client in (alice, bob, carol):
        client.says("JOIN #den")
    carol.says("PING all-there")
    heard = alice.says("PRIVMSG #den :alice begins") + bob.says("PRIVMSG #den :bob begins")
    fails_over = threading.Thread(target=pair.fails_over)
    fails_over.start()
    for number in range(ROUNDS):
        alice.sends(f"PRIVMSG #den :alice {number}")
        bob.sends(f"PRIVMSG #den :bob {number}")
    fails_over.join()
    # What is said from now on is stored again, at the latest when this one is.
    while not any("the end" in line for line in heard):
        heard += alice.says("PRIVMSG #den :the end")
    heard += bob.says("PING x")
    echoes = {text(line) for line in heard if said_by(line, "alice") or said_by(line, "bob")}
    shown = [text(line) for line in carol.hears_until("the end") if "PRIVMSG #den" in line]
    log = pair.log()
    assert len(log) == len(set(log)), "something is stored twice"
    assert echoes <= set(log), "something acknowledged is lost"
    assert shown == log, "somebody saw what isn't stored, or in another order"
    assert {"alice begins", "bob begins", "the end"} <= echoes


def said_by(line: str, name: str) -> bool:
    return line.startswith(f":{name}!") and "PRIVMSG #den" in line


def text(line: str) -> str:
    return line.rpartition(" :")[2]
