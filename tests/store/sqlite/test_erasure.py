"""What was erased, in the files of SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.store.database import Connection, open_database
from securechat.store.sql import erasure
from securechat.store.sql.erasure import cut_log, erase, of_sender

ALICE, BOB = 1, 2
SECRET = "swordfish-7281"


@pytest.fixture
def connection(path: Path) -> Iterator[Connection]:
    with closing(open_database(path)) as opened:
        yield opened


def say(connection: Connection, first: int, *senders: int, text: str = SECRET) -> None:
    connection.executemany(
        "INSERT INTO log VALUES (?, 1, ?, 1, 'PRIVMSG', ?, NULL)",
        [(first + place, sender, text) for place, sender in enumerate(senders)],
    )


def test_the_text_is_in_no_file(connection: Connection, path: Path) -> None:
    """Neither in free pages nor in the write-ahead log, and not in parts of a long one."""
    say(connection, 1, *[ALICE, BOB] * 100, text="harmless")
    say(connection, 201, *[ALICE] * 200)
    say(connection, 401, ALICE, text=SECRET * 5000)
    connection.execute("PRAGMA wal_checkpoint(FULL)")
    say(connection, 402, *[ALICE] * 200)
    assert [p.name for p in path.parent.iterdir() if SECRET.encode() in p.read_bytes()]
    erase(connection, of_sender(connection, ALICE, 601), lambda _: None)
    assert cut_log(connection, lambda _: None)
    assert [p.name for p in path.parent.iterdir() if SECRET.encode() in p.read_bytes()] == []


def test_a_reader_keeps_the_write_ahead_log(
    connection: Connection, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is said that it could not be cut, and nobody is held up for long."""
    monkeypatch.setattr(erasure, "CUT_SECONDS", 0.0)
    say(connection, 1, ALICE)
    reader = open_database(path, read_only=True)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM log").fetchall()
    erase(connection, of_sender(connection, ALICE, 1), lambda _: None)
    assert not cut_log(connection, lambda _: None)
    reader.execute("ROLLBACK")
    reader.close()
    assert cut_log(connection, lambda _: None)
