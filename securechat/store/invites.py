"""The invites that an administrator makes and ends. The thread that made the Admin may call.

Each act is one transaction with its row in the audit, as in store.admin.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from securechat.credentials.link import code_digest
from securechat.store.audit import Audit
from securechat.store.database import Connection, Transaction
from securechat.store.errors import UnknownError
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import InviteRow


class Invites:
    """changed: tells the running server of a change, by its kind. All methods raise StoreError."""

    def __init__(
        self,
        connection: Connection,
        reader: Reader,
        audit: Audit,
        changed: Callable[[str, int | None], object],
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._audit = audit
        self._changed = changed

    def make(
        self, *, uses: int, expires_ms: int, now_ms: int, admin: bool = False, note: str = ""
    ) -> str:
        """A new invite; its code, which is kept nowhere."""
        code = secrets.token_urlsafe(16)
        row = InviteRow(code_digest(code), uses, expires_ms, int(admin), now_ms, note)
        with Transaction(self._connection) as connection:
            connection.execute("INSERT INTO invites VALUES (?, ?, ?, ?, ?, ?)", row)
            self._changed("invites", None)
            rights = {"rights": "administrator"} if admin else {}
            self._audit.add("invite made", invite=invite_id(row), uses=uses, note=note, **rights)
        return code

    def revoke(self, prefix: str) -> InviteRow:
        """End the invite whose id, as `invite list` shows it, begins so. Raises UnknownError."""
        # An empty prefix would fit the only invite that there is.
        rows = self._reader.invites() if prefix else []
        found = [row for row in rows if invite_id(row).startswith(prefix.lower())]
        if len(found) != 1:
            if found:
                raise UnknownError(
                    f"several invites have an id beginning with {prefix!r}; `invite list` shows "
                    "them"
                )
            raise UnknownError(f"no invite has the id {prefix!r}; `invite list` shows them")
        self.revoke_all(found)
        return found[0]

    def revoke_all(self, rows: Sequence[InviteRow]) -> None:
        """End invites."""
        with Transaction(self._connection) as connection:
            connection.executemany(
                # The row stays, so that `invite list` shows that it has ended.
                "UPDATE invites SET uses = 0 WHERE code_sha256 = ?",
                [(row.code_sha256,) for row in rows],
            )
            self._changed("invites", None)
            for row in rows:
                self._audit.add("invite revoked", invite=invite_id(row))


def invite_id(row: InviteRow) -> str:
    """What an invite is called in lists; it doesn't give the code away."""
    return row.code_sha256.hex()[:12]
