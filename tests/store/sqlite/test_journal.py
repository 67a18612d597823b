"""The journal in a file: how much of the disk it takes, and whom it waits for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.core.journal.events.channels import Logged
from securechat.store.errors import HeldError, StoreError
from securechat.store.sql.journal import TRIAL_BYTES, Journal
from securechat.store.sqlite.database import FILE_NAME
from tests.support.pepper import PEPPER


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """The hub's."""
    with closing(Journal(path, PEPPER)) as opened:
        yield opened


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What another connection reads."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def said(seq: int, text: str = "hi") -> Logged:
    return Logged(seq, 10, 1, 5000 + seq, "PRIVMSG", text, None)


def test_text_may_have_any_character(journal: Journal, path: Path) -> None:
    """Also one that PostgreSQL keeps in no text."""
    journal.commit([said(1, "a\0b")])
    assert rows(path, "SELECT text FROM log") == [("a\0b",)]


def test_a_full_disk_stores_nothing_and_then_goes_on(journal: Journal, path: Path) -> None:
    """As nothing was stored, the same may be stored again when there is room."""
    pages = journal.connection.execute("PRAGMA page_count").fetchone()[0]
    journal.connection.execute(f"PRAGMA max_page_count = {pages}")
    big = [said(number, "x" * 10_000) for number in range(1, 20)]
    with pytest.raises(StoreError, match="the disk is full"):
        journal.commit(big)
    assert rows(path, "SELECT * FROM log") == []
    journal.connection.execute("PRAGMA max_page_count = 1000000")
    journal.commit(big)
    assert rows(path, "SELECT count(*) FROM log") == [(19,)]


def test_closing_leaves_one_file(path: Path) -> None:
    """The write-ahead log is folded in, so that the database alone is a whole copy."""
    journal = Journal(path, PEPPER)
    journal.commit([said(1)])
    journal.close()
    assert [file.name for file in path.parent.iterdir()] == [FILE_NAME]


def test_a_trial_takes_room(journal: Journal) -> None:
    """As much as some messages do."""
    pages = journal.connection.execute("PRAGMA page_count").fetchone()[0]
    pages -= journal.connection.execute("PRAGMA freelist_count").fetchone()[0]  # of old tables
    journal.try_out()
    grown = journal.connection.execute("PRAGMA page_count").fetchone()[0] - pages
    assert grown * 4096 >= TRIAL_BYTES


def test_a_trial_needs_more_room_than_a_row(journal: Journal) -> None:
    """A disk that has a page left is full all the same."""
    pages = journal.connection.execute("PRAGMA page_count").fetchone()[0]
    journal.connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    journal.remember("a", "row")
    with pytest.raises(StoreError, match="the disk is full"):
        journal.try_out()
    journal.connection.execute(f"PRAGMA max_page_count = {pages + 300}")
    journal.try_out()


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_database_that_is_held_in_any_way(journal: Journal, path: Path, how: str) -> None:
    """By another program's lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"BEGIN {how}")
        journal.connection.wait_at_most(0.001)
        with pytest.raises(HeldError):
            journal.commit([said(1)])
        assert journal.connection.execute("PRAGMA busy_timeout").fetchone() == (0,)
        other.execute("ROLLBACK")
    journal.commit([said(1)])
    assert journal.connection.execute("PRAGMA busy_timeout").fetchone() == (2000,)
