"""Copies of a database: of one moment, and looked over before anybody relies on them."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from securechat.store import database
from securechat.store.audit import Wanted, rows
from securechat.store.database import Transaction
from securechat.store.errors import StoreError
from securechat.store.moving import copy_rows
from securechat.store.sql.fragments import MESSAGES
from securechat.store.sqlite.copies import Findings, adopt_copy, copy_database, look_over
from securechat.store.sqlite.database import SqliteConnection, open_database
from securechat.store.sqlite.schema import MIGRATIONS
from tests.support.data_directory import contents, make_directory
from tests.support.postgres import PostgresServer

NEWEST = len(MIGRATIONS)


def write(connection: SqliteConnection, first: int, count: int) -> None:
    """Messages, as long as a page."""
    entries = [(seq, "x" * 4000) for seq in range(first, first + count)]
    with Transaction(connection):
        connection.executemany("INSERT INTO log VALUES (?, 1, 1, 1, 'PRIVMSG', ?, NULL)", entries)


def dump(path: Path) -> list[str]:
    """All that is in a database."""
    with closing(sqlite3.connect(path)) as connection:
        return [*connection.iterdump()]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source.db"


@pytest.fixture
def server(source: Path) -> Iterator[SqliteConnection]:
    """A connection that writes to the source while it is copied."""
    connection = open_database(source)
    write(connection, 1, 600)
    yield connection
    connection.close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target.db"


def nothing() -> None:
    """Between two steps."""


# --- copying -------------------------------------------------------------------------------------


def test_a_copy_is_of_the_moment_it_began(
    server: SqliteConnection, source: Path, target: Path
) -> None:
    """What is committed between its steps is not in it, and doesn't have it begin anew."""
    before = dump(source)
    steps: list[int] = []

    def meanwhile() -> None:
        steps.append(len(steps))
        write(server, 10_000 + len(steps), 1)

    copy_database(source, target, meanwhile)
    assert len(steps) >= 3
    assert dump(target) == before
    assert len(dump(source)) == len(before) + len(steps)


def test_what_is_only_in_the_write_ahead_log_is_in_the_copy(
    server: SqliteConnection, source: Path, target: Path
) -> None:
    """The database's file alone would lack it."""
    with closing(sqlite3.connect(f"{source.as_uri()}?immutable=1", uri=True)) as file_alone:
        assert file_alone.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    copy_database(source, target, nothing)
    assert dump(target) == dump(source)


def test_a_copy_is_one_private_file(server: SqliteConnection, source: Path, target: Path) -> None:
    """Also when it has been looked at."""
    copy_database(source, target, nothing)
    look_over(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in sorted(target.parent.glob("target*"))] == ["target.db"]


def test_a_writer_waits_for_nothing(server: SqliteConnection, source: Path, target: Path) -> None:
    """Not even with a busy timeout of zero."""
    server.execute("PRAGMA busy_timeout = 0")
    copy_database(source, target, lambda: server.execute("UPDATE meta SET value = value"))
    assert look_over(target) == Findings(NEWEST, [])


def test_what_is_there_is_not_overwritten(
    server: SqliteConnection, source: Path, target: Path
) -> None:
    """Not even an empty file."""
    target.touch()
    with pytest.raises(StoreError, match="File exists"):
        copy_database(source, target, nothing)
    assert target.read_bytes() == b""


def test_a_missing_source_is_not_made(source: Path, target: Path) -> None:
    """Nor is there a copy of nothing."""
    with pytest.raises(StoreError, match="unable to open"):
        copy_database(source, target, nothing)
    assert not source.exists()
    assert not target.exists()


def test_a_disk_without_room_is_told(
    server: SqliteConnection, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what it is."""
    real = sqlite3.connect

    def connect(path: Path, **options: Any) -> SqliteConnection:
        connection: SqliteConnection = real(path, **options)
        if path == target:
            connection.execute("PRAGMA max_page_count = 50")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    with pytest.raises(StoreError, match="the disk is full; free some space"):
        copy_database(source, target, nothing)


# --- looking over --------------------------------------------------------------------------------


def test_a_sound_database_has_no_faults(server: SqliteConnection, source: Path) -> None:
    """Also while it is in use."""
    assert look_over(source) == look_over(source, thoroughly=False) == Findings(NEWEST, [])


def test_looking_changes_nothing(source: Path) -> None:
    """Not a byte."""
    open_database(source).close()
    before = source.read_bytes()
    look_over(source)
    assert source.read_bytes() == before


def test_statistics_of_sqlite_are_no_fault(server: SqliteConnection, source: Path) -> None:
    """ANALYZE makes a table of its own."""
    server.execute("ANALYZE")
    assert look_over(source).faults == []


@pytest.mark.parametrize("version", range(1, NEWEST + 1))
def test_every_older_format_is_known(source: Path, version: int) -> None:
    """A backup of then can be restored today."""
    with closing(sqlite3.connect(source)) as connection:
        for script in MIGRATIONS[:version]:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {version}")
    assert look_over(source) == Findings(version, [])


def test_a_newer_format_is_told(server: SqliteConnection, source: Path) -> None:
    """With what to do."""
    server.execute("PRAGMA user_version = 99")
    schema, [fault] = look_over(source)
    assert schema == 99
    assert "made by a newer securechat (its format is 99" in fault


@pytest.mark.parametrize("version", [0, -1])
def test_an_empty_database_is_none_of_ours(source: Path, version: int) -> None:
    """It has no format."""
    with closing(sqlite3.connect(source)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("CREATE TABLE other (a)")
    assert look_over(source).faults == ["nothing of securechat is in it"]


def test_what_is_no_database_is_told(source: Path) -> None:
    """By the first look into it."""
    source.write_bytes(b"no database, " * 1000)
    [fault] = look_over(source).faults
    assert "this is not a securechat database" in fault


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "CREATE TRIGGER evil AFTER INSERT ON audit BEGIN UPDATE accounts SET admin = 1; END",
            "'trigger evil' is foreign to it",
        ),
        ("CREATE VIEW evil AS SELECT * FROM log", "'view evil' is foreign to it"),
        ('CREATE TABLE "e\x1b[2Jvil" (a)', "'table e\\x1b[2Jvil' is foreign to it"),
        ("DROP TRIGGER audit_is_not_deleted", "trigger audit_is_not_deleted is missing"),
        ("DROP INDEX log_messages", "index log_messages is missing"),
        ("ALTER TABLE accounts ADD COLUMN more TEXT", "table accounts is missing"),
        (
            "CREATE TABLE sqliteXstat1 (a)",  # an underscore is no wildcard
            "'table sqliteXstat1' is foreign to it",
        ),
    ],
)
def test_a_schema_that_is_not_ours_is_told(
    server: SqliteConnection, source: Path, change: str, told: str
) -> None:
    """What would run with the server's next write, or would be missing then."""
    server.execute(change)
    schema, faults = look_over(source)
    assert schema == NEWEST
    assert f"its schema is not securechat's: {told}" in faults


def test_a_trigger_in_an_indexs_place_is_told(server: SqliteConnection, source: Path) -> None:
    """It is the statement that counts, and not the name."""
    server.execute("DROP INDEX log_messages")
    server.execute("CREATE INDEX log_messages ON log (seq)")
    assert len(look_over(source).faults) == 2


def test_a_damaged_page_is_told(source: Path) -> None:
    """Somewhere in the middle of the log."""
    connection = open_database(source)
    write(connection, 1, 600)
    connection.close()
    with source.open("r+b") as file:
        file.seek(300 * 4096)
        file.write(b"\xff" * 4096)
    schema, faults = look_over(source)
    assert schema == NEWEST
    assert faults
    assert all("damaged" in fault for fault in faults)


def test_an_index_that_lacks_a_row_is_told_when_looked_at_closely(source: Path) -> None:
    """The quick look passes over it."""
    connection = open_database(source)
    write(connection, 1, 3)
    # An index that knows less than its table: made for a part of the rows, then called whole.
    connection.execute("DROP INDEX log_messages")
    connection.execute(
        f"CREATE INDEX log_messages ON log (target, seq) WHERE {MESSAGES} AND seq > 1"
    )
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_master SET sql = ? WHERE name = 'log_messages'",
        (f"CREATE INDEX log_messages ON log (target, seq) WHERE {MESSAGES}",),
    )
    connection.close()
    assert look_over(source, thoroughly=False).faults == []
    assert "row 1 missing from index log_messages" in str(look_over(source).faults)


# --- adopting ------------------------------------------------------------------------------------


def meta(path: Path) -> dict[str, str]:
    with closing(open_database(path, read_only=True)) as connection:
        return dict(connection.execute("SELECT key, value FROM meta").fetchall())


def test_an_adopted_copy_names_its_messages_anew(
    server: SqliteConnection, source: Path, target: Path
) -> None:
    """A number that is given again must not make the id of a message that somebody has seen."""
    copy_database(source, target, nothing)
    adopt_copy(target, at_ms=7, by="os:root", file="b.tar")
    before, after = meta(source), meta(target)
    assert len(after["instance"]) == len(before["instance"])
    assert after.pop("instance") != before.pop("instance")
    assert after == before


def test_an_adopted_copy_says_so_in_its_audit(
    server: SqliteConnection, source: Path, target: Path
) -> None:
    """A reader of it must see where the time jumps."""
    copy_database(source, target, nothing)
    adopt_copy(target, at_ms=7, by="os:root", file="b.tar")
    with closing(open_database(target)) as connection:
        [row] = rows(connection, Wanted())
    assert row[1:6] == (7, "backup restored", "os:root", "", "ok")
    assert row.told() == {"file": "b.tar"}


def test_an_adopted_copy_of_an_old_format_is_brought_up_to_date(target: Path) -> None:
    """In one file."""
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.executescript(MIGRATIONS[0])
        connection.execute("INSERT INTO meta VALUES ('instance', 'abcdef')")
        connection.execute("PRAGMA user_version = 1")
    adopt_copy(target, at_ms=7, by="-")
    assert look_over(target) == Findings(NEWEST, [])
    assert meta(target)["instance"] != "abcdef"
    with closing(open_database(target)):
        pass
    assert [path.name for path in target.parent.glob("target*")] == ["target.db"]


def test_what_is_on_postgresql_is_copied_into_a_file(
    postgres_server: PostgresServer, tmp_path: Path, target: Path
) -> None:
    """As private and as complete; a backup has one kind of database."""
    full = make_directory(tmp_path / "data").database
    location = postgres_server.database()
    with (
        closing(open_database(full, read_only=True)) as source,
        closing(database.open_database(location)) as there,
    ):
        copy_rows(source, there, lambda *_: None)
    copy_database(location, target, lambda: None)
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in target.parent.glob(f"{target.name}*")] == [target.name]
    assert contents(target) == contents(full)
    assert look_over(target).faults == []
