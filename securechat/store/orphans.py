"""Rows that speak of an account or a channel that is gone. Whoever owns the connection may call.

They are left when an administrator deletes an account just before the server dies, and tell nobody
anything. A start removes them, a check finds them.
"""

from __future__ import annotations

import sqlite3

from securechat.store.sqlite.database import transaction

_NO_ACCOUNT = "account NOT IN (SELECT id FROM accounts WHERE NOT deleted)"
_NO_ROOM = "room NOT IN (SELECT id FROM targets WHERE folded IS NOT NULL)"

ORPHANS = {
    "memberships": f"{_NO_ACCOUNT} OR {_NO_ROOM}",
    "invitations": f"{_NO_ACCOUNT} OR {_NO_ROOM}",
    "bans": _NO_ROOM,
    "tokens": _NO_ACCOUNT,
    "certificates": _NO_ACCOUNT,
    "factors": _NO_ACCOUNT,
    "kicks": _NO_ACCOUNT,
    "devices": _NO_ACCOUNT,
}
"""Of each table which rows are orphans, as SQL."""


def find_orphans(connection: sqlite3.Connection) -> dict[str, int]:
    """How many there are of each kind, without those of which there are none."""
    found = {
        table: connection.execute(f"SELECT count(*) FROM {table} WHERE {which}").fetchone()[0]  # noqa: S608
        for table, which in ORPHANS.items()
    }
    return {table: count for table, count in found.items() if count}


def remove_orphans(connection: sqlite3.Connection) -> dict[str, int]:
    """How many there were of each kind. Raises StoreError."""
    with transaction(connection):
        found = find_orphans(connection)
        for table in found:
            connection.execute(f"DELETE FROM {table} WHERE {ORPHANS[table]}")  # noqa: S608
    return found


_WITHOUT = {
    "without a member": "",
    "without an owner": "AND role = 'q'",
}
# A channel without a founder is the lobby, which needs neither.
_CHANNELS = """
SELECT count(*) FROM targets WHERE folded IS NOT NULL AND founder IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM memberships WHERE room = targets.id {which})
"""


def ownerless(connection: sqlite3.Connection) -> dict[str, int]:
    """How many channels have nobody, or no owner, which a start mends too."""
    found = {
        text: connection.execute(_CHANNELS.format(which=which)).fetchone()[0]
        for text, which in _WITHOUT.items()
    }
    return {text: count for text, count in found.items() if count}
