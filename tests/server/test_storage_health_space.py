"""Whether there is room for more, on the disk and in what the database may take."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from securechat.core.quota import MIB
from securechat.server.storage_health import Space
from securechat.store.sql.journal import Journal
from tests.support.pepper import PEPPER


def of_size(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """A disk with so many bytes left."""
    real = os.statvfs("/")

    class Disk:
        f_bavail = free // 4096
        f_frsize = 4096
        f_blocks = real.f_blocks

    monkeypatch.setattr(os, "statvfs", lambda path: Disk)


def test_there_is_room(tmp_path: Path) -> None:
    """Without limits, and for a database that isn't there yet."""
    assert Space(tmp_path / "chat.db", free_bytes=0, most_bytes=0).shortage() == ""
    assert Space(tmp_path / "chat.db", free_bytes=0, most_bytes=MIB).shortage() == ""


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is mended when there is a good deal more than the least, and not a byte."""
    space = Space(tmp_path / "chat.db", free_bytes=64 * MIB, most_bytes=0)
    disk(monkeypatch, 65 * MIB)
    assert space.shortage() == ""
    disk(monkeypatch, 63 * MIB)
    assert space.shortage() == "less than 64 MiB of its disk are free"
    disk(monkeypatch, 65 * MIB)
    assert space.shortage()
    disk(monkeypatch, 81 * MIB)
    assert space.shortage() == ""


def test_a_database_that_has_its_size(tmp_path: Path) -> None:
    """Its write-ahead log counts too."""
    database = of_size(tmp_path / "chat.db", 3 * MIB)
    space = Space(database, free_bytes=0, most_bytes=4 * MIB)
    assert space.shortage() == ""
    wal = of_size(tmp_path / "chat.db-wal", 2 * MIB)
    assert space.shortage() == "its database has reached 4 MiB, as much as it may take"
    wal.unlink()
    assert space.shortage() == ""


def test_the_index_for_searching_counts(tmp_path: Path) -> None:
    """It is a sixth of the log, or more, on the same disk."""
    database, index = tmp_path / "chat.db", tmp_path / "search.db"
    space = Space(of_size(database, MIB), index, free_bytes=0, most_bytes=4 * MIB)
    of_size(index, 2 * MIB)
    assert space.shortage() == ""
    of_size(tmp_path / "search.db-wal", 2 * MIB)
    assert space.shortage()


def test_what_was_erased_makes_room(tmp_path: Path) -> None:
    """Though the file stays as large as it was."""
    database = tmp_path / "chat.db"
    journal = Journal(database, PEPPER)
    space = Space(database, free_bytes=0, most_bytes=2 * MIB, unused=journal.unused_bytes)
    row = (1, 1, 1, "PRIVMSG", "x" * 3 * MIB, None)
    journal.connection.execute("INSERT INTO log VALUES (1, ?, ?, ?, ?, ?, ?)", row)
    journal.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert space.shortage()
    assert journal.unused_bytes() == 0
    journal.connection.execute("DELETE FROM log")
    journal.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert database.stat().st_size > 3 * MIB
    assert journal.unused_bytes() >= 3 * MIB
    assert space.shortage() == ""
    journal.close()
    assert journal.unused_bytes() == 0
