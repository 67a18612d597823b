"""Copies of a database for backups: taken while a server writes on, and looked over before use."""

from __future__ import annotations

import itertools
import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from securechat.common.files import write_new
from securechat.store import audit, database
from securechat.store.database import FAULTS, Location, Transaction
from securechat.store.errors import StoreError
from securechat.store.moving import copy_rows
from securechat.store.sqlite.database import explain, open_database
from securechat.store.sqlite.schema import EARLIER, MIGRATIONS

STEP_PAGES = 256
"""How much is copied at once: 1 MiB in SQLite's pages of 4 KiB."""

MOST_FAULTS = 10  # who reads more of them knows no more


def copy_database(source: Location, target: Path, between: Callable[[], object]) -> None:
    """Copy what is committed at the moment of the call, whatever is written meanwhile.

    A server that runs on the source goes on writing; its write-ahead log grows until this returns.
    target: made, with mode 0600; one file that needs no other beside it. between: called after each
    step, to leave the disk to others. Raises StoreError. Any thread.

    What is kept on a server of PostgreSQL is copied too, into the same kind of file.
    """
    if not isinstance(source, Path):
        _copy_rows(source, target, between)
        return
    with closing(open_database(source, read_only=True)) as connection:
        try:
            # One read transaction: without it, each commit of the server would have the copy begin
            # anew, and it would never end.
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM meta")
            _copy(connection, target, between)
        except (OSError, *FAULTS) as error:
            raise StoreError(f"{source} can't be copied to {target}: {explain(error)}") from error


def _copy_rows(source: Location, target: Path, between: Callable[[], object]) -> None:
    with (
        closing(database.open_database(source, read_only=True)) as connection,
        closing(open_database(target)) as copy,
    ):
        copy.execute("PRAGMA synchronous = OFF")  # as below
        copy_rows(connection, copy, lambda *_: between())
        copy.execute("PRAGMA journal_mode = DELETE")


def _copy(connection: sqlite3.Connection, target: Path, between: Callable[[], object]) -> None:
    write_new(target, b"")
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        # If it is cut short there is no copy, so nothing need be safe before the end.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        connection.backup(copy, pages=STEP_PAGES, progress=lambda *_: between())
        copy.execute("PRAGMA journal_mode = DELETE")  # a write-ahead log would be a second file


class Findings(NamedTuple):
    """schema: the number of the newest migration that the database has had. faults: what is wrong
    with it, each completing the sentence 'the database is no good: …'.
    """

    schema: int
    faults: list[str]


def look_over(path: Path, *, thoroughly: bool = True) -> Findings:
    """What state a database is in; nothing is changed, and a server may run on it.

    The tables must be exactly those that this program makes: a trigger that somebody has added
    would run with the server's next write. thoroughly: compares each index with its table too.
    Raises StoreError when it can't be opened. Any thread.
    """
    schema = 0
    with closing(open_database(path, read_only=True)) as connection:
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            schema = connection.execute("PRAGMA user_version").fetchone()[0]
            found = _foreign_schema(connection, schema)
            # Not on a foreign schema: it says itself what is to be run when it is checked.
            return Findings(schema, found or _damages(connection, thoroughly=thoroughly))
        except FAULTS as error:
            return Findings(schema, [ascii(explain(error))[1:-1]])  # it may quote what it read


def _foreign_schema(connection: sqlite3.Connection, version: int) -> list[str]:
    if unknown := unknown_format(version, len(MIGRATIONS)):
        return unknown
    found = _schema(connection)
    if found in map(_schema_by, _ways(version)):
        return []
    expected = _schema_by(MIGRATIONS[:version])
    return foreign_parts((found - expected).keys(), (expected - found).keys())


def unknown_format(version: int, newest: int) -> list[str]:
    """What is wrong with a schema whose parts need no look. newest: the format of this program."""
    if version < 1:
        return ["nothing of securechat is in it"]
    if version > newest:
        return [
            f"it was made by a newer securechat (its format is {version}, this one knows up to "
            f"{newest}); install that version"
        ]
    return []


def foreign_parts(found: Set[tuple[str, str]], expected: Set[tuple[str, str]]) -> list[str]:
    """What is wrong with a schema. Of each part its name, and how it was made."""
    missing = [f"{what} is missing" for what, _ in sorted(expected - found)]
    alien = [f"{what!r} is foreign to it" for what, _ in sorted(found - expected)]
    return [f"its schema is not securechat's: {text}" for text in (missing + alien)[:MOST_FAULTS]]


def _ways(version: int) -> Iterator[Sequence[str]]:
    """The migrations up to a version, and then those by which it was also reached once."""
    return itertools.product(
        *(
            (script, EARLIER[number]) if number in EARLIER else (script,)
            for number, script in enumerate(MIGRATIONS[:version], 1)
        )
    )


def _schema_by(scripts: Iterable[str]) -> Counter[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as model:
        for script in scripts:
            model.executescript(script)
        return _schema(model)


def _schema(connection: sqlite3.Connection) -> Counter[tuple[str, str]]:
    """Tables, indexes and triggers, by kind and name, each with the statement that made it."""
    return Counter(connection.execute(_SCHEMA).fetchall())


# Without what SQLite's ANALYZE makes for itself.
_SCHEMA = """
SELECT coalesce(type || ' ' || name, ''), coalesce(tbl_name || ': ' || sql, '') FROM sqlite_master
WHERE NOT (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4'))
"""


def _damages(connection: sqlite3.Connection, *, thoroughly: bool) -> list[str]:
    check = "integrity_check" if thoroughly else "quick_check"
    found = connection.execute(f"PRAGMA {check}({MOST_FAULTS})").fetchall()
    # A row may be a whole paragraph, with a heading between asterisks.
    lines = [line for (text,) in found for line in text.splitlines() if not line.startswith("*")]
    return [] if lines == ["ok"] else [f"it is damaged: {line}" for line in lines[:MOST_FAULTS]]


def adopt_copy(path: Path, *, at_ms: int, by: str, **facts: str | int) -> None:
    """Make a copy a server's database: of today's format, and with the restoration in its audit.

    Its messages get other ids: the numbers of what was said after the copy was made will be given
    again, and clients take two messages of one id for one. at_ms: now, milliseconds since 1970
    (UTC). by, facts: for the audit. Leaves one file. Raises StoreError.
    """
    with closing(open_database(path)) as connection, Transaction(connection):
        connection.execute(
            "UPDATE meta SET value = ? WHERE key = 'instance'", (secrets.token_hex(3),)
        )
        audit.note(connection, at_ms=at_ms, by=by, event="backup restored", facts=facts)
