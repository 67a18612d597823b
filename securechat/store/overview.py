"""What there is, as a page of an administrator shows it. The thread that owns the connection may
call; all raise StoreError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from securechat.store.database import FAULTS, Connection, fault


class ListedAccount(NamedTuple):
    """admin, bot, disabled, second_factor: 0 or 1. tokens: how many."""

    name: str
    chosen_name: str
    admin: int
    bot: int
    disabled: int
    second_factor: int
    tokens: int
    created_ms: int


_ACCOUNTS = """
SELECT name, chosen_name, admin, bot, disabled,
    EXISTS (SELECT 1 FROM factors WHERE account = accounts.id),
    (SELECT count(*) FROM tokens WHERE account = accounts.id), created_ms
FROM accounts WHERE deleted = 0 AND folded > ? AND instr(folded, ?) > 0 ORDER BY folded LIMIT ?
"""


class Overview:
    """connection: to read through."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def accounts(self, *, part: str, after: str, limit: int) -> list[ListedAccount]:
        """Those that are not deleted, by their names. part: of the folded name; after: a folded
        name that comes before them; '' for all.
        """
        return [ListedAccount(*row) for row in self._all(_ACCOUNTS, (after, part, limit))]

    def oldest_ms(self) -> dict[str, int | None]:
        """Since when there are entries of the log, and of the audit (milliseconds since 1970)."""
        sqls = {
            "log": "SELECT at_ms FROM log ORDER BY seq LIMIT 1",
            "audit": "SELECT at_ms FROM audit ORDER BY id LIMIT 1",
        }
        found = {name: self._all(sql) for name, sql in sqls.items()}
        return {name: rows[0][0] if rows else None for name, rows in found.items()}

    def _all(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, params).fetchall()
        except FAULTS as error:
            raise fault(error) from error
