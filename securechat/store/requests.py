"""What an administrator asks the server, and its answer.

The thread that made the Admin may call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from securechat.store.database import FAULTS, Connection, Transaction, fault

GONE = {"refused": "the server has started meanwhile, so nothing was done: try again"}


class Requests:
    """by: who asks, for the audit. All methods raise StoreError."""

    def __init__(self, connection: Connection, by: str) -> None:
        self._connection = connection
        self._by = by

    def ask(self, kind: str, facts: Mapping[str, object]) -> int:
        """Ask for something, see core.administration.requests; the request's number."""
        sql = "INSERT INTO requests (kind, by, facts) VALUES (?, ?, ?) RETURNING id"
        with Transaction(self._connection) as connection:
            rows = connection.execute(sql, (kind, self._by, json.dumps(facts))).fetchall()
        return int(rows[0][0])

    def answered(self, number: int) -> bool:
        """Whether there is an answer, or nothing to answer any more."""
        sql = "SELECT 1 FROM requests WHERE id = ? AND answer IS NULL"
        try:
            return self._connection.execute(sql, (number,)).fetchone() is None
        except FAULTS as error:
            raise fault(error) from error

    def take(self, number: int) -> dict[str, Any] | None:
        """The answer, with which the request is gone. None where there is none: then it is not done
        any more.
        """
        sql = "DELETE FROM requests WHERE id = ? RETURNING answer"
        with Transaction(self._connection) as connection:
            rows = connection.execute(sql, (number,)).fetchall()
        # A server that starts forgets what nobody can be waiting for.
        if not rows:
            return GONE
        found: dict[str, Any] | None = None if rows[0][0] is None else json.loads(rows[0][0])
        return found
