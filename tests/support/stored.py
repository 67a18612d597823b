"""What stands in a database, whichever engine has it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from securechat.store.database import Connection, Location, open_database
from securechat.store.moving import PRIMARY_KEYS
from securechat.store.sql.journal import Journal


def tables(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, in the order of their keys."""
    return {
        name: [
            tuple(row)
            for row in connection.execute(f"SELECT * FROM {name} ORDER BY {', '.join(keys)}")
        ]
        for name, keys in PRIMARY_KEYS.items()
    }


def holds(location: Location, text: str) -> bool:
    """Whether a text stands somewhere in it; in a file of SQLite also where no row is any more."""
    with closing(open_database(location)) as connection:
        connection.cut_log()
        rows = repr(tables(connection))
    return text in rows or (isinstance(location, Path) and text.encode() in location.read_bytes())


def is_told(journal: Journal) -> bool:
    """Whether another one has committed: PostgreSQL tells of it with the answer to what is asked
    next, or a moment later.
    """
    journal.connection.execute("SELECT 1")
    return journal.changed_by_others()
