"""kill -9 at any moment: what anybody has heard is there, in order, exactly once.

Ten times on one data directory; SECURECHAT_TESTS=long makes it a hundred.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import string
from contextlib import suppress
from pathlib import Path

import pytest

from securechat.store.sqlite.database import FILE_NAME
from tests.support.links import PATIENCE
from tests.support.long_form import times
from tests.support.process import (
    NotStartedError,
    ServerProcess,
    add_accounts,
    serving,
    write_config,
)
from tests.support.talker import Talker, stored

IN_CHANNEL = ("alice", "bob", "carol")
"""They talk in the lobby."""
PAIR = {"dora": "emil", "emil": "dora"}
"""They talk to each other alone."""
MOST = 1500
"""Messages that the one whose patience ends has heard by then, at the most."""

DIE = "import os, threading; threading.Timer({:.3f}, os.kill, (os.getpid(), 9)).start()"
"""Runs in a server before anything else."""

START_SECONDS = 1.0
"""Within that a server has started, or nearly."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with the senders' accounts."""
    add_accounts(tmp_path / "data", *IN_CHANNEL, *PAIR)
    return tmp_path / "data"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """No replay: what was said in earlier rounds is looked up in the database."""
    return write_config(tmp_path / "config.toml", history={"replay": 0})


def letters(round_: int) -> str:
    """Two letters that all messages of a round begin with."""
    return string.ascii_lowercase[round_ // 26] + string.ascii_lowercase[round_ % 26]


def kind(name: str) -> str:
    """Of somebody's talk."""
    return "pair" if name in PAIR else "channel"


def talk_until_killed(server: ServerProcess, round_: int) -> dict[str, Talker]:
    """Traffic in a channel and between two, until somebody has heard as much as chance says."""
    chance, begin = random.Random(round_), letters(round_)
    people = {
        name: server.member(name, caps="echo-message message-tags") for name in (*IN_CHANNEL, *PAIR)
    }
    for person in people.values():
        person.hears()
    talkers = {}
    for name, person in people.items():
        group, target = f"{begin}-{kind(name)}-", PAIR.get(name, "#lobby")
        enough = chance.randint(1, MOST)
        talkers[name] = Talker(
            person, group + name + "-", enough=enough, target=target, counts=group
        )
    for talker in talkers.values():
        talker.start()
    assert talkers[chance.choice(IN_CHANNEL)].enough.wait(PATIENCE)
    server.tell(signal.SIGKILL)
    server.ends()
    for talker in talkers.values():
        talker.join(PATIENCE)
        assert not talker.is_alive()
    return talkers


def check_log(data: Path, round_: int, talkers: dict[str, Talker]) -> None:
    """What each has heard is the beginning of what is stored, and nothing in it is missing."""
    for name, talker in talkers.items():
        begin = f"{letters(round_)}-{kind(name)}-"
        log = stored(data, begin)
        assert talker.heard == log[: len(talker.heard)], f"{name} in round {round_}"
        own = [text for _, text in log if text.startswith(f"{begin}{name}-")]
        assert own == [f"{begin}{name}-{number}" for number in range(len(own))]


def check_whole(data: Path) -> None:
    """SQLite's own look at every page, index and row."""
    connection = sqlite3.connect(data / FILE_NAME)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_killed_in_the_middle_of_traffic(data: Path, config: Path) -> None:
    """At another moment each time, on the same data. The rounds' seeds are their numbers."""
    heard = 0
    for round_ in range(times(10, 100)):
        with serving(data, "--config", config) as server:
            talkers = talk_until_killed(server, round_)
        check_log(data, round_, talkers)
        heard += sum(len(talker.heard) for talker in talkers.values())
    check_whole(data)
    assert heard > 1000, "too little was said to show anything"


def test_killed_while_it_starts(data: Path, config: Path) -> None:
    """Before, in and after the making of files, keys and tables; the next start goes on."""
    chance = random.Random(9)
    for _ in range(times(3, 30)):
        died = DIE.format(chance.uniform(0.05, START_SECONDS))
        with (
            suppress(NotStartedError),
            serving(data, "--config", config, spoiled_by=died) as server,
        ):
            assert server.ends() == -signal.SIGKILL
    with serving(data, "--config", config) as server:
        alice = server.member("alice", caps="echo-message")
        alice.sends("PRIVMSG #lobby :here we are")
        alice.hears_until(":here we are")
    check_whole(data)
