"""Judges the connections whose output waits by how much they take over time. I/O thread only.

A connection may have more waiting than its bound for as long as it takes enough of it. Nobody may
exceed a multiple of the bound, nor all together a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from securechat.net.connection import Connection
from securechat.net.throttle import IoLimits

INFINITY = float("inf")

# When all together have too much waiting, so that somebody must go, an eighth is made free: to find
# out who reads the slowest costs a look at each.
SPARE = 8


class Progress(NamedTuple):
    """How far a peer had come at one moment.

    at: seconds. taken: bytes that had been taken then. rate: bytes a second in the time before, as
    far as that is known.
    """

    at: float
    taken: int
    rate: float


class SlowVerdict(NamedTuple):
    """That a connection must go. reason: for the log."""

    connection: Connection
    reason: str


class Backlog:
    """The connections of one I/O thread whose output waits.

    taken: tells how many bytes a peer has taken, in all.
    """

    def __init__(self, limits: IoLimits, taken: Callable[[Connection], int]) -> None:
        self.limits = limits
        self._taken = taken
        self._marks: dict[Connection, Progress] = {}
        """The oldest first."""

    def __bool__(self) -> bool:
        return bool(self._marks)

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._marks

    def unsent(self) -> int:
        """Bytes that wait, of all of them. Any thread."""
        # A copy, made at once: the I/O thread changes it meanwhile.
        return sum(connection.out_bytes for connection in list(self._marks))

    def add(self, connection: Connection, now: float) -> None:
        """Its output waits from now on, or is judged anew."""
        self._marks.pop(connection, None)
        # As if it had been just fast enough so far: nothing is known that speaks against it.
        self._marks[connection] = Progress(now, self._taken(connection), self.limits.slow_rate)

    def discard(self, connection: Connection) -> None:
        """It has taken all, or is gone."""
        self._marks.pop(connection, None)

    @property
    def next_look(self) -> float:
        """When a connection is to be looked at again, in seconds of the monotonic clock."""
        for mark in self._marks.values():  # the first is the oldest, and all wait equally long
            return mark.at + self.limits.slow_seconds
        return INFINITY

    def goes_on(self, connection: Connection, now: float) -> bool:
        """Whether it has taken enough since its last mark, which is renewed."""
        before = self._marks.get(connection)
        return before is not None and self._renew(connection, before, now) >= self.limits.slow_rate

    def _renew(self, connection: Connection, before: Progress, now: float) -> float:
        """Bytes a second since its last mark."""
        taken = self._taken(connection)
        rate = (taken - before.taken) / max(now - before.at, 1e-3)
        del self._marks[connection]  # or it would keep its place, and the oldest not be the first
        self._marks[connection] = Progress(now, taken, rate)
        return rate

    def look(self, now: float) -> Iterator[tuple[Connection, SlowVerdict | None]]:
        """Look at those whose time has come. Yields each that must go with its verdict, and each
        that stays and has taken something with None.
        """
        limits = self.limits
        while self.next_look <= now:
            connection, before = next(iter(self._marks.items()))
            rate = self._renew(connection, before, now)
            # By its rate, too: a long answer is no sign of a slow reader.
            if rate < limits.slow_rate and connection.out_bytes > limits.out_bytes:
                self.discard(connection)
                yield connection, _too_slow(connection)
            elif rate > 0:  # it is alive, however long its answer to a PING takes
                yield connection, None

    def overfull(self, now: float) -> list[SlowVerdict]:
        """Who must go at once: those that have far too much waiting, and when all together have
        too much, those that would need longest to take it. Asked after each delivery.
        """
        limits, total = self.limits, 0
        found = []
        for connection in self._marks:
            size = connection.out_bytes
            known = connection.authenticated
            if size > (limits.most_out_bytes if known else limits.unauthenticated_out_bytes):
                found.append(connection)
            else:
                total += size
        if total > self.limits.all_out_bytes:
            found += self._slowest(set(self._marks).difference(found), total, now)
        for connection in found:
            self.discard(connection)
        return [_too_slow(connection) for connection in found]

    def _slowest(
        self, connections: Iterable[Connection], total: int, now: float
    ) -> Iterator[Connection]:
        enough = self.limits.all_out_bytes - self.limits.all_out_bytes // SPARE
        for connection in sorted(connections, key=lambda one: self._seconds(one, now))[::-1]:
            if total <= enough:
                return
            total -= connection.out_bytes
            yield connection

    def _seconds(self, connection: Connection, now: float) -> float:
        """Until it will have taken all, as fast as it goes."""
        mark = self._marks[connection]
        rate = (self._taken(connection) - mark.taken) / max(now - mark.at, 1.0)
        return connection.out_bytes / max(rate, mark.rate, 1.0)


def _too_slow(connection: Connection) -> SlowVerdict:
    return SlowVerdict(connection, f"reads too slowly: {connection.out_bytes} bytes unsent")
