"""A database with bad pages: what stands on the others is read and written as ever."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from securechat.core.journal.events.accounts import AccountCreated
from securechat.core.journal.events.channels import ChannelCreated, Logged
from securechat.store.database import Transaction
from securechat.store.errors import ConflictError, DamagedError, StoreError
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from securechat.store.sqlite.database import FILE_NAME, fault, open_database
from tests.support.damage import leaves, page_with, spoil
from tests.support.pepper import PEPPER

ALICE = 1
DEN, LAB = 10, 11
MESSAGES = 400


def said(seq: int) -> Logged:
    return Logged(seq, (LAB, DEN)[seq % 2], ALICE, 5000 + seq, "PRIVMSG", f"text {seq:05}.", None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of some pages: two channels in which one account has said much, in turns."""
    journal = Journal(tmp_path / FILE_NAME, PEPPER)
    channels = [ChannelCreated(n, f"#{n}", f"#{n}", f"#{n}", ALICE, "nt", 0) for n in (DEN, LAB)]
    accounts = [AccountCreated(n, f"a{n}", f"a{n}", f"a{n}", "hash", False, 0, 0) for n in (1, 2)]
    journal.commit([*accounts, *channels, *map(said, range(1, MESSAGES + 1))])
    journal.close()
    return tmp_path / FILE_NAME


def test_a_bad_page_of_the_log_is_told(path: Path) -> None:
    """As damage, with what to do; no row is made up."""
    spoil(path, page_with(path, "text 00200."))
    with pytest.raises(DamagedError, match="the database is damaged; restore a backup"):
        Reader(path).missed([(DEN, 0)], upto=MESSAGES, limit=MESSAGES)


def test_what_is_behind_a_bad_page_is_read(path: Path) -> None:
    """And what is before it; only those on it are lost, and it is told that there are some."""
    spoil(path, page_with(path, "text 00200."))
    damages: list[DamagedError] = []
    found, cut = Reader(path).missed(
        [(DEN, 0), (LAB, 0)], upto=MESSAGES, limit=MESSAGES, damaged=damages.append
    )
    lost = sorted(set(range(1, MESSAGES + 1)) - {row[0] for row in found})
    assert lost == list(range(lost[0], lost[-1] + 1))
    assert 50 < lost[0] <= 200 <= lost[-1] < 350
    assert len(damages) == 2
    assert not cut


def test_a_channel_apart_from_a_bad_page_is_read_whole(path: Path) -> None:
    """Damage costs only what it has hit."""
    after = page_with(path, "text 00300.")
    spoil(path, page_with(path, "text 00005."))
    assert after != page_with(path, "text 00399.")
    damages: list[DamagedError] = []
    found, _ = Reader(path).missed([(DEN, 300)], MESSAGES, MESSAGES, damages.append)
    assert [row[0] for row in found] == list(range(301, MESSAGES + 1, 2))
    assert damages == []


def test_other_failures_are_no_damage(path: Path) -> None:
    """They are raised, also to a reader that bears with damage."""
    reader = Reader(path)
    reader.close()
    with pytest.raises(StoreError, match="the database can't be used") as caught:
        reader.missed([(DEN, 0)], 1, 1, damaged=lambda error: None)
    assert not isinstance(caught.value, DamagedError)


def test_a_row_on_a_bad_page_is_not_stored_and_others_are(path: Path) -> None:
    """Each as a transaction of its own; what fails leaves nothing behind."""
    spoil(path, leaves(path, "log_messages")[0])  # the beginning of the lower number, DEN's
    journal = Journal(path, PEPPER)
    with pytest.raises(DamagedError):
        journal.commit([Logged(500, 5, ALICE, 0, "PRIVMSG", "in the bad place", None)])
    journal.commit([Logged(501, LAB, ALICE, 0, "PRIVMSG", "elsewhere", None)])
    journal.close()
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT seq FROM log WHERE seq >= 500").fetchall()
    connection.close()
    assert rows == [(501,)]


def test_a_text_that_is_not_utf_8_is_damage_and_is_not_quoted(path: Path) -> None:
    """It may be a secret's."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE accounts SET password = CAST(x'736563726574ff' AS TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(DamagedError, match="a text in it is not UTF-8") as caught:
        Reader(path).password(ALICE)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("lost", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_lost_database_is_not_begun_anew(path: Path, lost: object) -> None:
    """SQLite would throw away the write-ahead log beside it, which may hold all there is."""
    connection = open_database(path)
    with Transaction(connection):
        connection.execute("INSERT INTO meta VALUES ('a', 'b')")
    rest = path.with_name(path.name + "-wal")
    before = rest.read_bytes()
    connection.close()
    rest.write_bytes(before)
    assert callable(lost)
    lost(path)
    with pytest.raises(DamagedError, match=r"missing or empty, but securechat\.db-wal"):
        open_database(path)
    assert rest.read_bytes() == before


def test_damage_is_told_from_all_else() -> None:
    """By what SQLite says."""
    assert isinstance(
        fault(sqlite3.DatabaseError("database disk image is malformed")), DamagedError
    )
    full = fault(sqlite3.OperationalError("database or disk is full"))
    assert not isinstance(full, DamagedError | ConflictError)


def test_a_schema_that_is_not_utf_8_is_damage_and_is_not_quoted(path: Path) -> None:
    """SQLite's error would quote it, in bytes that Python can't read."""
    content = path.read_bytes()
    assert content.count(b"CREATE TABLE channel_masks") == 1
    path.write_bytes(
        content.replace(b"CREATE TABLE channel_masks", b"CREATE T\xff\xfeLE channel_masks")
    )
    with pytest.raises(DamagedError, match="a text in it is not UTF-8"):
        open_database(path)
