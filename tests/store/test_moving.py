"""All rows of a database, in another one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from securechat.store import moving
from securechat.store.database import Connection, Location, Transaction, open_database
from securechat.store.errors import StoreError
from securechat.store.moving import NUMBERED, PRIMARY_KEYS, copy_rows
from securechat.store.sqlite.schema import MIGRATIONS
from tests.support.data_directory import contents, make_directory
from tests.support.postgres import PostgresServer


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A database of SQLite with something in every table."""
    return make_directory(tmp_path / "data").database


@pytest.fixture
def target(location: Location) -> Iterator[Connection]:
    """A new database of each engine."""
    with closing(open_database(location)) as connection:
        yield connection


def copy(source: Path, target: Connection) -> list[tuple[str, int]]:
    told: list[tuple[str, int]] = []
    with closing(open_database(source, read_only=True)) as connection:
        copy_rows(connection, target, lambda table, count: told.append((table, count)))
    return told


def without_ours(found: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """What SQLite keeps for itself may be empty or not be there."""
    return {name: rows for name, rows in found.items() if not name.startswith("sqlite_stat")}


def test_it_comes_back_as_it_was(full: Path, target: Connection, tmp_path: Path) -> None:
    """Through either engine: each row, and the numbers that are never given again."""
    there = copy(full, target)
    assert dict(there)["accounts"] == 2
    back = tmp_path / "back.db"
    with closing(open_database(back)) as last:
        copy_rows(target, last, lambda *_: None)
    assert without_ours(contents(back)) == without_ours(contents(full))


def test_a_newer_format_is_not_copied(full: Path, target: Connection) -> None:
    """It may have more than this program knows of, which would be lost."""
    with closing(sqlite3.connect(full)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreError, match="the database was made by a newer securechat"):
        copy(full, target)
    assert target.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


def test_every_table_is_named_with_its_key() -> None:
    """Also one that a migration adds."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in MIGRATIONS:
            connection.executescript(script)
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        names = [name for (name,) in connection.execute(sql)]
        found = {
            name: tuple(
                row[1]
                for row in sorted(connection.execute(f"PRAGMA table_info({name})"), key=_place)
                if row[5]
            )
            for name in names
        }
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
        numbered = {name for (name,) in connection.execute(sql)}
    assert found == PRIMARY_KEYS
    assert numbered == set(NUMBERED)


def _place(row: tuple[Any, ...]) -> int:
    return int(row[5])


def test_a_number_is_not_given_again(full: Path, target: Connection) -> None:
    """A change whose number was taken up before would be overlooked."""
    with closing(sqlite3.connect(full, isolation_level=None)) as connection:
        connection.execute("INSERT INTO changes (id, kind) VALUES (70, 'invites')")
        connection.execute("DELETE FROM changes")
    copy(full, target)
    with Transaction(target):
        sql = "INSERT INTO changes (kind) VALUES ('invites') RETURNING id"
        assert target.execute(sql).fetchall() == [(71,)]


def test_many_rows_go_in_pieces(
    full: Path, target: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a table whose key has several columns."""
    monkeypatch.setattr(moving, "ROWS_AT_ONCE", 3)
    with closing(sqlite3.connect(full, isolation_level=None)) as connection:
        rows = [(account, f"#{name}", 1) for account in range(2) for name in "abcdé"]
        connection.executemany("INSERT INTO read_markers VALUES (?, ?, ?)", rows)
    told = [count for table, count in copy(full, target) if table == "read_markers"]
    assert told == [3, 6, 9, 11]
    sql = "SELECT account, target FROM read_markers WHERE account < 2 ORDER BY account, target"
    assert [tuple(row) for row in target.execute(sql)] == [row[:2] for row in rows]


def test_what_is_said_meanwhile_is_not_in_it(full: Path, target: Connection) -> None:
    """One state is copied, whatever a server writes."""
    with (
        closing(open_database(full, read_only=True)) as source,
        closing(open_database(full)) as writer,
    ):

        def say(table: str, count: int) -> None:
            if table == "accounts":
                sql = "INSERT INTO log VALUES (99, 1, 1, 1, 'PRIVMSG', 'late', NULL)"
                with Transaction(writer):
                    writer.execute(sql)

        copy_rows(source, target, say)
    assert target.execute("SELECT max(seq) FROM log").fetchone() == (1,)


def test_one_that_is_in_use_is_not_written_over(full: Path, target: Connection) -> None:
    """It may be another server's."""
    copy(full, target)
    with pytest.raises(StoreError, match="has something of a server in it"):
        copy(full, target)


def test_all_or_nothing(full: Path, postgres_server: PostgresServer) -> None:
    """A text that PostgreSQL can't keep ends it; nothing is left in the target."""
    with closing(sqlite3.connect(full, isolation_level=None)) as connection:
        sql = "INSERT INTO log VALUES (9, 1, 1, 1, 'PRIVMSG', 'a' || char(0), NULL)"
        connection.execute(sql)
    with closing(open_database(postgres_server.database())) as target:
        with pytest.raises(StoreError):
            copy(full, target)
        assert target.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


def test_what_is_not_the_same_is_told(
    full: Path, target: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row."""
    real = moving._copy

    def forgetful(
        table: moving.Table, source: Connection, target: Connection, progress: moving.Progress
    ) -> None:
        if table.name != "kicks":
            real(table, source, target, progress)

    monkeypatch.setattr(moving, "_copy", forgetful)
    with pytest.raises(StoreError, match="row 1 of kicks"):
        copy(full, target)
