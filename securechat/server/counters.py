"""What the hub counts for those who watch the server.

The hub thread writes, once a turn and without a lock; any thread may read: a figure that is a
moment old does no harm.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from securechat.core.delivery.fan_out import Volume

BOUNDS = (
    *(0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
"""Seconds, from a lone line on a fast disk up to a database that another program holds."""


class Histogram:
    """How often something took how long. buckets: of each, how many took no longer than its bound
    and longer than the one before; the last are those beyond all bounds. seconds: all together.
    """

    __slots__ = ("_fresh", "add", "buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self._fresh: list[float] = []
        self.add = self._fresh.append
        """One more, in seconds. Hub thread, which puts it into its bucket with settle()."""

    def settle(self) -> None:
        """Sort in what has come. Hub thread."""
        # Many at once, as this costs more than a turn has to spare.
        fresh = self._fresh
        fresh.sort()
        self.seconds += sum(fresh)
        before = 0
        for number, bound in enumerate(BOUNDS):
            upto = bisect_right(fresh, bound, before)
            self.buckets[number] += upto - before
            before = upto
        self.buckets[-1] += len(fresh) - before
        fresh.clear()


class Counters:
    """Since the start. turns: those in which something was said, stored or answered, from their
    beginning to the I/O threads. commits: storing what they have done, which is a part of them.
    waits, holds: of a node, until it is its turn, and how long the others wait for it then. volume:
    what the I/O threads were given to write. not_stored: commands that were taken back.
    """

    __slots__ = ("commits", "holds", "not_stored", "turns", "volume", "waits")

    def __init__(self) -> None:
        self.turns, self.commits = Histogram(), Histogram()
        self.waits, self.holds = Histogram(), Histogram()
        self.volume = Volume()
        self.not_stored = 0

    def settle(self) -> None:
        """To be called each second. Hub thread."""
        for histogram in (self.turns, self.commits, self.waits, self.holds):
            histogram.settle()


def quantile(buckets: Sequence[int], share: float) -> float | None:
    """Seconds that so large a share of them took at most, as well as the bounds tell; None when
    there are none. share: above 0, at most 1.
    """
    wanted = share * sum(buckets)
    if not wanted:
        return None
    lower = 0.0
    for bound, count in zip(BOUNDS, buckets, strict=False):
        if wanted <= count:
            return lower + (bound - lower) * wanted / count
        wanted -= count
        lower = bound
    return BOUNDS[-1]
