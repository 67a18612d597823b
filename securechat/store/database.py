"""Opening the database: its file, its pragmas, its version.

Each thread opens a connection of its own. The hub's is the only one of the server that writes;
`securechat-admin` may write beside it.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from securechat.store.schema import MIGRATIONS

FILE_NAME = "securechat.db"

BUSY_SECONDS = 2.0
"""How long a writer waits for another one, such as `securechat-admin user import`. The hub is one,
and all chat waits with it.
"""

READER_BUSY_SECONDS = 5.0
"""How long a reader waits: only for what is exclusive, such as the recovery after a crash."""

WAL_BYTES = 64 * 1024 * 1024
"""What the write-ahead log is cut to when it begins anew: one long transaction, or a reader that
kept it from being folded in, would leave a file of its peak size for ever."""


class StoreError(Exception):
    """The database can't be used, or refuses; the text says why and what to do."""


class ConflictError(StoreError):
    """A row can't be stored because of what others have stored: a name taken meanwhile."""


def open_database(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
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
            isolation_level=None,
            timeout=READER_BUSY_SECONDS if read_only else BUSY_SECONDS,
            check_same_thread=False,
        )
        try:
            _prepare(connection, path, read_only=read_only)
        except BaseException:
            connection.close()  # it may hold a lock
            raise
    except (OSError, sqlite3.Error) as error:
        raise StoreError(explain(error, path)) from error
    return connection


def _create_file(path: Path) -> None:
    """Mode 0600 from birth; SQLite gives its -wal and -shm files the mode of the database."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _prepare(connection: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
        return
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit returns when its data is on the disk; that is the promise.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -16000")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path} was made by a newer securechat (its format is {version}, this one knows "
            f"up to {len(MIGRATIONS)}); install that version, or restore a backup"
        )
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;{script}PRAGMA user_version={number};COMMIT;")
    connection.execute(
        "INSERT OR IGNORE INTO meta VALUES ('instance', ?), ('cost_key', ?)",
        (secrets.token_hex(3), secrets.token_hex(32)),
    )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Everything in the block, or nothing of it. Raises ConflictError or StoreError."""
    # A value that SQLite can't hold is the fault of its row alone, as a name that is taken.
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeError) as error:
        raise ConflictError(str(error)) from error
    except sqlite3.Error as error:
        raise StoreError(explain(error)) from error


def explain(error: Exception, path: Path | None = None) -> str:
    """What an error of SQLite or the file system means for the person who runs the server."""
    text = str(error)
    where = f"{path}: " if path else ""
    for sign, meaning in _MEANINGS.items():
        if sign in text:
            return f"{where}{meaning} ({text})"
    return f"{where}the database can't be used: {text}"


_MEANINGS = {
    "database or disk is full": "the disk is full; free some space",
    "readonly": "the database can't be written; check the owner and mode of its directory",
    "Permission denied": "no permission; check the owner and mode of the directory",
    "unable to open": "the database can't be opened; check that the directory is there and yours",
    "malformed": "the database is damaged; restore a backup",
    "not a database": "this is not a securechat database; restore a backup or name another one",
    "locked": "another program holds the database; end it, then try again",
    "disk I/O error": "the disk reports an error; check it",
}
