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
from typing import NamedTuple

from securechat.common.files import write_new
from securechat.store.errors import DamagedError, StoreError
from securechat.store.sqlite.database import BUSY_SECONDS, FAULTS, fault
from securechat.store.sqlite.schema import PART_BITS
from securechat.store.sqlite.search_terms import DOCUMENT, MESSAGES_OF, PART_OPTIONS, prepare

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

_ADD = MESSAGES_OF.format(document=DOCUMENT, log="chat.log", targets="chat.targets")
_STALE = (
    "SELECT part, search_stale.times FROM parts JOIN chat.search_stale ON part = number "
    "WHERE search_stale.times > parts.times ORDER BY part DESC LIMIT 1"
)


class _Rebuilding(NamedTuple):
    """A part that is being made anew. times: the erasures that it will know of."""

    number: int
    name: str
    upto: int
    last: int
    times: int


class SearchIndex:
    """path: of the index, which is made (0600) when it is missing or of another log. log: of the
    log's database, which must be there. Raises StoreError from every method; an index that is
    damaged is removed then, so that the next one is made anew.
    """

    def __init__(self, path: Path, log: Path) -> None:
        self._rebuilding: _Rebuilding | None = None
        self._untruncated = True  # as a crash may have come between
        self._path = path
        try:
            self._connection = _open(path, log)
        except (OSError, *FAULTS) as error:
            if is_damage(error):
                remove(path)
                raise made_anew(path) from error
            raise fault(error, path) from error
        self._inode = path.stat().st_ino

    def close(self) -> None:
        self._connection.close()

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
            found = self._connection.execute("PRAGMA main.quick_check(1)").fetchone()
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
            return self._number("SELECT max(seq) FROM chat.log")
        except FAULTS as error:
            raise fault(error) from error

    def _number(self, sql: str, *params: object) -> int:
        found = self._connection.execute(sql, params).fetchone()
        return int(found[0] or 0) if found else 0

    # What is new

    def _add(self) -> int:
        """The next entries. What the part knows of erasures stands for all of it: who erases an
        entry that is not in it yet has the part made anew once in vain.
        """
        upto = self._number("SELECT max(upto) FROM parts")
        last = self.last_seq()
        if upto >= last:
            return 0
        number = (upto + 1) // PART_ENTRIES
        high = min(upto + BATCH_ENTRIES, last, (number + 1) * PART_ENTRIES - 1)
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        found = execute("SELECT name FROM parts WHERE number = ?", (number,)).fetchone()
        name = found[0] if found else f"part_{number}_0"
        if not found:
            times = self._number("SELECT times FROM chat.search_stale WHERE part = ?", number)
            self._make(name)
            execute("INSERT INTO parts VALUES (?, ?, ?, ?, 0)", (number, name, upto, times))
        execute(f"INSERT INTO {name} (rowid, words) {_ADD}", (upto, high))
        execute("UPDATE parts SET upto = ? WHERE number = ?", (high, number))
        execute("COMMIT")
        return high - upto

    def _make(self, name: str) -> None:
        self._connection.execute(f"CREATE VIRTUAL TABLE {name} USING fts5(words, {PART_OPTIONS})")

    def _join(self) -> int:
        """Make one segment of a part that is full: a search then looks in one place."""
        newest = self._number("SELECT max(number) FROM parts")
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
        found = self._connection.execute(_STALE).fetchone()
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
        first = self._number(
            "SELECT seq FROM chat.log WHERE seq > ? ORDER BY seq LIMIT 1", job.upto
        )
        low = max(job.upto, min(first - 1 if first else job.last, job.last))
        high = min(low + BATCH_ENTRIES, job.last)
        if low < high:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(f"INSERT INTO {job.name} (rowid, words) {_ADD}", (low, high))
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
        busy, *_ = self._connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
        self._untruncated = bool(busy)
        return 1


def _open(path: Path, log: Path) -> sqlite3.Connection:
    connection = _connect(path, log)
    try:
        if not _fits(connection):
            connection.close()
            remove(path)
            connection = _connect(path, log)
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, log: Path) -> sqlite3.Connection:
    if not path.exists():
        remove(path)  # what stood beside one that was taken away is not this one's
    with suppress(FileExistsError):
        write_new(path, b"")  # 0600 from birth
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False, uri=True
    )
    try:
        connection.execute(f"ATTACH '{log.absolute().as_uri()}?mode=ro' AS chat")
    except BaseException:
        connection.close()
        raise
    return connection


def _fits(connection: sqlite3.Connection) -> bool:
    """Whether an index is of this format and this log; an empty file is."""
    if not connection.execute("SELECT count(*) FROM main.sqlite_schema").fetchone()[0]:
        return True
    if connection.execute("PRAGMA main.user_version").fetchone()[0] != FORMAT:
        return False
    kept = connection.execute("SELECT value FROM main.meta WHERE key = 'instance'").fetchone()
    upto = connection.execute("SELECT max(upto) FROM parts").fetchone()[0] or 0
    last = connection.execute("SELECT max(seq) FROM chat.log").fetchone()[0] or 0
    # The newest may have been erased; a log that is shorter for another reason is another one.
    return kept == _instance(connection) and (upto <= last or bool(_erased(connection)))


def _erased(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM chat.search_stale").fetchone()[0])


def _instance(connection: sqlite3.Connection) -> tuple[str]:
    sql = "SELECT value FROM chat.meta WHERE key = 'instance'"
    found: tuple[str] | None = connection.execute(sql).fetchone()
    if found is None:
        raise StoreError("the log's database is not complete yet")
    return found


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA main.journal_mode = WAL")
    # What a power cut takes is made again; it never damages.
    connection.execute("PRAGMA main.synchronous = NORMAL")
    connection.execute("PRAGMA main.secure_delete = ON")
    connection.execute("PRAGMA cache_size = -16000")
    prepare(connection)
    if not connection.execute("SELECT count(*) FROM main.sqlite_schema").fetchone()[0]:
        (instance,) = _instance(connection)
        connection.executescript(
            f"BEGIN IMMEDIATE;{_TABLES}PRAGMA main.user_version={FORMAT};COMMIT;"
        )
        connection.execute("INSERT INTO main.meta VALUES ('instance', ?)", (instance,))


def is_damage(error: Exception) -> bool:
    """Whether an error of SQLite's says that what was read is no database, or no longer one."""
    return isinstance(fault(error), DamagedError) or "not a database" in str(error)


def made_anew(path: Path) -> DamagedError:
    """No backup is asked for: nothing is lost by it."""
    return DamagedError(f"{path} was damaged, and is made anew from the log")


def remove(path: Path) -> None:
    """The index, which is then made anew. Any thread may call."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
