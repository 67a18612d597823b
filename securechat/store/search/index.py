"""The index of the log, for searching: a database of its own beside the log's, and always one that
can be made anew from that. It is in no backup.

It has parts, each of PART_ENTRIES numbers of the one order and with an FTS5 table of its own. What
was erased in the log is taken out by making its part anew, as FTS5 itself leaves deleted terms
lying until they are merged away; that no part is large bounds that, and how long a search stays in
C without looking at the clock. The log's triggers count in search_stale what was erased in which
part.

The hub's database is only read here: its writer waits for nothing. One SearchIndex belongs to one
thread.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from securechat.common.files import write_new
from securechat.store.database import FAULTS, Connection, Location, fault, open_database
from securechat.store.errors import DamagedError, StoreError
from securechat.store.search.terms import ENTRIES, PART_OPTIONS, prepare, put_into
from securechat.store.sql.fragments import PART_BITS
from securechat.store.sqlite.database import BUSY_SECONDS, files_of

FILE_NAME = "search.db"

FORMAT = 1
"""An index of another one is thrown away."""

PART_ENTRIES = 1 << PART_BITS

BATCH_ENTRIES = 1000
"""Numbers that one step goes through: some 15 ms."""

MERGE_PAGES = 64
"""That one step of joining a part's segments writes."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- upto: the last number that is in it. times: how many erasures it knows of. joined: whether all of
-- it is one segment.
CREATE TABLE parts (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    upto INTEGER NOT NULL,
    times INTEGER NOT NULL,
    joined INTEGER NOT NULL DEFAULT 0
) STRICT;
"""

_STALE = "SELECT part, times FROM search_stale ORDER BY part DESC"


class _Rebuilding(NamedTuple):
    """A part that is being made anew. times: the erasures that it will know of."""

    number: int
    name: str
    upto: int
    last: int
    times: int


class SearchIndex:
    """path: of the index, which is made (0600) when it is missing or of another log. log: where the
    log's database is, which must be there. Raises StoreError from every method; an index that is
    damaged is removed then, so that the next one is made anew.
    """

    def __init__(self, path: Path, log: Location) -> None:
        self._rebuilding: _Rebuilding | None = None
        self._untruncated = True  # as a crash may have come between
        self._path = path
        self._log = open_database(log, read_only=True)
        try:
            self._connection = _open(path, _State.of(self._log))
        except BaseException as error:
            self._log.close()
            if not isinstance(error, (OSError, *FAULTS)):
                raise
            if is_damage(error):
                remove(path)
                raise made_anew(path) from error
            raise fault(error, path) from error
        self._inode = path.stat().st_ino

    def close(self) -> None:
        self._connection.close()
        self._log.close()

    def step(self) -> int:
        """Do a small piece of what there is to do. Returns how many numbers of the log it went
        through or pages it wrote, about; 0 when all is done.
        """
        try:
            if self._rebuilding is not None or self._find_stale():
                return self._rebuild()
            return self._add() or self._join() or self._truncate()
        except FAULTS as error:
            self._rebuilding = None
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            if isinstance(told := fault(error), DamagedError) and self._is_damaged():
                remove(self._path)
                raise made_anew(self._path) from error
            raise told from error

    def _is_damaged(self) -> bool:
        """Whether the index is, and not the log that it is made from."""
        try:
            found = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        except FAULTS:
            return True
        return bool(found[0] != "ok")

    @property
    def is_lost(self) -> bool:
        """Whether its file is there no more, or is another one; then it is to be closed, and a new
        one made.
        """
        try:
            return self._path.stat().st_ino != self._inode
        except OSError:
            return True

    def last_seq(self) -> int:
        """Of the log."""
        try:
            return _number(self._log, "SELECT max(seq) FROM log")
        except FAULTS as error:
            raise fault(error) from error

    # What is new

    def _add(self) -> int:
        """The next entries. What the part knows of erasures stands for all of it: who erases an
        entry that is not in it yet has the part made anew once in vain.
        """
        upto = _number(self._connection, "SELECT max(upto) FROM parts")
        last = self.last_seq()
        if upto >= last:
            return 0
        number = (upto + 1) // PART_ENTRIES
        high = min(upto + BATCH_ENTRIES, last, (number + 1) * PART_ENTRIES - 1)
        execute = self._connection.execute
        # Before the entries: of what is erased between the two the part doesn't know then.
        times = _number(self._log, "SELECT times FROM search_stale WHERE part = ?", number)
        entries = self._entries(upto, high)
        execute("BEGIN IMMEDIATE")
        found = execute("SELECT name FROM parts WHERE number = ?", (number,)).fetchone()
        name = found[0] if found else f"part_{number}_0"
        if not found:
            self._make(name)
            execute("INSERT INTO parts VALUES (?, ?, ?, ?, 0)", (number, name, upto, times))
        self._connection.executemany(put_into(name), entries)
        execute("UPDATE parts SET upto = ? WHERE number = ?", (high, number))
        execute("COMMIT")
        return high - upto

    def _entries(self, low: int, high: int) -> list[Any]:
        return self._log.execute(ENTRIES, (low, high)).fetchall()

    def _make(self, name: str) -> None:
        self._connection.execute(f"CREATE VIRTUAL TABLE {name} USING fts5(words, {PART_OPTIONS})")

    def _join(self) -> int:
        """Make one segment of a part that is full: a search then looks in one place."""
        newest = _number(self._connection, "SELECT max(number) FROM parts")
        found = self._connection.execute(
            "SELECT number, name FROM parts WHERE NOT joined AND number < ? LIMIT 1", (newest,)
        ).fetchone()
        if found is None:
            return 0
        number, name = found
        before = self._connection.total_changes
        sql = f"INSERT INTO {name} ({name}, rank) VALUES ('merge', ?)"  # noqa: S608
        self._connection.execute(sql, (-MERGE_PAGES,))
        if self._connection.total_changes - before < 2:  # as FTS5's documentation has it
            self._connection.execute("UPDATE parts SET joined = 1 WHERE number = ?", (number,))
        return BATCH_ENTRIES

    # What was erased

    def _find_stale(self) -> bool:
        known = dict(self._connection.execute("SELECT number, times FROM parts").fetchall())
        stale = self._log.execute(_STALE).fetchall()
        # Of what the index has not come to yet there is nothing to be made anew.
        found = next((row for row in stale if row[1] > known.get(row[0], row[1])), None)
        if found is None:
            return False
        number, times = found
        name, last = self._connection.execute(
            "SELECT name, upto FROM parts WHERE number = ?", (number,)
        ).fetchone()
        other = f"part_{number}_{1 - int(name[-1])}"
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(f"DROP TABLE IF EXISTS {other}")  # of one that was not finished
        self._make(other)
        self._connection.execute("COMMIT")
        self._rebuilding = _Rebuilding(number, other, number * PART_ENTRIES - 1, last, times)
        return True

    def _rebuild(self) -> int:
        job = self._rebuilding
        if job is None:
            return 0
        # Over what is gone altogether it goes with one step.
        sql = "SELECT seq FROM log WHERE seq > ? ORDER BY seq LIMIT 1"
        first = _number(self._log, sql, job.upto)
        low = max(job.upto, min(first - 1 if first else job.last, job.last))
        high = min(low + BATCH_ENTRIES, job.last)
        if low < high:
            entries = self._entries(low, high)
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(put_into(job.name), entries)
            self._connection.execute("COMMIT")
        self._rebuilding = job._replace(upto=high)
        if high >= job.last:
            self._swap(job)
        return max(high - low, 1)

    def _swap(self, job: _Rebuilding) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        (old,) = execute("SELECT name FROM parts WHERE number = ?", (job.number,)).fetchone()
        execute(
            "UPDATE parts SET name = ?, times = ?, joined = 0 WHERE number = ?",
            (job.name, job.times, job.number),
        )
        execute(f"DROP TABLE {old}")
        execute("COMMIT")
        self._rebuilding = None
        self._untruncated = True

    def _truncate(self) -> int:
        """Let go of what was erased in the write-ahead log too. Where somebody reads just now, the
        next step does it.
        """
        if not self._untruncated:
            return 0
        self._connection.execute("PRAGMA busy_timeout = 50")
        busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
        self._untruncated = bool(busy)
        return 1


class _State(NamedTuple):
    """What a log has to be for an index to be its own."""

    instance: str
    last: int
    erased: bool

    @classmethod
    def of(cls, log: Connection) -> _State:
        sql = "SELECT value FROM meta WHERE key = 'instance'"
        found = log.execute(sql).fetchone()
        if found is None:
            raise StoreError("the log's database is not complete yet")
        erased = _number(log, "SELECT count(*) FROM search_stale") > 0
        return cls(found[0], _number(log, "SELECT max(seq) FROM log"), erased)


def _number(connection: Connection | sqlite3.Connection, sql: str, *params: object) -> int:
    found = connection.execute(sql, params).fetchone()
    return int(found[0] or 0) if found else 0


def _open(path: Path, log: _State) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        if not _fits(connection, log):
            connection.close()
            remove(path)
            connection = _connect(path)
        _prepare(connection, log)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    if not path.exists():
        remove(path)  # what stood beside one that was taken away is not this one's
    with suppress(FileExistsError):
        write_new(path, b"")  # 0600 from birth
    return sqlite3.connect(
        path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
    )


def _fits(connection: sqlite3.Connection, log: _State) -> bool:
    """Whether an index is of this format and this log; an empty file is."""
    if not _number(connection, "SELECT count(*) FROM sqlite_schema"):
        return True
    if _number(connection, "PRAGMA user_version") != FORMAT:
        return False
    kept = connection.execute("SELECT value FROM meta WHERE key = 'instance'").fetchone()
    upto = _number(connection, "SELECT max(upto) FROM parts")
    # The newest may have been erased; a log that is shorter for another reason is another one.
    return kept == (log.instance,) and (upto <= log.last or log.erased)


def _prepare(connection: sqlite3.Connection, log: _State) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # What a power cut takes is made again; it never damages.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA cache_size = -16000")
    prepare(connection)
    if not _number(connection, "SELECT count(*) FROM sqlite_schema"):
        connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version={FORMAT};COMMIT;")
        connection.execute("INSERT INTO meta VALUES ('instance', ?)", (log.instance,))


def is_damage(error: Exception) -> bool:
    """Whether an error of SQLite's says that what was read is no database, or no longer one."""
    return isinstance(fault(error), DamagedError) or "not a database" in str(error)


def made_anew(path: Path) -> DamagedError:
    """No backup is asked for: nothing is lost by it."""
    return DamagedError(f"{path} was damaged, and is made anew from the log")


def remove(path: Path) -> None:
    """The index, which is then made anew. Any thread may call."""
    for file in files_of(path):
        file.unlink(missing_ok=True)
