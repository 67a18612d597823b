"""Folding the write-ahead log into the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.store.errors import StoreError
from securechat.store.sqlite import database as module
from securechat.store.sqlite.database import BUSY_SECONDS, SqliteConnection, open_database


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[tuple[SqliteConnection, SqliteConnection]]:
    """The connection that writes, and the one that folds."""
    connections = open_database(tmp_path / "chat.db"), open_database(tmp_path / "chat.db")
    connections[0].execute("PRAGMA wal_autocheckpoint = 0")
    connections[0].execute("CREATE TABLE notes (text)")
    yield connections
    for connection in connections:
        connection.close()


def notes(connection: SqliteConnection, number: int) -> None:
    for _ in range(number):
        connection.execute("INSERT INTO notes VALUES (?)", ("x" * 3000,))


def wal(path: Path) -> int:
    return path.with_name("chat.db-wal").stat().st_size


def test_the_log_is_folded_in_beside_its_writer(
    chat: tuple[SqliteConnection, SqliteConnection], tmp_path: Path
) -> None:
    """Its writer then begins anew at the front, so the file doesn't grow."""
    writer, folder = chat
    notes(writer, 50)
    folder.fold_log()
    grown = wal(tmp_path / "chat.db")
    for _ in range(5):
        notes(writer, 40)
        folder.fold_log()
    assert wal(tmp_path / "chat.db") == grown
    assert writer.execute("SELECT count(*) FROM notes").fetchone() == (250,)


def test_a_reader_in_the_way_is_waited_for_another_time(
    chat: tuple[SqliteConnection, SqliteConnection], tmp_path: Path
) -> None:
    """It sees what it saw, and nothing fails."""
    writer, folder = chat
    reader = open_database(tmp_path / "chat.db", read_only=True)
    notes(writer, 10)
    reader.execute("BEGIN")
    seen = reader.execute("SELECT count(*) FROM notes").fetchone()
    notes(writer, 10)
    folder.fold_log()
    assert reader.execute("SELECT count(*) FROM notes").fetchone() == seen == (10,)
    reader.close()


def test_a_log_that_never_ends_is_begun_anew(
    chat: tuple[SqliteConnection, SqliteConnection],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though a reader keeps its newest pages from being folded in for a while."""
    monkeypatch.setattr(module, "LONG_PAGES", 20)
    writer, folder = chat
    told: list[str] = []
    folder.set_trace_callback(told.append)
    reader = open_database(tmp_path / "chat.db", read_only=True)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM notes").fetchone()
    notes(writer, 50)
    folder.fold_log()
    assert told[-2] == "PRAGMA wal_checkpoint(RESTART)"
    reader.close()
    folder.fold_log()
    assert told[-1] == "PRAGMA wal_checkpoint(PASSIVE)"


def test_a_long_reader_does_not_keep_the_writer_out(
    chat: tuple[SqliteConnection, SqliteConnection],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as a backup: while SQLite waits for it, it lets nobody write. So it waits for a moment
    only, and the next passive look has the patience of before.
    """
    monkeypatch.setattr(module, "LONG_PAGES", 20)
    writer, folder = chat
    with closing(open_database(tmp_path / "chat.db", read_only=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM notes").fetchone()
        notes(writer, 50)
        told: list[str] = []
        folder.set_trace_callback(told.append)
        folder.fold_log()
    assert told == [
        "PRAGMA wal_checkpoint(PASSIVE)",
        f"PRAGMA busy_timeout = {module.HOLD_MS}",
        "PRAGMA wal_checkpoint(RESTART)",
        f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}",
    ]
    assert module.HOLD_MS / 1000 < BUSY_SECONDS / 10
    notes(writer, 1)


def test_a_failing_disk_is_a_store_error(
    chat: tuple[SqliteConnection, SqliteConnection],
) -> None:
    """As everything the store says."""
    _, folder = chat
    folder.close()
    with pytest.raises(StoreError):
        folder.fold_log()
