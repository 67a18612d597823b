"""The parts of the search's index, read while its own thread goes on writing it. One IndexReader
belongs to one thread.

The index is nobody's only copy: where a part of it can't be read, its file is removed, and the
thread that keeps it makes it anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from securechat.store.database import FAULTS, fault
from securechat.store.search.index import PART_ENTRIES, is_damage, made_anew, remove
from securechat.store.sqlite.database import READER_BUSY_SECONDS

_PARTS = (
    "SELECT number, name, upto, times FROM parts WHERE upto > ? AND number * ? < ? ORDER BY number"
)


class IndexPart(NamedTuple):
    """name: of its table. low, high: numbers that are in it are between, without both. times: how
    many erasures it knows of.
    """

    number: int
    name: str
    low: int
    high: int
    times: int


class Matching(NamedTuple):
    """terms: of FTS5. low: after which number. limit: how many at most, -1 for all."""

    terms: str
    low: int
    oldest_first: bool
    limit: int = -1


class _FaultOfIndex(Exception):  # noqa: N818 - it never leaves this module
    """And not one of the log, which is read in the same block."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class IndexReader:
    """path: of the index. It is opened when it is needed, and anew when there is a new one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def close(self) -> None:
        """Until it is needed again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One state of it, until the block ends. Raises StoreError when the index fails, and
        OSError when there is none.
        """
        connection = self._opened()
        try:
            # Parts may be put together meanwhile, and vanish between two looks.
            with _faults():
                connection.execute("BEGIN")
            yield
        except _FaultOfIndex as found:
            self.close()
            if is_damage(found.error):
                remove(self._path)
                raise made_anew(self._path) from found.error
            raise fault(found.error, self._path) from found.error
        finally:
            if self._connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")

    def _opened(self) -> sqlite3.Connection:
        # A new file in the old one's place: an index that was made anew.
        inode = self._path.stat().st_ino
        if self._connection is None or inode != self._inode:
            self.close()
            self._connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                timeout=READER_BUSY_SECONDS,
                check_same_thread=False,
            )
            self._inode = inode
        return self._connection

    # In a snapshot

    def upto(self) -> int:
        """The last number that is in the index."""
        with _faults():
            found = self._execute("SELECT max(upto) FROM parts").fetchone()
        return int(found[0] or 0)

    def parts(self, low: int, high: int) -> list[IndexPart]:
        """Those that have numbers between two, without both; in their order."""
        with _faults():
            rows = self._execute(_PARTS, low, PART_ENTRIES, high).fetchall()
        return [
            IndexPart(
                number,
                name,
                max(low, number * PART_ENTRIES - 1),
                min(high, seq + 1),
                times,
            )
            for number, name, seq, times in rows
        ]

    def match(self, part: IndexPart, wanted: Matching) -> Iterator[int]:
        """The numbers of a part that fit, in their order or from the newest."""
        with _faults():
            yield from match(self._open(), part, wanted)

    def _execute(self, sql: str, *params: object) -> sqlite3.Cursor:
        return self._open().execute(sql, params)

    def _open(self) -> sqlite3.Connection:
        assert self._connection is not None  # noqa: S101 - as there is a snapshot
        return self._connection


def match(connection: sqlite3.Connection, part: IndexPart, wanted: Matching) -> Iterator[int]:
    """The same in a database that has the part."""
    order = "ASC" if wanted.oldest_first else "DESC"
    sql = (
        f"SELECT rowid FROM {part.name} WHERE {part.name} MATCH ? "  # noqa: S608
        f"AND rowid > ? AND rowid < ? ORDER BY rowid {order} LIMIT ?"
    )
    for (seq,) in connection.execute(sql, (wanted.terms, wanted.low, part.high, wanted.limit)):
        yield seq


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        raise _FaultOfIndex(error) from error
