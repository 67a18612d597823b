"""Whose output waits, and who of them must go: judged by what they take over time. I/O thread only.

A long answer is no sign of a slow reader: what counts is whether it goes on. So a connection may
have more waiting than its bound for as long as it takes enough of it; what nobody may exceed are a
multiple of the bound, and a sum of all. Only connections whose output waits are ever looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from securechat.net.connection import Connection
from securechat.net.throttle import IoLimits

INFINITY = float("inf")

SPARE = 8
"""When all together have too much waiting, so that somebody must go, an eighth is made free: to
find out who reads the slowest costs a look at each.
"""


class Progress(NamedTuple):
    """at: seconds. taken: bytes that had been taken then. rate: bytes a second in the time before,
    as far as that is known.
    """

    at: float
    taken: int
    rate: float


class SlowVerdict(NamedTuple):
    """connection: who must go. reason: for the log."""

    connection: Connection
    reason: str


class Backlog:
    """taken: how many bytes a peer has taken of what waited, in all."""

    def __init__(self, limits: IoLimits, taken: Callable[[Connection], int]) -> None:
        self._limits = limits
        self._taken = taken
        self._marks: dict[Connection, Progress] = {}
        """The oldest first."""

    def __bool__(self) -> bool:
        return bool(self._marks)

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._marks

    def add(self, connection: Connection, now: float) -> None:
        """Its output waits from now on, or is judged anew. Nothing is held against it."""
        self._marks.pop(connection, None)
        self._marks[connection] = Progress(now, self._taken(connection), self._limits.slow_rate)

    def discard(self, connection: Connection) -> None:
        """It has taken all, or is gone."""
        self._marks.pop(connection, None)

    @property
    def next_look(self) -> float:
        """When somebody is to be looked at again."""
        for mark in self._marks.values():
            return mark.at + self._limits.slow_seconds
        return INFINITY

    def goes_on(self, connection: Connection, now: float) -> bool:
        """Whether it has taken enough since its last mark, which is renewed."""
        before = self._marks.get(connection)
        return before is not None and self._renew(connection, before, now) >= self._limits.slow_rate

    def _renew(self, connection: Connection, before: Progress, now: float) -> float:
        """Bytes a second since its last mark."""
        taken = self._taken(connection)
        rate = (taken - before.taken) / max(now - before.at, 1e-3)
        del self._marks[connection]
        self._marks[connection] = Progress(now, taken, rate)
        return rate

    def look(self, now: float) -> Iterator[tuple[Connection, SlowVerdict | None]]:
        """Those whose time has come: who must go, and with None who stays and has taken something,
        and so is alive however long its answers to us take.
        """
        limits = self._limits
        while self.next_look <= now:
            connection, before = next(iter(self._marks.items()))
            rate = self._renew(connection, before, now)
            if rate < limits.slow_rate and connection.out_bytes > limits.out_bytes:
                self.discard(connection)
                yield connection, _too_slow(connection)
            elif rate > 0:
                yield connection, None

    def overfull(self, now: float) -> list[SlowVerdict]:
        """Who must go at once, each delivery asks: who has far too much waiting, and when all
        together have too much, those who would take longest to take it.
        """
        limits, total = self._limits, 0
        found = []
        for connection in self._marks:
            size = connection.out_bytes
            known = connection.authenticated
            if size > (limits.most_out_bytes if known else limits.unauthenticated_out_bytes):
                found.append(connection)
            else:
                total += size
        if total > self._limits.all_out_bytes:
            found += self._slowest(set(self._marks).difference(found), total, now)
        for connection in found:
            self.discard(connection)
        return [_too_slow(connection) for connection in found]

    def _slowest(
        self, connections: Iterable[Connection], total: int, now: float
    ) -> Iterator[Connection]:
        enough = self._limits.all_out_bytes - self._limits.all_out_bytes // SPARE
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
