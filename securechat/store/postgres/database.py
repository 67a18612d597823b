"""Connections to a database of PostgreSQL: how they are opened, claimed, lost and made anew.

A transaction that writes locks the one row of `head` first, so that one writes at a time, as with
SQLite: numbers that come later stand for what is stored later, and nobody overlooks a row that is
committed behind its back. See https://www.postgresql.org/docs/current/explicit-locking.html.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from typing import Any, Final

import psycopg
from psycopg import waiting
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg.types.bool import BoolDumper
from psycopg.types.numeric import Int8Dumper, IntLoader

from securechat.common.files import read_named
from securechat.store.errors import (
    DisplacedError,
    HeldError,
    StoreError,
    UnknownOutcomeError,
    too_new,
)
from securechat.store.postgres.faults import AWAY, fault, mistake
from securechat.store.postgres.location import VERIFIED, PostgresLocation
from securechat.store.postgres.schema import FIRST_FORMAT, MIGRATIONS, NAME
from securechat.store.postgres.statements import translate
from securechat.store.sql.fragments import FORMAT_KEY, KEEP_FACT

log = logging.getLogger(__name__)

# It warns of what follows from an error that it raises beside that, and so is told by us.
logging.getLogger("psycopg").setLevel(logging.ERROR)

CONNECT_SECONDS = 5

GONE_SECONDS = 5
"""A connection is given up on which so long nothing arrives: a firewall may drop all that is said
without a word, and all chat waits meanwhile.
"""

BUSY_SECONDS = 2.0
"""How long a writer waits for another one; see store.sqlite.database."""

FEW_ROWS = 16

SETTLE_SECONDS = 60.0
"""So long it is tried to learn whether a turn was stored, once the connection was lost."""

RETRY_SECONDS = 0.25

CLAIM_SECONDS = 3.0
"""So long a start waits for the database: of a server that was killed it is free in a moment."""

RETURN_SECONDS = 1.0
"""So long a server waits, once, for the connection that it has lost, and all chat with it."""

LEAVE_SECONDS = 0.5
"""Of that so long for the lost one to let go."""

GLANCE_SECONDS = 0.02

WAKE_SECONDS = 0.1
"""So often it is looked for a signal while the database is waited for."""

LOST_COMMIT = "5s"
"""How long a commit that a lost connection has left behind is waited for at a time."""

RUNNING = 0x7365_6375_7265_6368
"""The number of the advisory lock that the server holds which runs on the database."""

IS_HELD = """
EXISTS (
    SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND (classid::bigint << 32) | objid::bigint = {key}
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""
"""Whether somebody holds the advisory lock of a key; it stands there as two numbers of 32 bits."""

HAS_SERVER = "SELECT " + IS_HELD.format(key="%s")

LONG_CONFIRMED_SECONDS = 1.0
"""Any commit waits for a standby, but for less than that where there is one."""

WAITS_FOR_STANDBY = f"""
SELECT EXISTS (
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user
    AND wait_event = 'SyncRep'
    AND query_start < clock_timestamp() - interval '{LONG_CONFIRMED_SECONDS} s'
)
"""  # noqa: S608 - a number of ours

CHANNEL = "securechat"
"""On which those who write tell of it."""

_SETTINGS: Final = {
    "search_path": NAME,
    # The promise: a commit returns when it is on the disk, and on a standby's where there are some.
    "synchronous_commit": "on",
    "client_encoding": "UTF8",
    "timezone": "UTC",
    "idle_in_transaction_session_timeout": "30s",
}

Params = Sequence[Any] | Mapping[str, Any]


class _IntOfBool(BoolDumper):
    """Truth is 0 or 1 in our tables, as SQLite has no other."""

    oid = psycopg.adapters.types["int8"].oid

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"


class _BoolAsInt(IntLoader):
    """And what is true or false in a statement's result is 0 or 1."""

    def load(self, data: bytes | bytearray | memoryview) -> int:
        return int(bytes(data) == b"t")


class _Patient(psycopg.Connection[Any]):
    def wait(self, gen: PQGen[Any], interval: float = WAKE_SECONDS, **more: Any) -> Any:  # type: ignore[override]
        """As psycopg's own, which would cancel at a Ctrl-C what is waited for: of a commit that
        waits for a standby others would see then what no other machine has, see unconfirmed().
        """
        return waiting.wait(gen, self.pgconn.socket, interval, **more)


class PostgresConnection:
    """What store.database.Connection says. All methods raise StoreError.

    One that was lost is made anew where nothing can be doubled or overlooked by that.
    """

    def __init__(self, location: PostgresLocation, *, read_only: bool) -> None:
        self._location = location
        self._read_only = read_only
        self._busy_seconds = BUSY_SECONDS
        self._epoch: int | None = None
        """Of the server whose connection this is; None for all others."""
        self._turn = self._stored = 0
        """The server's turn that is on, and the newest one that is stored."""
        self._return: Future[PostgresConnection] | None = None
        """Makes it anew where it was lost."""
        self._began = self._next_try = 0.0
        """When that was tried, and when it is tried again."""
        self._refusal: StoreError = _unanswered(location)
        self._patient = True
        """Why it isn't there, and whether a server has not yet waited for it."""
        self._heard = 0
        self._warned = False
        self._in_transaction = False
        self._ended = False
        self._pg = self._connect()
        self._pg.add_notice_handler(self._notice)

    # Connections

    def _connect(self) -> psycopg.Connection[Any]:
        pause, gone = max(1, GONE_SECONDS // 4), GONE_SECONDS * 1000
        alive = {f"keepalives_{name}": pause for name in ("idle", "interval")}
        # So that of a connection which is cut the other end lets go, too, with the locks it holds.
        theirs = {f"tcp_{name}": value for name, value in alive.items()}
        settings = {**_SETTINGS, **theirs, "tcp_keepalives_count": 3, "tcp_user_timeout": gone}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        try:
            words = make_conninfo(
                self._location.url,
                connect_timeout=CONNECT_SECONDS,
                application_name="securechat",
                options=options,
                keepalives_count=3,
                tcp_user_timeout=gone,
                **alive,
                **({} if self._location.is_local else {"sslmode": VERIFIED}),
                **self._secret(),
            )
            pg = _Patient.connect(words, autocommit=True)
            if self._read_only:
                # Not before: target_session_attrs=read-write would take it for a standby's.
                pg.execute("SET default_transaction_read_only = on")
        except psycopg.ProgrammingError as error:
            raise mistake(error, str(self._location)) from error
        except psycopg.Error as error:
            raise fault(error, str(self._location)) from error
        pg.adapters.register_dumper(int, Int8Dumper)
        pg.adapters.register_dumper(bool, _IntOfBool)
        pg.adapters.register_loader("bool", _BoolAsInt)
        pg.adapters.register_loader("numeric", IntLoader)
        return pg

    def _secret(self) -> dict[str, str]:
        file = self._location.password_file
        if file is None:
            return {}
        try:
            return {"password": read_named(file).decode().splitlines()[0]}
        except (OSError, UnicodeDecodeError, IndexError) as error:
            raise StoreError(
                f"{file}: expected the password of the database in its first line: "
                f"{getattr(error, 'strerror', None) or 'there is none'}"
            ) from error

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        # "canceling wait for synchronous replication": the commit is on this disk, and perhaps on
        # no other; it returns as if all were well.
        self._warned = self._warned or diagnostic.severity_nonlocalized == "WARNING"

    def _run(self, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except psycopg.Error as error:
            raise self._fault(error) from error

    def _fault(self, error: psycopg.Error) -> StoreError:
        return fault(error, str(self._location))

    def _row(self, sql: str, params: Params | None = None) -> Any:
        """The first one that a statement in PostgreSQL's own words finds."""
        return self._run(lambda: self._pg.execute(sql, params).fetchone())

    # What others know of connections

    @property
    def in_transaction(self) -> bool:
        """Whether there was a begin() without its end."""
        return self._in_transaction

    @property
    def _is_lost(self) -> bool:
        return self._pg.closed and not self._ended

    def execute(self, sql: str, params: Params = (), /) -> psycopg.Cursor[Any]:
        """A read outside of a transaction is tried once more where the connection was lost."""
        words = translate(sql)
        if self._in_transaction or not self._is_lost:
            try:
                return self._pg.execute(words, params)
            except psycopg.Error as error:
                if self._in_transaction or not self._is_lost:
                    raise fault(error, str(self._location)) from error
        self._reconnect()
        return self._run(lambda: self._pg.execute(words, params))  # type: ignore[no-any-return]

    def executemany(self, sql: str, rows: Iterable[Params], /) -> psycopg.Cursor[Any]:
        """All of them go to the server at once."""

        def execute() -> psycopg.Cursor[Any]:
            cursor = self._pg.cursor()
            cursor.executemany(translate(sql), rows)
            return cursor

        return self._run(execute)  # type: ignore[no-any-return]

    def script(self, words: str) -> None:
        """Run several statements, in PostgreSQL's own words."""
        self._run(lambda: self._pg.execute(words))

    def begin(self) -> None:
        """Raises HeldError where another one that writes was waited for in vain."""
        try:
            if not self._is_lost:
                self._begin()
                return
        except psycopg.Error as error:
            # Of one that was lost unnoticed: nothing was done by it, so it is begun by another one.
            if not self._is_lost:
                found = self._fault(error)
                if isinstance(found, HeldError) and self._busy_seconds >= LONG_CONFIRMED_SECONDS:
                    self._check_confirmed()
                raise found from error
        self._reconnect()
        self._run(self._begin)

    def _check_confirmed(self) -> None:
        """What holds the database may be no program that can be ended, but a commit that waits for
        a standby, perhaps of a server that has ended. Raises HeldError where it is.
        """
        waits = False
        with suppress(psycopg.Error):
            waits = self._pg.execute(WAITS_FOR_STANDBY).fetchone() == (1,)
        if waits:
            raise HeldError(
                f"{self._location}: what was stored there last waits for a standby, and nothing "
                "goes on until one has confirmed it: have one connect to "
                f"{self.host} again, or, where another server is the primary by now, end that one",
                "no standby of the database confirms what is stored",
            )

    def _begin(self) -> None:
        """In one message to the server of the database, as all chat waits for its answer. The head
        is locked by it, and the server's own turn is counted there.
        """
        lock = "SELECT turn FROM head FOR UPDATE"
        if self._epoch is not None:
            lock = f"UPDATE head SET turn = turn + 1 WHERE epoch = {self._epoch:d} RETURNING turn"  # noqa: S608
        wait = max(1, round(self._busy_seconds * 1000))
        words = f"BEGIN; SET LOCAL lock_timeout = {wait}; {lock}"
        self._in_transaction = True
        try:
            cursor = self._pg.execute(words)
            while cursor.nextset():
                pass
            found = cursor.fetchone()
            if found is None:
                raise _displaced(self._location)
        except (psycopg.Error, StoreError):
            self.rollback()
            raise
        self._turn = found[0]

    def begin_reading(self) -> None:
        """One snapshot (https://www.postgresql.org/docs/current/transaction-iso.html)."""
        self.begin_plainly("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_plainly(self, words: str = "BEGIN") -> None:
        """Begin without the lock that one who writes has."""
        self.execute(words)
        self._in_transaction = True

    def commit(self) -> None:
        """Raises UnknownOutcomeError where the connection was lost over it, or where it is on this
        disk and may be on no other.
        """
        if self._epoch is None:
            self.script(f"NOTIFY {CHANNEL}")
        self._warned = False
        try:
            done = self._pg.execute("COMMIT").statusmessage
        except psycopg.OperationalError as error:
            self._in_transaction = False
            raise self._unknown(fault(error, str(self._location))) from error
        except psycopg.Error as error:
            raise fault(error, str(self._location)) from error
        self._in_transaction = False
        if done != "COMMIT":  # one of its statements had failed, and somebody went on
            raise StoreError(f"{self._location}: nothing was stored, as a part of it was refused")
        if self._warned:
            raise self._unknown(unconfirmed(self._location))
        self._stored = self._turn

    def _unknown(self, why: StoreError) -> UnknownOutcomeError:
        text, turn = str(why), self._turn
        if self._epoch is None:
            text = f"{text}; look whether it was done, then try again"

        def settle() -> bool:
            if self._epoch is None:
                raise StoreError(text)
            return self._was_stored(turn)

        return UnknownOutcomeError(text, settle, why.told)

    def _was_stored(self, turn: int) -> bool:
        """Whether the server's turn of a number was. Who comes back gets the lock of the head when
        the commit that is asked for has ended, one way or the other.
        """
        end = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                self._reconnect()
            except DisplacedError:
                raise
            except StoreError:
                if time.monotonic() > end:
                    raise
                time.sleep(RETRY_SECONDS)
            else:
                return self._stored >= turn

    def rollback(self) -> None:
        """Where the connection was lost there is nothing left to take back."""
        self._in_transaction = False
        if not self._is_lost:
            with suppress(psycopg.Error):
                self._pg.execute("ROLLBACK")

    def insert_all(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """By COPY, which takes a tenth of the time; few of them by one statement, as COPY asks
        twice.
        """
        rows = list(rows)
        if len(rows) <= FEW_ROWS:
            one = f"({', '.join(['%s'] * len(columns))})"
            sql = (
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * len(rows))}"  # noqa: S608 - no input in it
            )
            self._run(lambda: self._pg.execute(sql, [value for row in rows for value in row]))
            return
        words = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        try:
            with self._pg.cursor() as cursor, cursor.copy(words) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise fault(error, str(self._location)) from error

    def last_number(self, table: str) -> int:
        """Of the sequence behind its column `id`."""
        sql = f"SELECT last_value - (NOT is_called)::int FROM {table}_id_seq"  # noqa: S608 - ours
        return int(self._row(sql)[0])

    def set_last_number(self, table: str, number: int) -> None:
        """The next row gets the one after it."""
        sql = f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {number + 1:d}"
        self.script(sql)

    def take_place(self) -> None:
        """Of the server that runs on it, until the connection ends. Raises HeldError where another
        one has it.
        """
        if not self._hold(CLAIM_SECONDS):
            self._check_confirmed()
            if names := self._names_of_nodes():
                raise HeldError(
                    f"{self._location}: nodes run on this database ({names}): give this server a "
                    "name in [cluster], to be one of them, or end them first"
                )
            raise HeldError(
                f"{self._location}: another securechat server runs on this database; end it first"
            )

    def claim(self) -> None:
        """By an advisory lock, which ends with the connection, and an epoch, which outlives it."""
        self.take_place()
        self._warned = False
        sql = "UPDATE head SET epoch = epoch + 1 RETURNING epoch, turn"
        claimed = self._row(sql)
        if self._warned:  # what it would begin with may be on no other machine either
            raise unconfirmed(self._location)
        self._epoch, self._stored = claimed

    def has_server(self) -> bool:
        """By the lock that claim() takes, and each node."""
        return bool(self._row(HAS_SERVER, (RUNNING,))[0])

    def _names_of_nodes(self) -> str:
        if self._row("SELECT to_regclass('nodes')") == (None,):
            return ""
        sql = "SELECT string_agg(DISTINCT name, ', ') FROM nodes WHERE state <> 'gone'"
        return str(self._row(sql)[0] or "")

    def _hold(self, seconds: float) -> bool:
        """Whether it is this one's, within so long: another end lets go in a moment."""
        return self._hold_lock("SELECT pg_try_advisory_lock(%s)", (RUNNING,), seconds)

    def _hold_lock(self, sql: str, params: Params, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not self._row(sql, params)[0]:
            if time.monotonic() >= end:
                return False
            time.sleep(GLANCE_SECONDS)
        self.script(f"LISTEN {CHANNEL}")
        return True

    def _reconnect(self) -> None:
        """Raises StoreError where it isn't there yet. With a server's all chat would wait: so it
        waits for a moment, once, and then not again until it has succeeded.
        """
        serves = self._epoch is not None
        if self._in_transaction:
            # What follows there would be no part of it, and would be stored by itself.
            raise StoreError(f"{self._location}: the connection was lost amid a transaction", AWAY)
        if self._return is None:
            if time.monotonic() < self._next_try:
                raise self._refusal.with_traceback(None)
            with suppress(psycopg.Error):
                self._pg.close()
            self._began = time.monotonic()
            self._return = _beside(self._another)
        patience = RETURN_SECONDS if self._patient else 0.0
        try:
            error = self._return.exception(patience if serves else None)
        except TimeoutError:
            self._patient = False
            raise self._refusal.with_traceback(None) from None
        found, self._return = self._return, None
        if isinstance(error, StoreError):
            now = time.monotonic()
            self._refusal = error
            # Who waits for what can't be reached does so for half of the time, at most.
            most = RETRY_SECONDS if serves else CONNECT_SECONDS
            self._next_try = now + min(now - self._began, most)
        other = found.result()
        self._pg, self._epoch, self._stored = other._pg, other._epoch, other._stored
        self._pg.add_notice_handler(self._notice)
        self._refusal, self._patient = _unanswered(self._location), True
        if serves:
            self._heard += 1  # as something may have been told meanwhile
            log.warning("the connection to %s was lost, and is there again", self._location)

    def _twin(self) -> PostgresConnection:
        """A new one like this."""
        return PostgresConnection(self._location, read_only=self._read_only)

    def _another(self) -> PostgresConnection:
        """One that is to this one's place. In a thread of its own."""
        other = self._twin()
        other._epoch, other._stored = self._epoch, self._stored
        try:
            if self._epoch is not None:
                other._come_back()
        except StoreError:
            other.close()
            raise
        return other

    def _come_back(self) -> None:
        """A server's connection is its own again only if no other one has claimed it meanwhile, and
        all is there that was stored.
        """
        if not self._hold(LEAVE_SECONDS):
            # What has taken over holds it, too: then there is nothing to wait for.
            sql = "SELECT epoch FROM head"
            if self._row(sql) != (self._epoch,):
                raise _displaced(self._location)
            raise HeldError(
                f"{self._location}: the connection that was lost still holds it; wait",
                "the connection to the database is being made again",
            )
        self._warned = False
        sql = "SELECT turn FROM head WHERE epoch = %s FOR UPDATE"
        self._check_return(self._wait_for_lost_commit(sql, (self._epoch,)))

    def _wait_for_lost_commit(
        self, sql: str = "SELECT turn FROM head FOR UPDATE", params: Params = ()
    ) -> Any:
        self.script(f"SET lock_timeout = '{LOST_COMMIT}'")
        found = self._row(sql, params)
        self.script("RESET lock_timeout")
        return found

    def _check_return(self, found: Any) -> None:
        """found: the turn of the head; None where it has another epoch."""
        if found is None:
            raise _displaced(self._location)
        if self._warned:  # what was read has waited for a standby as well, and in vain
            raise unconfirmed(self._location)
        if found[0] < self._stored:
            raise DisplacedError(
                f"{self._location} lacks what was stored there: an older state was restored, or a "
                "standby has taken over that was behind, so this server must end"
            )
        self._stored = found[0]

    def wait_at_most(self, seconds: float) -> None:
        """From the next begin() on."""
        self._busy_seconds = seconds

    def data_version(self) -> int:
        """Others tell of what they write, and so does a connection that was made anew."""
        if self._is_lost:
            self._reconnect()
        told = self._run(lambda: [*self._pg.notifies(timeout=0)])
        self._heard += sum(one.pid != self._pg.info.backend_pid for one in told)
        return self._heard

    def hear(self, seconds: float) -> bool:
        """Wait for others to tell of something, at most so long; whether they have."""
        if self._is_lost:
            self._reconnect()
        told = self._run(lambda: [*self._pg.notifies(timeout=seconds, stop_after=1)])
        return bool(told)

    def unused_bytes(self) -> int:
        """PostgreSQL keeps no count of them."""
        return 0

    def size_bytes(self) -> int:
        """Of all its files."""
        return int(self.execute("SELECT pg_database_size(current_database())").fetchall()[0][0])

    def format(self) -> int:
        """It stands among the facts in meta."""
        there = "SELECT to_regclass(?) IS NOT NULL"
        if self.execute(there, (f"{NAME}.meta",)).fetchone() != (1,):
            return 0
        sql = "SELECT value FROM meta WHERE key = ?"
        found = self.execute(sql, (FORMAT_KEY,)).fetchone()
        return int(found[0]) if found else 0

    @property
    def host(self) -> str:
        """Of those in the URL the one that it is connected to."""
        return self._pg.info.host

    def lacks_standby(self) -> bool:
        """Whether a commit waits for no other machine; see
        https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION.
        """
        return bool(self.execute("SHOW synchronous_standby_names").fetchone() == ("",))

    def tell_of_no_standby(self) -> None:
        """Whoever stores something waits for one; and a start that did so said nothing else. At a
        standby nobody stores anything.
        """
        sql = "SELECT pg_is_in_recovery() OR EXISTS (SELECT 1 FROM pg_stat_replication)"
        if not self.lacks_standby() and not self._row(sql)[0]:
            log.warning(
                "%s is to be on a standby as well (synchronous_standby_names), and none is "
                "connected to %s: this waits until one is",
                self._location,
                self.host,
            )

    def allow_deletion(self, table: str, *, allowed: bool) -> None:
        """For this transaction alone, as it locks the table."""
        change = "DISABLE" if allowed else "ENABLE"
        name = f"{table}_is_not_deleted"
        self.script(f"ALTER TABLE {table} {change} TRIGGER {name}")

    def fold_log(self) -> bool:
        """The server of the database does it by itself."""
        return True

    def cut_log(self) -> bool:
        """Old rows are overwritten at once, and not when it pleases autovacuum. What stands in
        PostgreSQL's own write-ahead log, and in archives of it, goes as its administrator has it.
        """
        self.execute("VACUUM log")
        return True

    def close(self) -> None:
        """Ends what claim() began."""
        self._ended = True
        self._epoch = None
        self._pg.close()
        if self._return is not None:
            self._return.add_done_callback(_close)


def _beside(action: Callable[[], PostgresConnection]) -> Future[PostgresConnection]:
    """Do it in a thread that nobody has to wait for."""
    future: Future[PostgresConnection] = Future()

    def run() -> None:
        try:
            future.set_result(action())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="reconnect", daemon=True).start()
    return future


def _close(done: Future[PostgresConnection]) -> None:
    if done.exception() is None:
        done.result().close()


def _unanswered(location: PostgresLocation) -> StoreError:
    return StoreError(f"{location}: {AWAY} (there is no answer yet)", AWAY)


def unconfirmed(location: PostgresLocation) -> StoreError:
    """It is on this disk, and perhaps on no other."""
    told = "no standby of the database has confirmed it"
    return StoreError(f"{location}: no standby has confirmed it", told)


def _displaced(location: PostgresLocation) -> DisplacedError:
    return DisplacedError(
        f"{location}: another securechat server has taken over this database, so this one must end"
    )


def open_database(location: PostgresLocation, *, read_only: bool = False) -> PostgresConnection:
    """A connection; makes the tables when they are missing, and brings them to today's format.

    read_only: for readers; the tables must be there. Raises StoreError.
    """
    connection = PostgresConnection(location, read_only=read_only)
    try:
        if not read_only:
            connection.tell_of_no_standby()
            migrate(connection, location)
    except BaseException:
        connection.close()
        raise
    return connection


def waits_for_standby(location: PostgresLocation) -> str:
    """The host where something that was stored isn't confirmed yet, or ''. Raises StoreError."""
    with closing(PostgresConnection(location, read_only=True)) as connection:
        waits = connection.execute(WAITS_FOR_STANDBY).fetchone() == (1,)
        return connection.host if waits else ""


def lacks_standby(location: PostgresLocation) -> bool:
    """As the connection's. Raises StoreError."""
    with closing(PostgresConnection(location, read_only=True)) as connection:
        return connection.lacks_standby()


def retire(location: PostgresLocation, ending: str) -> str:
    """Rename the schema; the new name, for people. Raises StoreError."""
    connection = PostgresConnection(location, read_only=False)
    try:
        connection.script(f"ALTER SCHEMA {NAME} RENAME TO {NAME}_{ending}")
    finally:
        connection.close()
    return f"{location}, schema {NAME}_{ending}"


def migrate(connection: PostgresConnection, location: PostgresLocation) -> None:
    """Make the tables, or bring them to today's format. Raises StoreError."""
    newest = max(MIGRATIONS)
    if (found := connection.format()) == newest:
        return
    if found > newest:
        raise too_new(location, found, newest)
    # Two that start at the same time do it one after the other: each sees in its transaction what
    # the one before it has made, as that begins with the lock.
    connection.execute("SELECT pg_advisory_lock(?)", (RUNNING + 1,))
    try:
        _make_tables(connection, location, newest)
    finally:
        connection.execute("SELECT pg_advisory_unlock(?)", (RUNNING + 1,))


def _make_tables(connection: PostgresConnection, location: PostgresLocation, newest: int) -> None:
    execute = connection.execute
    connection.begin_plainly()
    try:
        found = connection.format()
        if not found:
            _check_empty(connection, location)
            execute(f"CREATE SCHEMA IF NOT EXISTS {NAME}")
        elif found < newest:
            _keep_servers_away(connection, location)
            log.info("bringing the database from format %d to %d: wait for it", found, newest)
        for number in range(max(found + 1, FIRST_FORMAT), newest + 1):
            connection.script(MIGRATIONS[number])
        execute(KEEP_FACT, (FORMAT_KEY, str(newest)))
        sql = "INSERT INTO meta VALUES ('instance', ?) ON CONFLICT DO NOTHING"
        execute(sql, (secrets.token_hex(3),))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _keep_servers_away(connection: PostgresConnection, location: PostgresLocation) -> None:
    """One that runs would store nothing any more. Until the transaction's end none can begin."""
    if not connection.execute("SELECT pg_try_advisory_xact_lock(?)", (RUNNING,)).fetchall()[0][0]:
        raise HeldError(
            f"{location}: a securechat server of an older version runs on this database; end it "
            "first"
        )


def _check_empty(connection: PostgresConnection, location: PostgresLocation) -> None:
    """The schema may be there already, as its owner has made it, but it is nobody else's; and the
    database takes all texts.
    """
    sql = (
        "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE nspname = ?"
    )
    if connection.execute(sql, (NAME,)).fetchone() != (0,):
        raise StoreError(
            f"{location} is another program's database: its schema {NAME} has other tables; name "
            "another database"
        )
    [encoding] = connection.execute("SHOW server_encoding").fetchall()[0]
    if encoding != "UTF8":
        raise StoreError(
            f"{location}: expected a database in the encoding UTF8, got {encoding}, in which not "
            "all that people write can be kept: name one made by createdb --encoding UTF8 "
            "--template template0"
        )
