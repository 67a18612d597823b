"""Writing the journal: a turn's events in one transaction, on disk when commit() returns.

An event is a named tuple; the statement of its name takes its fields in their order. The store
knows the names and not the types, as it imports nothing of the rules.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from securechat.store.database import StoreError, explain, open_database, transaction

STATEMENTS = {
    "Logged": "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)",
    "AccountCreated": "INSERT INTO accounts (id, name, folded, skeleton, password, admin, "
    "created_ms, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "PasswordChanged": "UPDATE accounts SET password = ? WHERE id = ? AND password = ?",
    "SeenAdvanced": "UPDATE accounts SET seen = ? WHERE id = ?",
    "InviteUsed": "UPDATE invites SET uses = uses - 1 WHERE code_sha256 = ?",
    "RoomCreated": "INSERT INTO targets (id, name, folded, skeleton, founder, modes, created_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)",
    "RoomClosed": "UPDATE targets SET folded = NULL, skeleton = NULL WHERE id = ?",
    "DirectOpened": "INSERT INTO targets (id, low, high) VALUES (?, ?, ?)",
    "Joined": "INSERT INTO memberships (room, account, role, seq) VALUES (?, ?, ?, ?)",
    "Left": "DELETE FROM memberships WHERE room = ? AND account = ?",
    "RoleChanged": "UPDATE memberships SET role = ? WHERE room = ? AND account = ?",
    "TopicChanged": "UPDATE targets SET topic = ?, topic_by = ?, topic_ms = ? WHERE id = ?",
    "ModesChanged": "UPDATE targets SET modes = ?, room_key = ?, member_limit = ? WHERE id = ?",
    "BanAdded": "INSERT INTO bans VALUES (?, ?, ?, ?)",
    "BanRemoved": "DELETE FROM bans WHERE room = ? AND mask = ?",
    "Invited": "INSERT OR REPLACE INTO invitations VALUES (?, ?, ?)",
    "InvitationEnded": "DELETE FROM invitations WHERE room = ? AND account = ?",
}


class Journal:
    """The hub's connection. Only the hub thread may call, once it has begun."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError."""
        self.connection = open_database(path)
        self._version = self._data_version()

    def commit(self, events: Iterable[Sequence[object]]) -> None:
        """Store events, all or none; on disk when this returns.

        Raises ConflictError when one can't stand beside what is stored, StoreError when the
        disk or the database fails. Then nothing of them is stored.
        """
        with transaction(self.connection) as connection:
            for kind, rows in groupby(events, type):
                connection.executemany(STATEMENTS[kind.__name__], rows)

    def remember(self, key: str, value: str) -> None:
        """Keep a fact about this server beside the data. Raises StoreError."""
        with transaction(self.connection) as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def changed_by_others(self) -> bool:
        """Whether another connection has committed since the last call. Raises StoreError."""
        version = self._data_version()
        changed = version != self._version
        self._version = version
        return changed

    def _data_version(self) -> int:
        try:
            version: int = self.connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise StoreError(explain(error)) from error
        return version

    def close(self) -> None:
        """Also folds the write-ahead log into the database."""
        with suppress(sqlite3.Error):  # it is folded in at the next start then
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()
