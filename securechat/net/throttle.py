"""How fast a connection may speak: a token bucket of lines. I/O thread only; time is passed in."""

from __future__ import annotations

from typing import NamedTuple


class Rate(NamedTuple):
    """lines: a second, on average. burst: lines at once after a pause."""

    lines: float
    burst: float


class TokenBucket:
    """Starts full."""

    __slots__ = ("_rate", "_stamp", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._stamp = now

    def take(self, wanted: int, now: float) -> int:
        """How many of the wanted lines may pass now; they are paid for. now: seconds."""
        rate = self._rate
        self._tokens = min(rate.burst, self._tokens + max(0.0, now - self._stamp) * rate.lines)
        self._stamp = now
        granted = min(wanted, int(self._tokens))
        self._tokens -= granted
        return granted

    def wait(self, wanted: int) -> float:
        """Seconds until some more may pass: a quarter of the burst, so as not to wake often."""
        tokens = max(1.0, min(float(wanted), self._rate.burst / 4))
        return max(0.0, tokens - self._tokens) / self._rate.lines
