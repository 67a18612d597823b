"""Limits for one connection: the lines that it sends (a token bucket), the output that waits.

Time is passed in. A TokenBucket belongs to one thread; the limits never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

MOST_WAKES = 4
"""Times a second, at most, that one who is too fast is looked at again."""

# Reading an ordinary line takes a tenth of this. A client that sends each byte in a record of its
# own, or messages of TLS that hold no line at all, pays for the time that they take.
LINE_SECONDS = 0.0002
"""CPU time that is in the price of a line."""

SPARE_SECONDS = 0.001
"""CPU time beyond that price that is charged to nobody."""


class Rate(NamedTuple):
    """A rate. lines: a second, on average. burst: lines at once after a pause."""

    lines: float
    burst: float


class TokenBucket:
    """A token bucket, which starts full. A token is a line of the usual size.

    What has passed may have cost more than there was; then nothing passes until the debt is earned.
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
        """The number of lines that may pass. now: seconds."""
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
        """The number of lines that may pass at once after a pause."""
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
        """The seconds that it takes to earn so many lines."""
        return lines / self._rate.lines

    def change(self, rate: Rate, now: float) -> None:
        """Another rate from now on. A larger burst is given at once; what is spent stays spent."""
        self.available(now)
        gained = max(0.0, rate.burst - self._rate.burst)
        self.tokens = min(rate.burst, self.tokens + gained)
        self._rate = rate


DEFAULT_RATE = Rate(lines=20.0, burst=100.0)

# Before the login. Clients send about a dozen lines then, so nobody needs to configure it.
UNAUTHENTICATED_RATE = Rate(lines=1.0, burst=40.0)

# Before the login. The answers to as many lines are no more than that.
UNAUTHENTICATED_OUT_BYTES = 1 << 16

# So many times out_bytes is what a connection may have unsent however well it reads: the answer to
# a login into a hundred channels of a thousand members each is 3 MiB.
MOST_FACTOR = 8

# Of all connections together, 256 MiB: what a small machine has to spare.
ALL_OUT_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class IoLimits:
    """What one connection may cost an I/O thread.

    handshake_seconds: from accept to a finished handshake. out_bytes: unsent output of one
    connection; it may have more as long as it takes slow_rate bytes a second of it, measured over
    slow_seconds. all_out_bytes: of all connections of the thread. rate: of its lines.
    unauthenticated_out_bytes, unauthenticated_rate: the same until somebody has logged in on it,
    whatever it takes. drain_seconds: for the last output of one that is closed, again and again
    while it takes enough, to most_drain_seconds. linger_seconds: for the peer's own end after it.
    """

    handshake_seconds: float = 10.0
    out_bytes: int = 1 << 20
    # A slow reader's system takes what is sent in steps of up to 110 KB, as it opens its window
    # only when there is room for so much: so a reader of 8 KiB a second is seen to take something
    # in every slow_seconds, and slow_rate asks for a part of such a step.
    slow_rate: float = 2048.0
    slow_seconds: float = 20.0
    all_out_bytes: int = ALL_OUT_BYTES
    unauthenticated_out_bytes: int = UNAUTHENTICATED_OUT_BYTES
    rate: Rate = DEFAULT_RATE
    unauthenticated_rate: Rate = UNAUTHENTICATED_RATE
    drain_seconds: float = 5.0
    most_drain_seconds: float = 60.0
    linger_seconds: float = 2.0

    @property
    def most_out_bytes(self) -> int:
        """Unsent output of one connection that reads well."""
        return MOST_FACTOR * self.out_bytes
