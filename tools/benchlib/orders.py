"""What the parent process tells a worker, and what it answers: plain values that cross a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchlib.client import User
from benchlib.link import Address


@dataclass(frozen=True, slots=True)
class Target:
    """The server under load. ca_pem: the only CA to trust, None for the system's. caps: to ask for.
    size: bytes of a message's text.
    """

    address: Address
    ca_pem: str | None
    caps: frozenset[str] = frozenset()
    size: int = 64


@dataclass(frozen=True, slots=True)
class Connect:
    """Have users log in, at most at_once of them at a time. talkers: of all workers."""

    users: Sequence[User]
    talkers: Sequence[User] = ()
    at_once: int = 50


@dataclass(frozen=True, slots=True)
class Join:
    """Have everybody enter its room."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Wait until everybody has received what was sent so far; then messages may begin."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """A round comes; no worker may talk before all have prepared. timed: latencies are wanted."""

    timed: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """A round. seconds: how long the senders talk. window: unacknowledged messages of each, or 0
    for a pace. interval, offset: seconds between this worker's messages, and before the first.
    """

    seconds: float
    window: int = 0
    interval: float = 0.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Expect:
    """Go on until everybody has everything. counts: messages of each sender since the first round,
    by room. patience: seconds.
    """

    counts: dict[str, dict[int, int]]
    patience: float = 60.0


@dataclass(frozen=True, slots=True)
class LogIn:
    """Log in and out over and over. users: each logged in by one at a time, in parallel."""

    users: Sequence[User]
    seconds: float


@dataclass(frozen=True, slots=True)
class Connected:
    """cipher: what TLS agreed on. granted: capabilities that were acknowledged."""

    cipher: str
    granted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sent:
    """counts: messages of each sender of this worker since the first round."""

    counts: dict[int, int]


@dataclass(frozen=True, slots=True)
class Received:
    """Of one round, verified. finished: when the last one came, monotonic seconds. cpu: seconds of
    this worker. latencies: nanoseconds as an array's bytes. orders: a digest of each room's order.
    """

    deliveries: int
    finished: float
    cpu: float
    latencies: bytes = b""
    orders: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """logins: finished ones. finished: when the last one was, monotonic seconds."""

    logins: int
    finished: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Failure:
    """The worker has given up; text: for the user."""

    text: str


Order = Connect | Join | Sync | Prepare | Talk | Expect | LogIn
Answer = Connected | Sent | Received | LoggedIn | Failure | None
