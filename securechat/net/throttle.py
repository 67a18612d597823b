"""How fast somebody may speak: a token bucket of lines. Time is passed in. One thread only."""

from __future__ import annotations

from typing import NamedTuple

MOST_WAKES = 4
"""Times a second, at most, that one who is too fast is looked at again."""

LINE_SECONDS = 0.0002
"""Of CPU, to read a line; an ordinary one takes a tenth of it. Who sends each byte in a record of
its own, or messages of TLS that hold no line at all, pays for the time they take.
"""

SPARE_SECONDS = 0.001
"""Of the same, that nobody is asked for."""


class Rate(NamedTuple):
    """lines: a second, on average. burst: lines at once after a pause."""

    lines: float
    burst: float


class TokenBucket:
    """Starts full. A token is a line of the usual size; what was taken may have cost more than
    there was, and then the debt must be waited off first.
    """

    __slots__ = ("_line_seconds", "_owed", "_rate", "_stamp", "tokens")

    def __init__(self, rate: Rate, now: float, line_seconds: float = LINE_SECONDS) -> None:
        """line_seconds: of CPU, that are in a line's price."""
        self._rate = rate
        self._line_seconds = line_seconds
        self.tokens = rate.burst
        """What was left when it was last looked; below zero it is a debt."""
        self._stamp = now
        self._owed = 0.0

    def available(self, now: float) -> int:
        """How many lines may pass. now: seconds."""
        rate = self._rate
        self.tokens = min(rate.burst, self.tokens + max(0.0, now - self._stamp) * rate.lines)
        self._stamp = now
        return max(0, int(self.tokens))

    def spend(self, cost: int, seconds: float = 0.0) -> None:
        """Pay for what has passed, in tokens. seconds: of CPU that it took."""
        self.tokens -= cost
        owed = self._owed + seconds - cost * self._line_seconds
        if owed > SPARE_SECONDS:
            self.tokens -= int(owed / self._line_seconds)
            owed = 0.0
        self._owed = owed if owed > 0.0 else 0.0

    @property
    def burst(self) -> int:
        """How many lines may pass at once after a pause."""
        return int(self._rate.burst)

    @property
    def in_debt(self) -> bool:
        """Whether more has passed than there was."""
        return self.tokens < 0

    def wait(self) -> float:
        """Seconds until some more may pass: more than one, so as not to wake often."""
        rate = self._rate
        tokens = max(1.0, min(rate.burst / 4, rate.lines / MOST_WAKES))
        return max(0.0, tokens - self.tokens) / rate.lines

    def seconds_of(self, lines: int) -> float:
        """How long it takes to earn so many lines."""
        return lines / self._rate.lines

    def change(self, rate: Rate, now: float) -> None:
        """Another rate from now on. A larger burst is given at once; what is spent stays spent."""
        self.available(now)
        gained = max(0.0, rate.burst - self._rate.burst)
        self.tokens = min(rate.burst, self.tokens + gained)
        self._rate = rate
