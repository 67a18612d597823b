"""Where a database is, how a connection to it is opened, and what a connection can do.

The statements of `store/sql/` are words that every engine understands; what is an engine's own
stands behind these methods. A file of SQLite is the one that comes with Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol, cast

from securechat.store.errors import ConflictError, StoreError
from securechat.store.postgres.location import PostgresLocation
from securechat.store.sqlite import database as sqlite
from securechat.store.sqlite.database import FAULTS, OF_ONE_ROW, fault, files_of
from securechat.store.sqlite.schema import MIGRATIONS

__all__ = [
    "FAULTS",
    "FORMAT",
    "Connection",
    "Cursor",
    "Location",
    "Transaction",
    "fault",
    "format_of",
    "open_database",
    "retire",
    "size_of",
]

FORMAT = len(MIGRATIONS)
"""How many migrations a database of this program has had."""

Location = Path | PostgresLocation
"""Where a database is: the file of one of SQLite, or a server of PostgreSQL."""

Params = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """What a statement has found or done."""

    @property
    def rowcount(self) -> int:
        """So many rows were written."""

    @property
    def description(self) -> Any:
        """Of each column a tuple, whose first is its name."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection, outside a transaction until begin(). One thread at a time. All methods raise
    one of FAULTS, which fault() turns into a StoreError, or a StoreError itself.
    """

    @property
    def in_transaction(self) -> bool:
        """Whether there was a begin() without its end."""

    def execute(self, sql: str, params: Params = ..., /) -> Cursor:
        """Run a statement."""

    def executemany(self, sql: str, rows: Iterable[Params], /) -> Cursor:
        """Run it with each of the rows."""

    def begin(self) -> None:
        """Begin to write, alone until the end: another one that writes is waited for."""

    def begin_reading(self) -> None:
        """Read one state, whatever others write, until rollback()."""

    def commit(self) -> None:
        """On the disk when this returns."""

    def rollback(self) -> None:
        """As if nothing had been written since begin()."""

    def insert_all(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Put many rows into a table, within a transaction."""

    def last_number(self, table: str) -> int:
        """The highest number that the database has given to a row of a table; 0 for none."""

    def set_last_number(self, table: str, number: int) -> None:
        """Of a table: what last_number() is from now on."""

    def claim(self) -> None:
        """Be the connection of the one server that runs on the database, until close(). Raises
        HeldError where another server does.
        """

    def has_server(self) -> bool:
        """Whether a server runs on the database, perhaps at another machine. False for a file, of
        which the lock of its directory tells that.
        """

    def wait_at_most(self, seconds: float) -> None:
        """How long begin() waits for another one that writes."""

    def data_version(self) -> int:
        """A number that is another one when somebody else has committed."""

    def unused_bytes(self) -> int:
        """That erased rows have left in the database, and that new ones will take."""

    def size_bytes(self) -> int:
        """What the database takes of its disk."""

    def format(self) -> int:
        """How many migrations it has had; 0 where it has no tables yet."""

    def lacks_standby(self) -> bool:
        """Whether it is meant to be on several machines, and is on one: who loses that one loses
        messages that were acknowledged.
        """

    def allow_deletion(self, table: str, *, allowed: bool) -> None:
        """Within a transaction: whether rows of a table that is only ever added to may go."""

    def fold_log(self) -> bool:
        """What there is to do from time to time so that no commit has to; whether that could be
        done now. Raises StoreError.
        """

    def cut_log(self) -> bool:
        """Leave nothing on the disk of what was erased; whether that could be done now.
        Raises StoreError.
        """

    def close(self) -> None:
        """It can't be used any more."""


def open_database(location: Location, *, read_only: bool = False) -> Connection:
    """A connection for the calling thread; makes the database and its tables when they are missing.

    read_only: for readers; the database must be there. Raises StoreError.
    """
    if isinstance(location, PostgresLocation):
        return _open_postgres(location, read_only=read_only)
    return cast("Connection", sqlite.open_database(location, read_only=read_only))


def _open_postgres(location: PostgresLocation, *, read_only: bool) -> Connection:
    try:
        # Only now: psycopg comes with an extra, and who has a file doesn't wait for it.
        from securechat.store.postgres import database as postgres
    except ImportError as error:
        raise StoreError(
            f"{location}: for PostgreSQL it takes the package psycopg, which isn't installed: "
            "pip install 'securechat[postgres]'"
        ) from error
    return cast("Connection", postgres.open_database(location, read_only=read_only))


def format_of(location: Location) -> int:
    """How many migrations a database has had; 0 where there is none. Nothing is changed. Raises
    StoreError.
    """
    if isinstance(location, Path) and not location.exists():
        return 0
    return _ask(location, lambda connection: connection.format())


def size_of(location: Location) -> int:
    """What a database takes of its disk, in bytes. Raises StoreError."""
    return _ask(location, lambda connection: connection.size_bytes())


def retire(location: Location, ending: str) -> str:
    """Give a database that was moved elsewhere another name, so that no server starts on it by
    mistake; that name. Nobody may use it any more. Raises StoreError.
    """
    if not isinstance(location, Path):
        from securechat.store.postgres import database as postgres

        return postgres.retire(location, ending)
    kept = location.with_name(f"{location.name}.{ending}")
    try:
        with closing(open_database(location)) as connection:
            connection.cut_log()  # or what is only there would stay behind
        # The database itself comes last, as before that nothing has moved for who looks.
        for file, other in reversed([*zip(files_of(location), files_of(kept), strict=True)]):
            with suppress(FileNotFoundError):
                file.rename(other)
    except OSError as error:
        raise fault(error, location) from error
    return str(kept)


def _ask(location: Location, question: Callable[[Connection], int]) -> int:
    connection = open_database(location, read_only=True)
    try:
        return question(connection)
    except FAULTS as error:
        raise fault(error, location if isinstance(location, Path) else None) from error
    finally:
        connection.close()


class Transaction:
    """Everything in the block, or nothing of it. Raises ConflictError or StoreError."""

    # A class, as each turn of the hub has one: a generator of contextlib takes as long as a row.

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Connection:
        try:
            self._connection.begin()
        except FAULTS as error:
            raise fault(error) from error
        return self._connection

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            self._roll_back(error)
            return
        try:
            self._connection.commit()
        except BaseException as refused:
            self._roll_back(refused)
            raise

    def _roll_back(self, error: BaseException) -> None:
        """Also raises the store's own error where it is one of the database's."""
        try:
            if self._connection.in_transaction:
                self._connection.rollback()
        except FAULTS as worse:
            raise fault(worse) from error
        if isinstance(error, OF_ONE_ROW):
            raise ConflictError(str(error)) from error
        if isinstance(error, FAULTS):
            raise fault(error) from error
