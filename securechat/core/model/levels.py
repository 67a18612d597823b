"""How often something has happened lately, by key. Hub thread only; clock: monotonic seconds."""

from __future__ import annotations

from collections import OrderedDict
from math import ceil


class Levels:
    """forget_seconds: a level falls by one in so much time. most: it never rises above this. limit:
    how many keys are kept; the ones not seen for longest go first.
    """

    def __init__(self, forget_seconds: float, most: int, limit: int) -> None:
        self._forget = forget_seconds
        self._most = most
        self._limit = limit
        # The level and when it was so. It falls with time by itself, so nothing has to run for
        # that.
        self._levels: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def level(self, key: object, clock: float) -> int:
        """How many count now."""
        # Up, so that a guess counts as one until it is wholly forgotten.
        return ceil(self._left(key, clock))

    def wait(self, key: object, clock: float) -> float:
        """Seconds until one more is within the most; 0.0 when it is now."""
        return max(0.0, self._left(key, clock) - (self._most - 1)) * self._forget

    def _left(self, key: object, clock: float) -> float:
        # Not rounded before one is added: else one each half of that time would never count.
        level, at = self._levels.get(key, (0.0, clock))
        return max(0.0, level - (clock - at) / self._forget)

    def add(self, key: object, clock: float) -> None:
        """One more."""
        # Capped: who went on for an hour must not have to wait for days.
        self._levels[key] = (min(self._left(key, clock) + 1, self._most), clock)
        # An attacker with many keys pushes out the oldest ones, and not those in use.
        self._levels.move_to_end(key)
        if len(self._levels) > self._limit:
            self._levels.popitem(last=False)
