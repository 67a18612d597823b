"""How long to wait before the next attempt to connect. Pure; the chance comes as an argument."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST = 1.0
LONGEST = 60.0
JITTER = 0.25
"""Part of the wait that chance adds or takes, so that a server's clients don't return as one."""


class Backoff:
    """1, 2, 4 … 60 seconds, each a quarter more or less.

    chance: returns a float from 0 to 1; None for the system's.
    """

    def __init__(self, chance: Callable[[], float] | None = None) -> None:
        self._chance = chance or random.SystemRandom().random
        self._attempts = 0

    def next(self) -> float:
        """Seconds to wait now; the next ones are twice as many."""
        seconds = min(LONGEST, FIRST * 2.0 ** min(self._attempts, 10))
        self._attempts += 1
        return seconds * (1 - JITTER + 2 * JITTER * self._chance())

    def reset(self) -> None:
        """A connection held; begin anew."""
        self._attempts = 0
