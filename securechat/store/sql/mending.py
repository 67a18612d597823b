"""What a start puts in order in the database, and a check of a backup finds out of order.

Whoever owns the connection may call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from securechat.irc.lookalikes import data_version
from securechat.irc.names import skeleton_of
from securechat.store.database import FAULTS, Connection, Transaction, fault
from securechat.store.sql.fragments import KEEP_FACT

log = logging.getLogger(__name__)


def mend(connection: Connection) -> None:
    """Remove what is left of accounts and channels that are gone, and compare names by today's
    data. For the start of a server, before anything is loaded. Raises StoreError.
    """
    try:
        removed = remove_orphans(connection)
        alike = refresh_skeletons(connection, data_version(), skeleton_of)
    except FAULTS as error:
        raise fault(error) from error
    for table, count in removed.items():
        log.warning("%d rows of %s were of an account or a channel that is gone", count, table)
    for name in alike:
        log.warning("%s looks like an older name by today's data of Unicode; it stays", name)


# --- rows that speak of an account or a channel that is gone --------------------------------------

# They are left when an administrator deletes an account just before the server dies; nobody needs
# them.
_NO_ACCOUNT = "account NOT IN (SELECT id FROM accounts WHERE deleted = 0)"
_NO_CHANNEL = "channel NOT IN (SELECT id FROM targets WHERE folded IS NOT NULL)"

ORPHANS = {
    "memberships": f"{_NO_ACCOUNT} OR {_NO_CHANNEL}",
    "invitations": f"{_NO_ACCOUNT} OR {_NO_CHANNEL}",
    "channel_masks": _NO_CHANNEL,
    "tokens": _NO_ACCOUNT,
    "certificates": _NO_ACCOUNT,
    "factors": _NO_ACCOUNT,
    "kicks": _NO_ACCOUNT,
    "read_markers": _NO_ACCOUNT,
    "devices": _NO_ACCOUNT,
    "former_names": "account NOT IN (SELECT id FROM accounts)",
}
"""Of each table which rows are orphans, as SQL."""


def find_orphans(connection: Connection) -> dict[str, int]:
    """How many there are of each kind, without those of which there are none."""
    found = {
        table: connection.execute(f"SELECT count(*) FROM {table} WHERE {which}").fetchone()[0]  # noqa: S608
        for table, which in ORPHANS.items()
    }
    return {table: count for table, count in found.items() if count}


def remove_orphans(connection: Connection) -> dict[str, int]:
    """How many there were of each kind. Raises StoreError."""
    with Transaction(connection):
        found = find_orphans(connection)
        for table in found:
            connection.execute(f"DELETE FROM {table} WHERE {ORPHANS[table]}")  # noqa: S608
    return found


_WITHOUT = {
    "without a member": "",
    "without an owner": "AND modes LIKE '%q%'",
}
# A channel without a founder is the lobby, which needs neither.
_CHANNELS = """
SELECT count(*) FROM targets WHERE folded IS NOT NULL AND founder IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM memberships WHERE channel = targets.id {which})
"""


def ownerless(connection: Connection) -> dict[str, int]:
    """How many channels have nobody, or no owner, which a start mends too."""
    found = {
        text: connection.execute(_CHANNELS.format(which=which)).fetchone()[0]
        for text, which in _WITHOUT.items()
    }
    return {text: count for text, count in found.items() if count}


# --- skeletons: what names look like, made anew when the data they are made from has changed ------

MADE_FROM = "skeletons_made_from"
"""Under this key meta has the version of the data."""

MARK = "\1"
"""In a skeleton that another name has too: no name's skeleton has one, so that it equals none."""

_NAMED = {
    "accounts": "SELECT id, name, skeleton FROM accounts ORDER BY created_ms, id",
    "targets": "SELECT id, name, skeleton FROM targets WHERE folded IS NOT NULL ORDER BY id",
}


def refresh_skeletons(
    connection: Connection, version: str, skeleton: Callable[[str], str]
) -> list[str]:
    """Make all skeletons anew, unless they were made from this version of the data. Returns the
    names that look like an older one now: they stay, and the next one like them is refused.
    """
    sql = "SELECT value FROM meta WHERE key = ?"
    if connection.execute(sql, (MADE_FROM,)).fetchone() == (version,):
        return []
    alike: list[str] = []
    with Transaction(connection):
        for table in _NAMED:
            alike += _refresh(connection, table, skeleton)
        connection.execute(KEEP_FACT, (MADE_FROM, version))
    return alike


def _refresh(connection: Connection, table: str, skeleton: Callable[[str], str]) -> list[str]:
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


def look_alikes(connection: Connection) -> list[str]:
    """The names that look like an older one."""
    sql = "SELECT name FROM {} WHERE instr(skeleton, ?) > 0 ORDER BY id"
    return [name for table in _NAMED for (name,) in connection.execute(sql.format(table), (MARK,))]
