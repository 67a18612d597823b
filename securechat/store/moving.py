"""All rows of a database, put into another one of any engine, and compared with it row by row.

Whoever owns the connections may call. All raise StoreError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from securechat.store.database import FAULTS, FORMAT, Connection, Transaction, fault
from securechat.store.errors import StoreError, too_new
from securechat.store.sql.fragments import FORMAT_KEY

PRIMARY_KEYS: Final = {
    "meta": ("key",),
    "accounts": ("id",),
    "invites": ("code_sha256",),
    "targets": ("id",),
    "memberships": ("channel", "account"),
    "invitations": ("channel", "account"),
    "log": ("seq",),
    "changes": ("id",),
    "tokens": ("digest",),
    "factors": ("account",),
    "recovery_codes": ("digest",),
    "audit": ("id",),
    "usage": ("account",),
    "devices": ("account", "name"),
    "certificates": ("fingerprint",),
    "kicks": ("account", "name"),
    "message_keys": ("account", "slot"),
    "read_markers": ("account", "target"),
    "channel_masks": ("channel", "kind", "mask"),
    "search_stale": ("part",),
    "requests": ("id",),
    "former_names": ("folded",),
}
"""Of every table that both engines have; what one has for itself, as PostgreSQL's `head`, stays."""

NUMBERED: Final = ("changes", "audit", "requests")
"""Tables whose rows the database numbers, never with a number of before."""

ROWS_AT_ONCE = 2000

Row = tuple[Any, ...]
Progress = Callable[[str, int], object]
"""Told of a table and how many of its rows are done, after each piece."""


class Table(NamedTuple):
    """columns: as they are to be read and written, in this order. key: the first of them."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def copy_rows(source: Connection, target: Connection, progress: Progress) -> None:
    """Copy what one state of the source holds into a target that is new, all or nothing; and see
    that it is there. Raises StoreError where it is not.
    """
    with snapshot(source):
        if (found := source.format()) > FORMAT:  # it may have more than we know of
            raise too_new("the database", found, FORMAT)
        with Transaction(target):
            _check_new(target)
            for table in _tables(source):
                _copy(table, source, target, progress)
            for name in NUMBERED:
                target.set_last_number(name, source.last_number(name))
        for table in _tables(source):
            _compare(table, source, target)


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Within the block all reads see one state, whatever is written meanwhile."""
    try:
        connection.begin_reading()
        yield
    except FAULTS as error:
        raise fault(error) from error
    finally:
        if connection.in_transaction:
            connection.rollback()


def _check_new(target: Connection) -> None:
    for name in ("accounts", "log", "audit"):
        if target.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():  # noqa: S608 - ours
            raise StoreError(
                "the database that all is to be put into has something of a server in its schema "
                "securechat, and nothing was changed: have that renamed there (ALTER SCHEMA "
                "securechat RENAME TO securechat_old) or dropped (DROP SCHEMA securechat CASCADE), "
                "or name another database"
            )
    # What a new one has of itself; its format is its own.
    target.execute("DELETE FROM meta WHERE key <> ?", (FORMAT_KEY,))


def _tables(source: Connection) -> list[Table]:
    return [_table(source, name) for name in PRIMARY_KEYS]


def _table(source: Connection, name: str) -> Table:
    cursor = source.execute(f"SELECT * FROM {name} LIMIT 0")  # noqa: S608 - ours
    key = PRIMARY_KEYS[name]
    rest = tuple(found[0] for found in cursor.description if found[0] not in key)
    return Table(name, key + rest, key)


def _copy(table: Table, source: Connection, target: Connection, progress: Progress) -> None:
    done = 0
    for rows in _pieces(table, source):
        target.insert_all(table.name, table.columns, rows)
        done += len(rows)
        progress(table.name, done)


def _compare(table: Table, source: Connection, target: Connection) -> None:
    """Both are in the same order, as both compare texts byte by byte."""
    pairs = zip_longest(_rows(table, source), _rows(table, target))
    for number, (ours, theirs) in enumerate(pairs, 1):
        if ours != theirs:
            raise StoreError(
                f"row {number} of {table.name} is not what it was, once it was copied: nothing "
                "of the source was changed; please report this"
            )


def _rows(table: Table, connection: Connection) -> Iterator[Row]:
    for rows in _pieces(table, connection):
        yield from rows


def _pieces(table: Table, connection: Connection) -> Iterator[Sequence[Row]]:
    """By the primary key, so that no read is long and none takes much memory."""
    key = ", ".join(table.key)
    marks = ", ".join("?" * len(table.key))
    # The format is each database's own.
    which = f"key <> '{FORMAT_KEY}'" if table.name == "meta" else "1 = 1"
    select = f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {which}"  # noqa: S608 - ours
    end = f" ORDER BY {key} LIMIT {ROWS_AT_ONCE}"
    rows = connection.execute(select + end).fetchall()
    while rows:
        yield rows
        after = rows[-1][: len(table.key)]
        rows = connection.execute(f"{select} AND ({key}) > ({marks}){end}", after).fetchall()
