"""What an error of PostgreSQL means for the person who runs the server."""

from __future__ import annotations

import psycopg
from psycopg import errors

from securechat.store.errors import ConflictError, DamagedError, HeldError, StoreError

OF_ONE_ROW = (psycopg.IntegrityError, psycopg.DataError)
"""What one row alone is to blame for: a name that is taken, or a value that can't be held."""

_MEANINGS: tuple[tuple[type[psycopg.Error], type[StoreError], str], ...] = (
    (errors.LockNotAvailable, HeldError, "another program holds the database; end it, or wait"),
    (errors.DiskFull, StoreError, "the disk of the database's server is full; free some space"),
    (errors.DataCorrupted, DamagedError, "the database is damaged; restore a backup"),
    (errors.IndexCorrupted, DamagedError, "an index is damaged; REINDEX it, or restore a backup"),
    (
        errors.InsufficientPrivilege,
        StoreError,
        "this user may not do that there; make it the owner of the database",
    ),
    (
        errors.InvalidPassword,
        StoreError,
        "the database's server doesn't take the password; look at the file that has it",
    ),
    (
        errors.InvalidCatalogName,
        StoreError,
        "the server has no database of that name; make one, owned by the user in the URL",
    ),
    (
        errors.ReadOnlySqlTransaction,
        StoreError,
        "this server of the database only reads, as a standby does; name the primary, or all of "
        "them with target_session_attrs=read-write",
    ),
    (
        errors.TooManyConnections,
        StoreError,
        "the database's server has no connection left; raise max_connections",
    ),
    (
        psycopg.OperationalError,
        StoreError,
        "the database's server can't be reached, or has ended; see that it runs and is reachable",
    ),
)
"""From what is rare to what is general."""


def fault(error: psycopg.Error, place: str) -> StoreError:
    """The error to raise for one of psycopg. place: how people know the database."""
    text = _line(error)
    if isinstance(error, OF_ONE_ROW):
        return ConflictError(text)
    for kind, raised, meaning in _MEANINGS:
        if isinstance(error, kind):
            return raised(f"{place}: {meaning} ({text})")
    return StoreError(f"{place}: the database can't be used: {text}")


def _line(error: psycopg.Error) -> str:
    """What it says itself, without the row that it may quote: a line."""
    told = error.diag.message_primary or str(error)
    return " ".join(told.split())
