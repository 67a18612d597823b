"""Folding the write-ahead log into the database (a checkpoint), beside whoever writes.

https://www.sqlite.org/wal.html#ckpt. The thread that made the connection may call.
"""

from __future__ import annotations

import sqlite3

from securechat.store.database import fault

LONG_PAGES = 8000
"""A log of more pages than this (32 MiB) is begun anew, even if its writer has to wait for that."""


def checkpoint(connection: sqlite3.Connection) -> None:
    """Write what the log holds into the database. Writers and readers go on meanwhile.

    When all of it is folded in, the next writer begins the log anew. One that never pauses would
    let it grow without end: then the writer is held up for the little that is new. Raises
    StoreError.
    """
    try:
        _, pages, folded = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages > LONG_PAGES and folded < pages:
            connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    except sqlite3.Error as error:
        raise fault(error) from error
