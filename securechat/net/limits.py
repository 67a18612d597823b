"""What one connection may cost an I/O thread."""

from __future__ import annotations

from dataclasses import dataclass

from securechat.net.throttle import Rate

DEFAULT_RATE = Rate(lines=20.0, burst=100.0)

STRANGER_RATE = Rate(lines=1.0, burst=40.0)
"""Before the login. Clients send about a dozen lines then, so nobody needs to configure it."""

STRANGER_OUT_BYTES = 1 << 16
"""Before the login. The answers to as many lines are no more than that."""


@dataclass(frozen=True, slots=True)
class IoLimits:
    """handshake_seconds: from accept to a finished handshake. out_bytes: unsent output of one
    connection. rate: of its lines. stranger_out_bytes, stranger_rate: the same until it is trusted.
    drain_seconds: for the last output of one that is closed. linger_seconds: for the peer's own end
    after it.
    """

    handshake_seconds: float = 10.0
    out_bytes: int = 1 << 20
    stranger_out_bytes: int = STRANGER_OUT_BYTES
    rate: Rate = DEFAULT_RATE
    stranger_rate: Rate = STRANGER_RATE
    drain_seconds: float = 5.0
    linger_seconds: float = 2.0
