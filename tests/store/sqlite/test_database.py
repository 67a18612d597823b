"""Opening the database, transactions, and what its errors tell."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from securechat.store.database import Transaction
from securechat.store.errors import ConflictError, StoreError
from securechat.store.sqlite import database
from securechat.store.sqlite.database import SqliteConnection, explain, open_database
from securechat.store.sqlite.schema import MIGRATIONS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database will be."""
    return tmp_path / database.FILE_NAME


def pragma(connection: SqliteConnection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def refused(path: Path, *, read_only: bool = False) -> str:
    with pytest.raises(StoreError) as caught:
        open_database(path, read_only=read_only)
    return str(caught.value)


# --- opening -------------------------------------------------------------------------------------


def test_it_is_private_from_birth(path: Path) -> None:
    """Nobody else reads the messages: not in the database, nor in the files beside it."""
    connection = open_database(path)
    connection.execute("INSERT INTO meta VALUES ('a', 'b')")
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [path.name, path.name + "-shm", path.name + "-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    connection.close()


def test_a_commit_is_on_the_disk(path: Path) -> None:
    """WAL with synchronous = FULL (2): fsync at every commit, or a power cut takes messages."""
    connection = open_database(path)
    assert pragma(connection, "journal_mode") == "wal"
    assert pragma(connection, "synchronous") == 2
    connection.close()


def test_a_new_one_has_the_newest_format(path: Path) -> None:
    """All migrations have run, and it has a name of its own for message ids."""
    connection = open_database(path)
    assert pragma(connection, "user_version") == len(MIGRATIONS)
    [instance] = connection.execute("SELECT value FROM meta WHERE key = 'instance'").fetchone()
    assert len(instance) == 6
    connection.close()


def test_the_write_ahead_log_does_not_keep_its_peak_size(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folded in, it is cut to the limit when it begins anew."""
    monkeypatch.setattr(database, "WAL_BYTES", 100_000)
    connection = open_database(path)
    wal = path.with_name(path.name + "-wal")
    with Transaction(connection):
        put(connection, "big", "x" * 1_000_000)
    assert wal.stat().st_size > 1_000_000
    connection.execute("PRAGMA wal_checkpoint(FULL)")
    put(connection, "small")
    assert wal.stat().st_size == 100_000
    connection.close()


def test_opened_again_it_is_the_same(path: Path) -> None:
    """What was stored is there, and its name stays."""
    first = open_database(path)
    first.execute("INSERT INTO meta VALUES ('kept', 'yes')")
    facts = dict(first.execute("SELECT key, value FROM meta").fetchall())
    first.close()
    again = open_database(path)
    assert dict(again.execute("SELECT key, value FROM meta").fetchall()) == facts
    again.close()


def test_only_the_missing_migrations_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of yesterday is brought up to date and keeps its rows."""
    old = open_database(path)
    old.execute("INSERT INTO meta VALUES ('kept', 'yes')")
    old.close()
    newer = [*MIGRATIONS, "CREATE TABLE fresh (a TEXT) STRICT;"]
    monkeypatch.setattr(database, "MIGRATIONS", newer)
    connection = open_database(path)
    assert pragma(connection, "user_version") == len(newer)
    assert connection.execute("SELECT count(*) FROM fresh").fetchone() == (0,)
    assert connection.execute("SELECT value FROM meta WHERE key = 'kept'").fetchone() == ("yes",)
    connection.close()


def test_a_migration_that_another_process_has_just_done_is_not_done_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server and `securechat-admin` may open a database of yesterday at the same instant."""
    open_database(path).close()
    real, seen = database._version, iter([len(MIGRATIONS) - 1])
    monkeypatch.setattr(database, "_version", lambda found: next(seen, real(found)))
    open_database(path).close()
    assert next(seen, None) is None


def test_a_migration_that_fails_leaves_all_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a migration would be no format at all."""
    open_database(path).close()
    monkeypatch.setattr(
        database, "MIGRATIONS", [*MIGRATIONS, "CREATE TABLE half (a TEXT) STRICT; SELECT nonsense;"]
    )
    assert "nonsense" in refused(path)
    monkeypatch.undo()
    connection = open_database(path)
    assert pragma(connection, "user_version") == len(MIGRATIONS)
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("SELECT * FROM half")
    connection.close()


def test_one_of_a_newer_securechat_is_not_touched(path: Path) -> None:
    """An older program must not write what it doesn't understand."""
    connection = open_database(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    text = refused(path)
    assert "was made by a newer securechat (its format is 99" in text
    assert "install that version" in text


def test_a_reader_can_t_write(path: Path) -> None:
    """Whatever a bug in a worker does, the hub stays the only writer."""
    open_database(path).close()
    reader = open_database(path, read_only=True)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM log")
    reader.close()


def test_a_reader_makes_no_database(path: Path) -> None:
    """Where there is none, it says so and leaves nothing behind."""
    text = refused(path, read_only=True)
    assert str(path) in text
    assert "check that the directory is there" in text
    assert not path.exists()


def test_what_is_no_database_is_told(path: Path) -> None:
    """A file of something else is neither used nor overwritten."""
    path.write_bytes(b"not a database at all, just text " * 100)
    before = path.read_bytes()
    assert "this is not a securechat database" in refused(path)
    assert path.read_bytes() == before


def test_a_directory_that_isn_t_there_is_told(tmp_path: Path) -> None:
    """With its path."""
    path = tmp_path / "missing" / database.FILE_NAME
    assert str(path) in refused(path)


# --- transactions --------------------------------------------------------------------------------


@pytest.fixture
def connection(path: Path) -> Iterator[SqliteConnection]:
    """An open database."""
    opened = open_database(path)
    yield opened
    opened.close()


def put(connection: SqliteConnection, key: str, value: object = "x") -> None:
    connection.execute("INSERT INTO meta VALUES (?, ?)", (key, value))


def put_all(connection: SqliteConnection, rows: Iterable[tuple[str, object]]) -> None:
    with Transaction(connection):
        for key, value in rows:
            put(connection, key, value)


def keys(path: Path) -> set[str]:
    """What another connection sees."""
    other = open_database(path, read_only=True)
    found = {key for (key,) in other.execute("SELECT key FROM meta")}
    other.close()
    return found - {"instance", "usage_upto"}


def test_all_of_a_block_is_stored(connection: SqliteConnection, path: Path) -> None:
    """Seen by others when the block has ended, and not before."""
    with Transaction(connection):
        put(connection, "a")
        put(connection, "b")
        assert keys(path) == set()
    assert keys(path) == {"a", "b"}


def test_nothing_of_a_failed_block_is_stored(connection: SqliteConnection, path: Path) -> None:
    """Whatever the error; the connection is fit for the next transaction."""

    def fail() -> None:
        with Transaction(connection):
            put(connection, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with Transaction(connection):
        put(connection, "b")
    assert keys(path) == {"b"}


@pytest.mark.parametrize(
    "value",
    [1 << 80, "\ud800", None],
    ids=["too large a number", "no Unicode", "nothing"],
)
def test_a_row_that_can_t_be_stored_is_a_conflict(
    connection: SqliteConnection, path: Path, value: object
) -> None:
    """So that the other rows of its turn don't suffer for it."""
    with pytest.raises(ConflictError):
        put_all(connection, [("a", "x"), ("b", value)])
    assert keys(path) == set()


def test_a_name_that_is_taken_is_a_conflict(connection: SqliteConnection) -> None:
    """It says which column is in conflict, not what stood in it."""
    put(connection, "secret name")
    with (
        pytest.raises(ConflictError, match=r"meta\.key") as caught,
        Transaction(connection),
    ):
        put(connection, "secret name")
    assert "secret name" not in str(caught.value)


def test_a_database_that_another_holds_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some patience, with what to do."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.0)
    one, two = open_database(path), open_database(path)
    with Transaction(one):
        put(one, "a")
        with (
            pytest.raises(StoreError, match="another program holds the database"),
            Transaction(two),
        ):
            put(two, "b")
    assert keys(path) == {"a"}


def test_who_writes_waits_less_than_who_reads(path: Path) -> None:
    """All chat waits with the hub."""
    writer, reader = open_database(path), open_database(path, read_only=True)
    assert (pragma(writer, "busy_timeout"), pragma(reader, "busy_timeout")) == (2000, 5000)
    writer.close()
    reader.close()


def test_a_full_disk_is_told(connection: SqliteConnection, path: Path) -> None:
    """Nothing of the block is stored; when there is room again, all goes on."""
    pages = pragma(connection, "page_count")
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full; free some space"):
        put_all(connection, [("a", "x"), ("b", "x" * 1_000_000)])
    assert keys(path) == set()
    connection.execute("PRAGMA max_page_count = 1000000")
    with Transaction(connection):
        put(connection, "b", "x" * 1_000_000)
    assert keys(path) == {"b"}


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("database or disk is full", "free some space"),
        ("attempt to write a readonly database", "check the owner and mode"),
        ("[Errno 13] Permission denied: 'x'", "no permission"),
        ("unable to open database file", "check that the directory is there"),
        ("database disk image is malformed", "restore a backup"),
        ("file is not a database", "restore a backup or name another one"),
        ("database is locked", "end it, then try again"),
        ("disk I/O error", "the disk reports an error"),
        ("something new", "the database can't be used: something new"),
    ],
)
def test_an_error_says_what_to_do(error: str, told: str) -> None:
    """SQLite's own words stand behind it, for those who look them up."""
    text = explain(sqlite3.OperationalError(error))
    assert told in text
    assert error in text


def test_an_error_names_the_file_when_it_is_known() -> None:
    """Somebody may have several servers."""
    text = explain(sqlite3.OperationalError("disk I/O error"), Path("/data/chat.db"))
    assert text.startswith("/data/chat.db: ")


@pytest.mark.parametrize(("free", "told"), [(0, "the disk is full; free"), (9, "check it")])
def test_an_error_of_a_full_disk_is_called_so(
    path: Path, monkeypatch: pytest.MonkeyPatch, free: int, told: str
) -> None:
    """Where it can't make the files beside the database, SQLite speaks of an I/O error only."""
    disk = SimpleNamespace(f_bavail=free, f_frsize=4096)
    monkeypatch.setattr("os.statvfs", lambda _: disk)
    assert told in explain(sqlite3.OperationalError("disk I/O error"), path)
