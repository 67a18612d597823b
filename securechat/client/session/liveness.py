"""Whether the server is still there. Pure state of the receiving thread; times in seconds."""

from __future__ import annotations

from enum import Enum, auto

IDLE = 60.0
"""Silence after which we ask; well under the minutes after which routers forget a connection."""

ANSWER = 30.0
"""Silence after the question that means the connection is dead."""


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
