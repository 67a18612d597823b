"""What an administrator does to accounts and invites, each in one transaction.

Used by `securechat-admin` beside a running server, which learns of it through the changes table,
and by the server for its first invite. The thread that made the Admin may call.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from securechat.irc.link import code_digest
from securechat.store.database import ConflictError, StoreError, open_database, transaction
from securechat.store.passwords import HEAD_CHARS
from securechat.store.reader import AccountRow, InviteRow, Reader

APPLIED = "applied_change"
"""Under this key the running server remembers the newest change it has taken up."""


class NewAccount(NamedTuple):
    """The three forms of the name (securechat.irc.names) and the stored form of the password."""

    name: str
    folded: str
    skeleton: str
    password: str
    admin: bool = False


class UnknownError(StoreError):
    """There is no such account or invite."""


class Admin:
    """now_ms: passed in, milliseconds since 1970 (UTC). All methods raise StoreError."""

    def __init__(self, path: Path) -> None:
        self._connection = open_database(path)
        self.reader = Reader(self._connection)

    def close(self) -> None:
        self._connection.close()

    def in_effect(self) -> bool:
        """Whether the server that runs on this database has taken up all changes."""
        applied = int(self.reader.remembered(APPLIED) or 0)
        return applied >= self.reader.last_change()

    # Accounts

    def taken(self, account: NewAccount) -> str | None:
        """Why an account can't be made: the name is taken or looks like another. None if it can."""
        # The same name comes before a look-alike: it is the better reason.
        found = self._connection.execute(
            "SELECT name, folded, deleted FROM accounts WHERE folded = ? OR skeleton = ? "
            "ORDER BY folded = ? DESC LIMIT 1",
            (account.folded, account.skeleton, account.folded),
        ).fetchone()
        if found is None:
            return None
        name, folded, deleted = found
        if folded != account.folded:
            fate = "was deleted and keeps its name" if deleted else "exists"
            return f"{account.name} looks like {name}, which {fate}; choose another name"
        if deleted:
            return f"{name} was deleted; a name is never given out again"
        return f"{name} exists already"

    def add(self, accounts: Sequence[NewAccount], now_ms: int) -> None:
        """Make all of them or none. Raises ConflictError when a name is taken."""
        with transaction(self._connection) as connection:
            seen = self.reader.last_seq()
            for account in accounts:
                reason = self.taken(account)
                if reason is not None:
                    raise ConflictError(reason)
                number = secrets.randbits(52)
                connection.execute(
                    "INSERT INTO accounts (id, name, folded, skeleton, password, admin, "
                    "created_ms, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (number, *account, now_ms, seen),
                )
                self._changed("account", number)

    def find(self, folded: str, shown: str) -> AccountRow:
        """An account that isn't deleted. Raises UnknownError."""
        row = self.reader.account_named(folded)
        if row is None or row.deleted:
            raise UnknownError(f"there is no account {shown}; `user list` shows them")
        return row

    def set_password(self, account: AccountRow, password: str) -> None:
        """password: in its stored form. Whoever is logged in with the old one is not any more."""
        self._update(account, "password", "password = ?", (password,))

    def set_disabled(self, account: AccountRow, *, disabled: bool) -> None:
        """A disabled account can't log in; its sessions end."""
        self._update(account, "account", "disabled = ?", (int(disabled),))

    def set_admin(self, account: AccountRow, *, admin: bool) -> None:
        """Whether the account administers the server: all rooms obey it."""
        self._update(account, "account", "admin = ?", (int(admin),))

    def delete(self, account: AccountRow) -> None:
        """The name stays taken, the messages stay; password, rooms and invitations go."""
        # Of the password only its cost stays: the name must not answer faster than before.
        change = "deleted = 1, disabled = 1, admin = 0, password = substr(password, 1, ?)"
        self._update(account, "account", change, (HEAD_CHARS,))

    def _update(
        self, account: AccountRow, kind: str, change: str, values: tuple[object, ...]
    ) -> None:
        with transaction(self._connection) as connection:
            connection.execute(
                f"UPDATE accounts SET {change} WHERE id = ?",  # noqa: S608 - change is ours
                (*values, account.id),
            )
            if account_is_gone(connection, account.id):
                connection.execute("DELETE FROM memberships WHERE account = ?", (account.id,))
                connection.execute("DELETE FROM invitations WHERE account = ?", (account.id,))
            self._changed(kind, account.id)

    def _changed(self, kind: str, account: int | None) -> None:
        self._connection.execute(
            "INSERT INTO changes (kind, account) VALUES (?, ?)", (kind, account)
        )

    # Invites

    def invite(
        self, *, uses: int, expires_ms: int, now_ms: int, admin: bool = False, note: str = ""
    ) -> str:
        """A new invite; its code, which is kept nowhere."""
        code = secrets.token_urlsafe(16)
        row = InviteRow(code_digest(code), uses, expires_ms, int(admin), now_ms, note)
        with transaction(self._connection) as connection:
            connection.execute("INSERT INTO invites VALUES (?, ?, ?, ?, ?, ?)", row)
            self._changed("invites", None)
        return code

    def revoke(self, prefix: str) -> InviteRow:
        """End the invite whose id, as `invite list` shows it, begins so. Raises UnknownError."""
        rows = self.reader.invites() if prefix else []
        found = [row for row in rows if invite_id(row).startswith(prefix.lower())]
        if len(found) != 1:
            what = "several invites have an id beginning with" if found else "no invite has the id"
            raise UnknownError(f"{what} {prefix!r}; `invite list` shows them")
        self.revoke_all(found)
        return found[0]

    def revoke_all(self, rows: Iterable[InviteRow]) -> None:
        """End invites."""
        with transaction(self._connection) as connection:
            connection.executemany(
                "UPDATE invites SET uses = 0 WHERE code_sha256 = ?",
                [(row.code_sha256,) for row in rows],
            )
            self._changed("invites", None)


def account_is_gone(connection: sqlite3.Connection, account: int) -> bool:
    """Whether the account is marked as deleted."""
    row = connection.execute("SELECT deleted FROM accounts WHERE id = ?", (account,)).fetchone()
    return bool(row and row[0])


def invite_id(row: InviteRow) -> str:
    """What an invite is called in lists; it doesn't give the code away."""
    return row.code_sha256.hex()[:12]
