"""A database in a file: its pragmas, its version, its connections, its write-ahead log.

Each thread opens a connection of its own. The hub's is the only one of the server that writes;
`securechat-admin` may write beside it.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from securechat.common.files import write_new
from securechat.store.errors import DamagedError, HeldError, StoreError, too_new
from securechat.store.sqlite.schema import MIGRATIONS

log = logging.getLogger(__name__)

FILE_NAME = "securechat.db"

BUSY_SECONDS = 2.0
"""How long a writer waits for another one, such as `securechat-admin user import`. The hub is one,
and all chat waits with it.
"""

READER_BUSY_SECONDS = 5.0
"""How long a reader waits: only for what is exclusive, such as the recovery after a crash."""

SHM_BYTES = 32 * 1024
"""Of the shared index of the write-ahead log, which SQLite makes before anything is read."""

WAL_BYTES = 64 * 1024 * 1024
"""What the write-ahead log is cut to when it begins anew: one long transaction, or a reader that
kept it from being folded in, would leave a file of its peak size for ever."""

LONG_PAGES = 8000
"""A log of more pages than this (32 MiB) is begun anew, even if its writer has to wait for that."""

HOLD_MS = 50
"""So long the writer may have to. Where a reader goes on reading, as a backup does for minutes, it
would be in vain: SQLite would keep the writer out for all the time that is waited for the reader.
"""

ROWS_AT_ONCE = (256, 32, 8)
"""In one statement. Before each statement Python lets go of its interpreter's lock, and where the
I/O thread waits for that, taking it back costs more than the row itself.
"""

LAST_RESORT_PAGES = 32_000
"""A commit that finds this many pages (128 MiB) in the write-ahead log folds them in itself."""

FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What reading raises; the second where SQLite's own error quotes a damaged page."""

OF_ONE_ROW = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeEncodeError)
"""What one row alone is to blame for: a name that is taken, or a value that SQLite can't hold."""


@cache
def _insert(table: str, columns: Sequence[str], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    rows = ", ".join([row] * count)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {rows}"  # noqa: S608 - ours


class SqliteConnection(sqlite3.Connection):
    """What store.database.Connection says, for a file."""

    _claimed = False
    _forbids = ""

    def begin(self) -> None:
        """Others that write are waited for."""
        self.execute("BEGIN IMMEDIATE")

    def begin_reading(self) -> None:
        """SQLite takes the state of the first read, and not of BEGIN."""
        self.execute("BEGIN")
        self.execute("SELECT count(*) FROM meta").fetchone()

    def insert_all(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Many in one statement, as far as they go."""
        left = list(rows)
        at = 0
        for count in ROWS_AT_ONCE:
            while len(left) - at >= count:
                together = chain.from_iterable(left[at : at + count])
                self.execute(_insert(table, columns, count), list(together))
                at += count
        self.executemany(_insert(table, columns, 1), left[at:])

    def last_number(self, table: str) -> int:
        """What AUTOINCREMENT has given last (https://www.sqlite.org/autoinc.html)."""
        sql = "SELECT seq FROM sqlite_sequence WHERE name = ?"
        found = self.execute(sql, (table,)).fetchone()
        return found[0] if found else 0

    def set_last_number(self, table: str, number: int) -> None:
        """The next row gets the one after it."""
        self.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        self.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, number))

    # Python's own of these two make the statement anew each time, and let go of the interpreter's
    # lock three times for it: see ROWS_AT_ONCE.

    def commit(self) -> None:
        """On the disk when this returns."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """As if nothing had been written since begin()."""
        self.execute("ROLLBACK")

    def claim(self) -> None:
        """Another server is kept out by the lock of its directory, before this is opened."""
        # The server has a thread that does it; here it is only the last resort.
        self.execute(f"PRAGMA wal_autocheckpoint = {LAST_RESORT_PAGES}")
        self._claimed = True

    def wait_at_most(self, seconds: float) -> None:
        """In SQLite's words its busy timeout."""
        self.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")

    def data_version(self) -> int:
        """Costs no look at a table."""
        version: int = self.execute("PRAGMA data_version").fetchone()[0]
        return version

    def unused_bytes(self) -> int:
        """Of the file, in whole pages."""
        pages: int = self.execute("PRAGMA freelist_count").fetchone()[0]
        size: int = self.execute("PRAGMA page_size").fetchone()[0]
        return pages * size

    def size_bytes(self) -> int:
        """Of the file, without its write-ahead log."""
        pages: int = self.execute("PRAGMA page_count").fetchone()[0]
        size: int = self.execute("PRAGMA page_size").fetchone()[0]
        return pages * size

    def format(self) -> int:
        """SQLite keeps such a number in the file's head."""
        version: int = self.execute("PRAGMA user_version").fetchone()[0]
        return version

    def has_server(self) -> bool:
        """That is for the directory to know."""
        return False

    def lacks_standby(self) -> bool:
        """A file is of one machine."""
        return False

    def allow_deletion(self, table: str, *, allowed: bool) -> None:
        """The trigger that forbids it goes, and comes back as it was."""
        name = f"{table}_is_not_deleted"
        if not allowed:
            self.execute(self._forbids)
            return
        sql = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?"
        # As it stands in the database, so that the same one comes back.
        (self._forbids,) = self.execute(sql, (name,)).fetchone()
        self.execute(f"DROP TRIGGER {name}")

    def fold_log(self) -> bool:
        """Fold the write-ahead log into the database; writers and readers go on meanwhile.

        When all of it is folded in, the next writer begins the log anew. One that never pauses
        would let it grow without end: then the writer is held up for the little that is new. See
        https://www.sqlite.org/wal.html#ckpt.
        """
        try:
            _, pages, folded = self.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > LONG_PAGES and folded < pages:
                self._hold("RESTART")
            return True
        except sqlite3.Error as error:
            raise fault(error) from error

    def cut_log(self) -> bool:
        """Fold it in and leave nothing of it on the disk, where the old content of changed pages
        stands. A reader that has begun before keeps it for a moment.
        """
        try:
            return not self._hold("TRUNCATE")
        except sqlite3.Error as error:
            raise fault(error) from error

    def _hold(self, how: str) -> int:
        """Keep a writer out for a moment; whether somebody was in the way."""
        self.wait_at_most(HOLD_MS / 1000)
        try:
            busy: int = self.execute(f"PRAGMA wal_checkpoint({how})").fetchone()[0]
        finally:
            self.wait_at_most(BUSY_SECONDS)
        return busy

    def close(self) -> None:
        """The server's also folds the write-ahead log into the database."""
        if self._claimed:
            with suppress(sqlite3.Error):  # it is folded in at the next start then
                self.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        super().close()


def open_database(path: Path, *, read_only: bool = False) -> SqliteConnection:
    """A connection for the calling thread; makes the file (0600) and its tables when missing.

    read_only: for readers; the file must be there. Raises StoreError.
    """
    try:
        if not read_only:
            _create_file(path)
        mode = "ro" if read_only else "rw"
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            # Python's own would begin transactions by guessing from the statement.
            isolation_level=None,
            timeout=READER_BUSY_SECONDS if read_only else BUSY_SECONDS,
            # A connection moves: the main thread opens the hub's, and hands it over.
            check_same_thread=False,
            factory=SqliteConnection,
        )
        try:
            _prepare(connection, path, read_only=read_only)
        except BaseException:
            connection.close()  # it may hold a lock
            raise
    except (OSError, *FAULTS) as error:
        raise fault(error, path) from error
    return connection


def files_of(path: Path) -> list[Path]:
    """A database's file, and those that SQLite keeps beside it, which hold the same rows; not each
    of them is there. Any thread.
    """
    return [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]


def _create_file(path: Path) -> None:
    """Mode 0600 from birth; SQLite gives its -wal and -shm files the mode of the database."""
    _check_beginning(path)
    with suppress(FileExistsError):
        write_new(path, b"")


def _check_beginning(path: Path) -> None:
    """SQLite would take a lost database for a new one, and throw away what is left of it. Raises
    DamagedError.
    """
    rest = path.with_name(path.name + "-wal")
    # In this order: where another process makes the database just now, the log comes second.
    if _size(rest) > 0 and _size(path) == 0:
        raise DamagedError(
            f"{path} is missing or empty, but {rest.name} beside it is not: the database has been "
            "lost; restore a backup, or move both files away to begin anew"
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _prepare(connection: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    # The schema declares none; the journal says what goes with what.
    connection.execute("PRAGMA foreign_keys = OFF")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
        return
    _check_ours(connection, path)
    _sort_beside(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit returns when its data is on the disk; that is the promise.
    connection.execute("PRAGMA synchronous = FULL")
    # In KiB: 16 MB of each connection that writes.
    connection.execute("PRAGMA cache_size = -16000")
    # What was replaced, such as the hash of an old password, is not left behind in free space.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    _migrate(connection)
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('instance', ?)", (secrets.token_hex(3),))


def _sort_beside(connection: sqlite3.Connection, path: Path) -> None:
    """SQLite sorts in files what is large, such as an index that a migration makes. Beside the
    database they are as closed as it is, and a container may have no other place for them.
    """
    # Of the whole process, and to be set once only, before other threads use it.
    if connection.execute("PRAGMA temp_store_directory").fetchone() in (None, ("",)):
        place = str(path.absolute().parent).replace("'", "''")
        connection.execute(f"PRAGMA temp_store_directory = '{place}'")


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Nothing may be changed in another program's database, or in one of a newer format. Raises
    StoreError.
    """
    # In one statement: another process may make the tables just now.
    version, tables, ours = connection.execute(
        "SELECT user_version, (SELECT count(*) FROM sqlite_master), "
        "(SELECT count(*) FROM sqlite_master WHERE name = 'meta') FROM pragma_user_version"
    ).fetchone()
    if not ours and (tables or version):
        raise StoreError(
            f"{path} is another program's database: it has no table 'meta'. Name another data "
            "directory, or move the file away"
        )
    if version > len(MIGRATIONS):
        raise too_new(path, version, len(MIGRATIONS))


def _migrate(connection: sqlite3.Connection) -> None:
    first = _version(connection)
    if 0 < first < len(MIGRATIONS):
        # Said before, so that nobody takes it for hung.
        log.info("bringing the database from format %d to %d: wait for it", first, len(MIGRATIONS))
    while (version := _version(connection)) < len(MIGRATIONS):
        script = f"{MIGRATIONS[version]}PRAGMA user_version={version + 1};"
        try:
            connection.executescript(f"BEGIN IMMEDIATE;{script}COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if _version(connection) == version:
                raise
            # Another process that opens it was faster, and has done the same.
    if 0 < first < version:
        log.info("the database had format %d and has %d now", first, version)


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def fault(error: Exception, path: Path | None = None) -> StoreError:
    """The error to raise for one of SQLite or the file system, of the class where it fits."""
    text = explain(error, path)
    if _HELD in text:
        return HeldError(text)
    return DamagedError(text) if _DAMAGED in text else StoreError(text)


def explain(error: Exception, path: Path | None = None) -> str:
    """What an error of SQLite or the file system means for the person who runs the server."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError) or text.startswith("Could not decode to UTF-8"):
        text = "a text in it is not UTF-8"  # the error quotes it, which may be a secret
    where = f"{path}: " if path else ""
    if "disk I/O error" in text and path and _is_full(path):
        return f"{where}{_FULL} ({text})"  # where it can't make its files SQLite says no more
    for sign, meaning in _MEANINGS.items():
        if sign in text:
            return f"{where}{meaning} ({text})"
    return f"{where}the database can't be used: {text}"


def _is_full(path: Path) -> bool:
    """Whether the disk has no room for the smallest of the files that SQLite makes."""
    with suppress(OSError):
        disk = os.statvfs(path.parent)
        return disk.f_bavail * disk.f_frsize < SHM_BYTES
    return False


_FULL = "the disk is full; free some space"
_DAMAGED = "the database is damaged; restore a backup"
_HELD = "another program holds the database; end it, then try again"

_MEANINGS = {
    "database or disk is full": _FULL,
    "readonly": "the database can't be written; check the owner and mode of its directory",
    "Permission denied": "no permission; check the owner and mode of the directory",
    "unable to open": "the database can't be opened; check that the directory is there and yours",
    "malformed": _DAMAGED,
    "is not UTF-8": _DAMAGED,
    "not a database": "this is not a securechat database; restore a backup or name another one",
    "locked": _HELD,
    "disk I/O error": "the disk reports an error; check it",
}
