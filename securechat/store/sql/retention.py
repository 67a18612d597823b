"""What is older than it may be goes out of the log: by the server's age, or by a channel's own. The
thread that owns the connection may call.
"""

from __future__ import annotations

from collections.abc import Callable

from securechat.store.database import FAULTS, Connection, fault
from securechat.store.sql.erasure import Find, erase, numbers
from securechat.store.sql.fragments import EVENTS, MESSAGES, UNTOLD
from securechat.store.sql.pages import NEXT

DAY_MS = 24 * 60 * 60 * 1000

AGED = (
    "SELECT id, coalesce(keep_days, :days) FROM targets WHERE coalesce(keep_days, :days) > 0 "
    "ORDER BY id"
)
"""What has an age: channels, also those that have ended, and direct conversations."""

_PARTS = " UNION ALL ".join(
    "SELECT * FROM (SELECT seq FROM log WHERE target = :target AND seq > :after AND seq < :border "  # noqa: S608
    f"AND at_ms < :before AND {part} ORDER BY seq LIMIT :limit) AS part"
    for part in (MESSAGES, UNTOLD, EVENTS)
)
OLD = f"{_PARTS} ORDER BY seq LIMIT :limit"


def expire(
    connection: Connection, keep_days: int, now_ms: int, pause: Callable[[float], object]
) -> int:
    """Erase what is older than it may be; how many entries that were.

    keep_days: for what has no age of its own; 0 for ever. now_ms: milliseconds since 1970 (UTC).
    pause: waits for some seconds, and may raise to end it. Raises StoreError.
    """
    try:
        aged = connection.execute(AGED, {"days": keep_days}).fetchall()
    except FAULTS as error:
        raise fault(error) from error
    borders: dict[int, int] = {}
    count = 0
    for target, days in aged:
        before = now_ms - days * DAY_MS
        if days not in borders:
            borders[days] = first_since(connection, before)
        count += erase(connection, _of_target(connection, target, borders[days], before), pause)
    return count


def _of_target(connection: Connection, target: int, border: int, before: int) -> Find:
    # By the time as well: where the clock was put back, the border may lie behind what is newer.
    which = {"target": target, "border": border, "before": before}

    def find(after: int, limit: int) -> list[int]:
        return numbers(connection, OLD, {**which, "after": after, "limit": limit})

    return find


def first_since(connection: Connection, at_ms: int) -> int:
    """The number of the first entry of a moment or later; one more than the newest without any. It
    is found by halving, so that what is not old is not looked through. Raises StoreError.
    """
    low = 1
    high = numbers(connection, "SELECT coalesce(max(seq), 0) + 1 FROM log", ())[0]
    while low < high:
        middle = (low + high) // 2
        try:
            row = connection.execute(NEXT, (middle,)).fetchone()
        except FAULTS as error:
            raise fault(error) from error
        if row is None or row[1] >= at_ms:
            high = middle
        else:
            low = row[0] + 1
    return low
