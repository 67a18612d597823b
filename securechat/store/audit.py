"""The audit: what was done to the server's security, kept in the database and never changed there.

The server writes its rows with its journal; an administrator's acts are written here, in the same
transaction as the act. Whoever owns the connection may call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from securechat.store.database import FAULTS, Connection, Transaction, fault
from securechat.store.sql.fragments import EVERY

NOBODY = "-"
"""Stands for an account where an act is nobody's."""


class AuditRow(NamedTuple):
    """at_ms: milliseconds since 1970 (UTC). account: who did it; address: from where, '' for an
    administrator on the machine itself. result: 'ok', or why not. facts: a JSON object.
    """

    id: int
    at_ms: int
    event: str
    account: str
    address: str
    result: str
    facts: str

    def told(self) -> dict[str, object]:
        """The facts as an object; empty for a text that is none."""
        try:
            facts = json.loads(self.facts)
        except ValueError:
            return {}
        return facts if isinstance(facts, dict) else {}


class Wanted(NamedTuple):
    """Which rows. account: did it, or had it done to itself; '' for anybody. event: a part of its
    name in any case of letters. since_ms: not before. last: at most so many, the newest; None for
    all. before: only those before the row of that number; 0 for all.
    """

    account: str = ""
    event: str = ""
    since_ms: int = 0
    last: int | None = None
    before: int = 0


def note(
    connection: Connection,
    *,
    at_ms: int,
    by: str,
    event: str,
    facts: Mapping[str, str | int],
    address: str = "",
) -> None:
    """Write that an administrator has done something. by: who; address: from where, '' on this
    machine; facts: never a secret.

    Within the caller's transaction, whose errors it raises.
    """
    connection.execute(
        "INSERT INTO audit (at_ms, event, account, address, result, facts) "
        "VALUES (?, ?, ?, ?, 'ok', ?)",
        # ASCII: the name of a file may hold what is no character.
        (at_ms, event, by, address, json.dumps(dict(facts))),
    )


def rows(connection: Connection, wanted: Wanted) -> Iterator[AuditRow]:
    """What is asked for, oldest first, read as it is taken: of an audit of millions no more is in
    memory at once, and no read of it is long. Raises StoreError.
    """
    limit = EVERY if wanted.last is None else wanted.last
    params = {**wanted._asdict(), "limit": limit}
    try:
        first, last = connection.execute(_BORDERS, params).fetchone()
        # By numbers and not by a LIMIT, for which PostgreSQL sorts all of a table new to it.
        for low in range(first or 0, (last or -1) + 1, NUMBERS):
            border = {"low": low, "high": min(low + NUMBERS - 1, last)}
            yield from map(AuditRow._make, connection.execute(_PIECE, {**params, **border}))
    except FAULTS as error:
        raise fault(error) from error


NUMBERS = 1000
"""Of rows, in one read."""

_WHICH = """
at_ms >= :since_ms AND (:before = 0 OR id < :before)
AND (:event = '' OR instr(lower(event), lower(:event)) > 0)
AND (:account = '' OR account = :account
    OR (json_valid(facts) AND json_extract(facts, '$.account') = :account))
"""

# By their number: a clock that was set back must not change the order in which it happened.
_BORDERS = f"""
SELECT min(id), max(id) FROM (
    SELECT id FROM audit WHERE {_WHICH} ORDER BY id DESC LIMIT :limit
) AS found
"""  # noqa: S608 - ours

_PIECE = f"""
SELECT {", ".join(AuditRow._fields)} FROM audit
WHERE id BETWEEN :low AND :high AND {_WHICH} ORDER BY id
"""  # noqa: S608 - ours


SLICE = 500
"""Rows deleted in one transaction, which holds up a server's by a moment."""


def last_before(connection: Connection, *, at_ms: int = 0, keep: int = 0) -> int:
    """The number of the newest row that is older than a moment, or that is followed by so many. By
    their numbers: where a clock was set back, no row goes that is newer than one that stays.
    """
    sql = "SELECT coalesce(min(id) - 1, (SELECT max(id) FROM audit), 0) FROM audit WHERE at_ms >= ?"
    if keep:
        sql = "SELECT coalesce(max(id), 0) - ? FROM audit"
    number: int = connection.execute(sql, (keep or at_ms,)).fetchone()[0]
    return max(0, number)


def count_upto(connection: Connection, last: int) -> int:
    """How many rows there are up to a number."""
    sql = "SELECT count(*) FROM audit WHERE id <= ?"
    found: int = connection.execute(sql, (last,)).fetchone()[0]
    return found


def delete_some(connection: Connection, last: int) -> bool:
    """Delete the oldest rows up to a number, not too many at once; whether there were any.

    Within the caller's transaction, in which the trigger that forbids it is away.
    """
    connection.allow_deletion("audit", allowed=True)
    oldest = "SELECT id FROM audit WHERE id <= ? ORDER BY id LIMIT ?"
    gone = connection.execute(f"DELETE FROM audit WHERE id IN ({oldest})", (last, SLICE))  # noqa: S608
    connection.allow_deletion("audit", allowed=False)
    return gone.rowcount > 0


class Audit:
    """The audit, as an administrator reads it and writes it. by: who acts; address: from where, see
    note(). clock: gives the milliseconds since 1970 (UTC). All methods raise StoreError.
    """

    def __init__(
        self, connection: Connection, by: str, clock: Callable[[], int], address: str = ""
    ) -> None:
        self._connection = connection
        self._by = by
        self._clock = clock
        self._address = address

    def add(self, event: str, **facts: str | int) -> None:
        """Write an act, within the transaction of what it changes. facts: never a secret."""
        note(
            self._connection,
            at_ms=self._clock(),
            by=self._by,
            event=event,
            facts=facts,
            address=self._address,
        )

    def note(self, event: str, **facts: str | int) -> None:
        """Write an act that changes nothing in the database."""
        with Transaction(self._connection):
            self.add(event, **facts)

    def rows(self, wanted: Wanted) -> Iterator[AuditRow]:
        """What is asked for, oldest first."""
        return rows(self._connection, wanted)

    def rows_upto(self, last: int) -> Iterator[AuditRow]:
        """All up to a row, oldest first."""
        return rows(self._connection, Wanted(before=last + 1))

    def prunable(self, *, before_ms: int = 0, keep: int = 0) -> tuple[int, int]:
        """The newest row that is older than a moment, or followed by so many, and how many there
        are up to it.
        """
        last = last_before(self._connection, at_ms=before_ms, keep=keep)
        return last, count_upto(self._connection, last)

    def prune(self, last: int, between: Callable[[], object], **facts: str | int) -> None:
        """Delete the rows up to one, and write that, before the first one goes. between: called
        between two short transactions, so that a server's come between. facts: for the audit.
        """
        with Transaction(self._connection):
            # Its own row is newer than all that goes.
            self.add("audit pruned", upto=last, **facts)
            more = delete_some(self._connection, last)
        while more:
            between()
            with Transaction(self._connection):
                more = delete_some(self._connection, last)
