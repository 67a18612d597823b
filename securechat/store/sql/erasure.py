"""Taking entries out of the log for good, while a server runs, in batches that nobody feels.

SQLite has one writer, and the hub waits while a batch is written: so a batch is short, and between
two there is a pause that is longer. The thread that owns the connection may call.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from securechat.store.database import FAULTS, Connection, Transaction, fault
from securechat.store.sql.fragments import STORED_BYTES

ERASED = "erased"
"""Begins the kind of the change by which a running server learns of a batch."""

HIGHEST = "highest_erased"
"""Under this key stands the highest number that an erased entry had: it is never given again."""

HOLD_SECONDS = 0.004
"""How long a batch should keep other writers out; the hub stores a turn in about that."""

FIRST_ROWS, MOST_ROWS = 50, 500

REST = 4
"""So many times as long as it took there is a pause after a batch, for whoever waits to write."""

LEAST_PAUSE_SECONDS = 0.02

CUT_SECONDS, CUT_PAUSE_SECONDS = 5.0, 0.1

Find = Callable[[int, int], list[int]]
"""The numbers of the next entries to erase: after a number, at most so many, in their order."""


class Erased(NamedTuple):
    """What a batch has taken out. newest: the highest number. sizes: (account, bytes) of each."""

    newest: int
    sizes: list[tuple[int, int]]


def of_sender(connection: Connection, sender: int, upto: int) -> Find:
    """All that an account has in the log, up to a number."""

    def find(after: int, limit: int) -> list[int]:
        sql = "SELECT seq FROM log WHERE seq > ? AND seq <= ? AND sender = ? ORDER BY seq LIMIT ?"
        return numbers(connection, sql, (after, upto, sender, limit))

    return find


def numbers(
    connection: Connection, sql: str, params: Sequence[object] | Mapping[str, object]
) -> list[int]:
    """The first column of what is found. Raises StoreError."""
    try:
        return [row[0] for row in connection.execute(sql, params)]
    except FAULTS as error:
        raise fault(error) from error


def erase(connection: Connection, find: Find, pause: Callable[[float], object]) -> int:
    """Erase what is found, batch by batch; how many entries that were. pause: waits for some
    seconds, and may raise to end it between two batches. Raises StoreError.
    """
    count, after, limit = 0, 0, FIRST_ROWS
    while found := find(after, limit):
        with Transaction(connection):
            began = time.monotonic()
            _erase_some(connection, found)
        held = time.monotonic() - began
        count, after = count + len(found), found[-1]
        limit = _next_limit(limit, held)
        pause(max(LEAST_PAUSE_SECONDS, held * REST))
    return count


def _next_limit(limit: int, held: float) -> int:
    """As many rows as fit into the time, by what the last batch took: disks differ much."""
    wanted = int(limit * HOLD_SECONDS / max(held, 0.0001))
    return max(1, min(wanted, limit * 2, MOST_ROWS))


def _erase_some(connection: Connection, found: list[int]) -> None:
    which = f"seq IN ({','.join(map(str, found))})"
    counted = "seq <= (SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'usage_upto')"
    rows = connection.execute(
        f"SELECT sender, sum({STORED_BYTES}), "  # noqa: S608
        f"sum(CASE WHEN {counted} THEN {STORED_BYTES} ELSE 0 END) "
        f"FROM log WHERE {which} GROUP BY sender ORDER BY sender"
    ).fetchall()
    # A row tells that the account was in the log once, which may not be counted yet.
    connection.executemany(
        "INSERT INTO usage VALUES (?, 0) ON CONFLICT DO NOTHING", [(sender,) for sender, *_ in rows]
    )
    connection.execute(f"DELETE FROM log WHERE {which}")  # noqa: S608 - numbers
    connection.executemany(
        "UPDATE usage SET bytes = max(bytes - ?, 0) WHERE account = ?",
        [(size, sender) for sender, _, size in rows],
    )
    connection.execute(
        "INSERT INTO meta VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = :value "
        "WHERE CAST(meta.value AS BIGINT) < CAST(:value AS BIGINT)",
        {"key": HIGHEST, "value": str(found[-1])},
    )
    _tell(connection, Erased(found[-1], [row[:2] for row in rows]))


def _tell(connection: Connection, erased: Erased) -> None:
    """Those batches that a server has heard of need not be kept: they may be very many."""
    connection.execute(
        "DELETE FROM changes WHERE kind >= :kind || ' ' AND kind < :kind || '!' "
        "AND id <= (SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'applied_change')",
        {"kind": ERASED},
    )
    connection.execute("INSERT INTO changes (kind) VALUES (?)", (f"{ERASED} {json.dumps(erased)}",))


def told(kind: str) -> Erased | None:
    """What a change tells of a batch; None for another kind of change."""
    word, _, text = kind.partition(" ")
    if word != ERASED:
        return None
    newest, sizes = json.loads(text)
    return Erased(newest, [(account, size) for account, size in sizes])


def cut_log(connection: Connection, pause: Callable[[float], object]) -> bool:
    """Leave nothing of what was erased in the write-ahead log; whether that could be done. Somebody
    who reads for long, such as a backup, keeps it. Raises StoreError.
    """
    end = time.monotonic() + CUT_SECONDS
    while not connection.cut_log():
        if time.monotonic() > end:
            return False
        pause(CUT_PAUSE_SECONDS)
    return True
