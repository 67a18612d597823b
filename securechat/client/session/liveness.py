"""Whether the server is still there, and how long to wait before the next attempt to connect.

Pure state of the receiving thread; times are seconds, and chance comes as an argument.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import Enum, auto

# Silence after which we ask; well under the minutes after which routers forget a connection.
IDLE = 60.0

ANSWER = 30.0
"""Silence after the question that means the connection is dead."""

FIRST_WAIT = 1.0
"""The first wait between two attempts."""

# A server that is back should have its people back within a minute or so.
LONGEST_WAIT = 60.0

# Part of the wait that chance adds or takes, so that a server's clients don't return as one.
JITTER = 0.25


class Verdict(Enum):
    """What tick() finds."""

    FINE = auto()
    ASK = auto()
    DEAD = auto()


class Liveness:
    """Watches one connection, opened at `now`."""

    def __init__(self, now: float) -> None:
        self._heard = now
        self._asked: float | None = None

    def heard(self, now: float) -> None:
        """Something arrived."""
        self._heard = now
        self._asked = None

    def tick(self, now: float) -> Verdict:
        """ASK is returned once for each silence."""
        if now < self.deadline():
            return Verdict.FINE
        if self._asked is not None:
            return Verdict.DEAD
        self._asked = now
        return Verdict.ASK

    def deadline(self) -> float:
        """When tick() will have something to say next."""
        return self._heard + IDLE if self._asked is None else self._asked + ANSWER


class Backoff:
    """1, 2, 4 … 60 seconds, each a quarter more or less.

    chance: returns a float from 0 to 1; None for the system's.
    """

    def __init__(self, chance: Callable[[], float] | None = None) -> None:
        self._chance = chance or random.SystemRandom().random
        self._attempts = 0

    def next(self) -> float:
        """Seconds to wait now; the next ones are twice as many."""
        # min(): a float overflows at the 1,024th power, which some hours of attempts reach.
        seconds = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self._attempts, 10))
        self._attempts += 1
        return seconds * (1 - JITTER + 2 * JITTER * self._chance())

    def reset(self) -> None:
        """A connection held; begin anew."""
        self._attempts = 0
