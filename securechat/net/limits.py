"""What one connection may cost an I/O thread."""

from __future__ import annotations

from dataclasses import dataclass

from securechat.net.throttle import Rate

DEFAULT_RATE = Rate(lines=20.0, burst=100.0)

UNAUTHENTICATED_RATE = Rate(lines=1.0, burst=40.0)
"""Before the login. Clients send about a dozen lines then, so nobody needs to configure it."""

UNAUTHENTICATED_OUT_BYTES = 1 << 16
"""Before the login. The answers to as many lines are no more than that."""


MOST_FACTOR = 8
"""So many times out_bytes is what a connection may have unsent however well it reads: the answer to
a login into a hundred channels of a thousand members each is 3 MiB.
"""

ALL_OUT_BYTES = 1 << 28
"""Of all connections together, 256 MiB: what a small machine has to spare."""


@dataclass(frozen=True, slots=True)
class IoLimits:
    """handshake_seconds: from accept to a finished handshake. out_bytes: unsent output of one
    connection; it may have more as long as it takes slow_rate bytes a second of it, measured over
    slow_seconds. all_out_bytes: of all connections of the thread. rate: of its lines.
    unauthenticated_out_bytes, unauthenticated_rate: the same until it is trusted, whatever it
    takes. drain_seconds: for the last output of one that is closed, again and again while it takes
    enough, to most_drain_seconds. linger_seconds: for the peer's own end after it.

    A slow reader's system takes what is sent in steps of up to 110 KB, as it opens its window only
    when there is room for so much: so a reader of 8 KiB a second is seen to take something in every
    slow_seconds, and slow_rate asks for a part of such a step.
    """

    handshake_seconds: float = 10.0
    out_bytes: int = 1 << 20
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
