"""What an error of PostgreSQL means for the person who runs the server."""

from __future__ import annotations

import psycopg
from psycopg import errors

from securechat.store.errors import ConflictError, DamagedError, HeldError, StoreError

OF_ONE_ROW = (psycopg.IntegrityError, psycopg.DataError)
"""What one row alone is to blame for: a name that is taken, or a value that can't be held."""

_URL = "there is a mistake in the URL of the database"
_READS = (
    "this server of the database only reads, as a standby does; name the primary, or all of "
    "them with target_session_attrs=read-write"
)
_WRONG = "its server doesn't take the password; look at the file that has it"
_TLS = "no encrypted connection can be made; have the database's server speak TLS"
_FOREIGN = (
    "the database's server hasn't proven who it is; name the file of the authority of its "
    "certificate in the URL, as sslrootcert=FILE"
)
_FULL = "the database's server has no connection left; raise max_connections"
AWAY = "the database's server can't be reached, or has ended; see that it runs and is reachable"

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
    (errors.ReadOnlySqlTransaction, StoreError, _READS),
    (psycopg.OperationalError, StoreError, AWAY),
)
"""From what is rare to what is general."""

_NAMELESS = "nobody knows the name of the database's host; look at the URL, and at the name service"

_NO_PRIMARY = (
    "none of the database's servers can be written to; make one of them the primary, or name it in "
    "the URL"
)

_REFUSALS = {
    "for connection option": _URL,
    "connection is bad: invalid": _URL,
    "could not match": _URL,
    "failed to resolve host": _NAMELESS,
    "could not translate host name": _NAMELESS,
    "password authentication failed": _WRONG,
    "no password supplied": _WRONG,
    "session is read-only": _NO_PRIMARY,
    "no pg_hba.conf entry": "its server lets this user in from here not at all, or only with TLS; "
    "see its pg_hba.conf, and sslmode in the URL",
    "does not support SSL": _TLS,
    "certificate": _FOREIGN,
    # A connection that is cut, and whose end was told by nobody.
    "unexpected eof": AWAY,
    "SSL error": _TLS,
    "too many": _FULL,
    "remaining connection slots": _FULL,
    "starting up": AWAY,
    "shutting down": AWAY,
    'database "': "the server has no database of that name; make one, owned by the user in the URL",
    'role "': "the server knows no such user; make it, and the database its own",
}
"""By what the server, or libpq, says when there is no connection: it gives no code with it."""


def fault(error: psycopg.Error, place: str) -> StoreError:
    """The error to raise for one of psycopg. place: how people know the database."""
    text = _line(error)
    if isinstance(error, OF_ONE_ROW):
        return ConflictError(text)
    for kind, raised, meaning in _MEANINGS:
        if isinstance(error, kind):
            if kind is psycopg.OperationalError:
                meaning = next((_REFUSALS[sign] for sign in _REFUSALS if sign in text), meaning)
            return raised(f"{place}: {meaning} ({text})", meaning)
    return StoreError(f"{place}: the database can't be used: {text}", "the database can't be used")


def mistake(error: psycopg.Error, place: str) -> StoreError:
    """The error to raise for a URL that libpq doesn't take. place: how people know the database."""
    return StoreError(f"{place}: {_URL} ({_line(error)})", _URL)


def _line(error: psycopg.Error) -> str:
    """What it says itself, without the row that it may quote: a line."""
    told = error.diag.message_primary or str(error)
    return " ".join(told.split())
