"""Folding the write-ahead log into the database (a checkpoint), beside whoever writes.

https://www.sqlite.org/wal.html#ckpt. The thread that made the connection may call.
"""

from __future__ import annotations

import sqlite3

from securechat.store.sqlite.database import BUSY_SECONDS, fault

LONG_PAGES = 8000
"""A log of more pages than this (32 MiB) is begun anew, even if its writer has to wait for that."""

HOLD_MS = 50
"""So long the writer may have to. Where a reader goes on reading, as a backup does for minutes, it
would be in vain: SQLite would keep the writer out for all the time that is waited for the reader.
"""


def checkpoint(connection: sqlite3.Connection) -> None:
    """Write what the log holds into the database. Writers and readers go on meanwhile.

    When all of it is folded in, the next writer begins the log anew. One that never pauses would
    let it grow without end: then the writer is held up for the little that is new. Raises
    StoreError.
    """
    try:
        _, pages, folded = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages > LONG_PAGES and folded < pages:
            _begin_anew(connection)
    except sqlite3.Error as error:
        raise fault(error) from error


def _begin_anew(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {HOLD_MS}")
    try:
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
