"""What names look like, kept beside them: made anew when the data it is made from has changed.

Whoever owns the connection may call. Raises StoreError.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from securechat.store.sqlite.database import transaction

MADE_FROM = "skeletons_made_from"
"""Under this key meta has the version of the data."""

MARK = "\0"
"""In a skeleton that another name has too: no name's skeleton has one, so that it equals none."""

_NAMED = {
    "accounts": "SELECT id, name, skeleton FROM accounts ORDER BY created_ms, id",
    "targets": "SELECT id, name, skeleton FROM targets WHERE folded IS NOT NULL ORDER BY id",
}


def refresh_skeletons(
    connection: sqlite3.Connection, version: str, skeleton: Callable[[str], str]
) -> list[str]:
    """Make all skeletons anew, unless they were made from this version of the data. Returns the
    names that look like an older one now: they stay, and the next one like them is refused.
    """
    sql = "SELECT value FROM meta WHERE key = ?"
    if connection.execute(sql, (MADE_FROM,)).fetchone() == (version,):
        return []
    alike: list[str] = []
    with transaction(connection):
        for table in _NAMED:
            alike += _refresh(connection, table, skeleton)
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (MADE_FROM, version))
    return alike


def _refresh(
    connection: sqlite3.Connection, table: str, skeleton: Callable[[str], str]
) -> list[str]:
    alike: list[str] = []
    taken: set[str] = set()
    changes: list[tuple[str, int]] = []
    for number, name, before in connection.execute(_NAMED[table]).fetchall():
        after = skeleton(name)
        if after in taken:
            alike.append(name)
            after = f"{after}{MARK}{number}"
        taken.add(after)
        if after != before:
            changes.append((after, number))
    # In two steps, as each must be unique at any time: two names may change places.
    update = f"UPDATE {table} SET skeleton = ? WHERE id = ?"  # noqa: S608 - table is ours
    connection.executemany(update, [(f"{MARK}{number}", number) for _, number in changes])
    connection.executemany(update, changes)
    return alike


def look_alikes(connection: sqlite3.Connection) -> list[str]:
    """The names that look like an older one."""
    sql = "SELECT name FROM {} WHERE instr(skeleton, char(0))"
    return [name for table in _NAMED for (name,) in connection.execute(sql.format(table))]
