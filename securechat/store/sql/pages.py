"""Pages of the log: which entries of a target stand between two places, and when.

Places are numbers of the one order, and all statements walk along an index from a number on, as far
as something is wanted: a page costs the same wherever it is and however long the log is. One Pages
belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from typing import NamedTuple

from securechat.irc.multiline import wire_bytes
from securechat.store.database import FAULTS, Connection, fault
from securechat.store.sql.fragments import EVENTS, MESSAGES
from securechat.store.sql.rows import LogRow

Place = tuple[int, bool]
"""A number of the order; or, with True, a time in milliseconds since 1970."""

_COLUMNS = "SELECT seq, target, sender, at_ms, kind, text, tags FROM log WHERE "
SQL = {
    (
        events,
        newest,
    ): f"{_COLUMNS} target = ? AND seq > ? AND seq < ? AND {found} ORDER BY seq {way} LIMIT ?"
    for events, found in ((False, MESSAGES), (True, EVENTS))
    for newest, way in ((False, "ASC"), (True, "DESC"))
}
"""By (whether events are wanted, whether the newest come first)."""

ENTRY = _COLUMNS + "seq = ?"

NEXT = "SELECT seq, at_ms FROM log WHERE seq >= ? ORDER BY seq LIMIT 1"


class Pages:
    """Raises StoreError from every method when the database fails."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(
        self,
        span: tuple[int, int, int],
        lower: Place | None,
        upper: Place | None,
        start: str,
        limit: int,
        max_bytes: int,
        line_bytes: int,
        events: bool,
    ) -> list[LogRow]:
        """Some entries of a target, in their order.

        span: the target, the seq after which and the one up to which may be read. lower, upper: the
        places between which entries are wanted, without them; None for no bound. start: which of
        those, when they are more than limit: the "oldest", the "newest", those that come "first" on
        the way from lower to upper, which may lie before it, or, as "middle", those around lower,
        that one included. max_bytes: of them all, as UTF-8, each with line_bytes
        beside its text and tags; but one at least. events: whether what is no message is wanted.
        """
        target, low, high = span[0], span[1], span[2] + 1
        part = _Part(limit, max_bytes, line_bytes)
        if start == "middle" and lower is not None:
            center = self.first_at_or_behind(lower)
            # From one before, as low is not in it and the center is.
            newer = self._read(target, max(low, center - 1), high, limit, events=events)
            older = self._read(target, low, min(center, high), limit, newest=True, events=events)
            return _around(part.take(older), part.take(newer), limit)
        if start == "first" and lower is not None and upper is not None:
            backwards = self.first_at_or_behind(lower) > self.first_at_or_behind(upper)
            lower, upper = (upper, lower) if backwards else (lower, upper)
            start = "newest" if backwards else "oldest"
        # Both bounds are left out, so that a client can go on from the last entry that it has.
        if lower is not None:
            low = max(low, self.last_at_or_before(lower))
        if upper is not None:
            high = min(high, self.first_at_or_behind(upper))
        newest = start == "newest"
        rows = part.take(self._read(target, low, high, limit, newest=newest, events=events))
        return rows[::-1] if newest else rows

    def entry(self, span: tuple[int, int, int], seq: int) -> list[LogRow]:
        """One entry, if it is in that part of the target's log. span: as of page()."""
        target, after, upto = span
        # Whose it is, is looked at afterwards: a number of another channel must find nothing.
        rows = self._all(ENTRY, (seq,)) if after < seq <= upto else []
        return [row for row in rows if row[1] == target]

    def targets(
        self,
        spans: Iterable[tuple[int, int, int]],
        lower_ms: int,
        upper_ms: int,
        newest_first: bool,
        limit: int,
    ) -> list[tuple[int, int]]:
        """(target, at_ms of its newest message) of those where that is between two times, in the
        order of these times. spans: as of page(), one of each target. newest_first: which ones of
        more than limit.
        """
        found = []
        for target, after, upto in spans:
            # The newest alone, by the index: the target may hold millions.
            for row in self._read(target, after, upto + 1, 1, newest=True):
                if lower_ms < row[3] < upper_ms:
                    found.append((row[3], row[0], target))
        found.sort(reverse=newest_first)
        return [(target, at_ms) for at_ms, _, target in sorted(found[:limit])]

    def _read(
        self,
        target: int,
        low: int,
        high: int,
        limit: int,
        *,
        newest: bool = False,
        events: bool = False,
    ) -> list[LogRow]:
        """What is between low and high, without both; the first ones of more than limit."""
        found = self._all(SQL[False, newest], (target, low, high, limit))
        if events:
            more = self._all(SQL[True, newest], (target, low, high, limit))
            return list(merge(found, more, key=_seq, reverse=newest))[:limit] if more else found
        return found

    # Times. The clock may have been put back, and then times near that moment are in no order: what
    # is found is a place near them, and never an error.

    def first_at_or_behind(self, place: Place) -> int:
        """The first seq that is at a place, or behind it."""
        value, is_time = place
        return self._first_at(value) if is_time else value

    def last_at_or_before(self, place: Place) -> int:
        """The last seq that is at a place, or before it."""
        value, is_time = place
        return self._first_at(value + 1) - 1 if is_time else value

    def _first_at(self, at_ms: int) -> int:
        """The first seq logged at a time or later: a search by halves, some 25 steps in a log of
        ten million, and no index that each message would have to be put into.
        """
        # Numbers have gaps, of what was erased or never stored: so the next one behind the middle
        # is looked at.
        low, high = 0, (self._all("SELECT max(seq) FROM log")[0][0] or 0) + 1
        while low < high:
            middle = (low + high) // 2
            found = self._all(NEXT, (middle,))
            if not found or found[0][1] >= at_ms:
                high = middle
            else:
                low = found[0][0] + 1
        return low

    def _all(self, sql: str, params: tuple[int, ...] = ()) -> list[LogRow]:
        try:
            return self._connection.execute(sql, params).fetchall()
        except FAULTS as error:
            raise fault(error) from error


class _Part(NamedTuple):
    """How much of what there is a page has."""

    limit: int
    max_bytes: int
    line_bytes: int

    def take(self, rows: Iterable[LogRow]) -> list[LogRow]:
        """The first of them, one at least."""
        taken: list[LogRow] = []
        left = self.max_bytes
        for row in rows:
            left -= wire_bytes(row[5], row[6], self.line_bytes)
            # One entry at least, however long: an empty page would mean that there is no more.
            if taken and left < 0:
                break
            taken.append(row)
            if len(taken) >= self.limit:
                break
        return taken


def _around(older: list[LogRow], newer: list[LogRow], limit: int) -> list[LogRow]:
    """Half of either side; more of one where the other has less. older: the newest first."""
    kept = min(len(older), max(limit // 2, limit - len(newer)))
    return [*reversed(older[:kept]), *newer[: limit - kept]]


def _seq(row: LogRow) -> int:
    return row[0]
