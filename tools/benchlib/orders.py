"""What the parent process tells a worker, and what it answers: plain values that cross a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchlib.client import User
from benchlib.link import Address


@dataclass(frozen=True, slots=True)
class Target:
    """The server under load. ca_pem: the only CA to trust, None for the system's. caps: to ask for.
    size: bytes of a message's text. web: it speaks by WebSockets.
    """

    address: Address
    ca_pem: str | None
    caps: frozenset[str] = frozenset()
    size: int = 64
    web: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """Have users log in and enter their rooms, at most at_once of them at a time."""

    users: Sequence[User]
    at_once: int = 50


@dataclass(frozen=True, slots=True)
class Settle:
    """Wait until everybody has received what was sent so far; from then on messages of the load
    may come, and are checked. talkers: of all workers.
    """

    talkers: Sequence[User]


@dataclass(frozen=True, slots=True)
class Prepare:
    """A round comes; no worker may talk before all have prepared. timed: latencies are wanted.
    apart: also those of echoes, and of the last one at another node.
    """

    timed: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """A round. seconds: how long the senders talk. window: unacknowledged messages of each, or 0
    for a pace. interval, offset: seconds between this worker's messages, and before the first. A
    pace also ends with the next order. messages: after which a sender is done, 0 for never.
    """

    seconds: float
    window: int = 0
    messages: int = 0
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
class StopTalking:
    """An order to end a pace with."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """Log in and out over and over. users: each logged in by one at a time, in parallel."""

    users: Sequence[User]
    seconds: float


@dataclass(frozen=True, slots=True)
class ExpectClose:
    """The server is going to stop: it may close the connections."""


@dataclass(frozen=True, slots=True)
class AwaitClose:
    """Wait until the server has closed all connections."""


@dataclass(frozen=True, slots=True)
class Return:
    """Have users log in one after the other, and check what they are given of what they missed in
    their room. authors: nicks of those who spoke there in turn. span: the places in its log of the
    first message that must come, and after the last.
    """

    users: Sequence[User]
    authors: Sequence[str]
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Question:
    """kind: what its times are put under. line: without CR LF; end: what the last line of the
    answer has and no other; in both %d stands for a number that is a new one each time. heard_by:
    whose line that is: of the user that stands so many places behind the asker. least: messages
    that the answer must have.
    """

    kind: str
    line: str
    end: str
    heard_by: int = 0
    least: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """Have users ask, each the next of its questions when the one before is answered, and over and
    over again. questions: of each user, in the order they have connected; none for who only hears.
    interval: seconds between two of a user, at the least; they begin at different moments.
    """

    questions: Sequence[Sequence[Question]]
    seconds: float
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Connected:
    """cipher: what TLS agreed on. granted: capabilities that were acknowledged. finished: when the
    last one was in, monotonic seconds. cpu: seconds of this worker.
    """

    cipher: str
    granted: frozenset[str]
    finished: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Sent:
    """counts: messages of each sender of this worker since the first round."""

    counts: dict[int, int]


@dataclass(frozen=True, slots=True)
class Received:
    """Of one round, verified. finished: when the last one came, monotonic seconds. cpu: seconds of
    this worker. latencies, echoes: nanoseconds as an array's bytes. last: of each message, by its
    sender and number, until the last one at another node had it. orders: a digest of each room's
    order.
    """

    deliveries: int
    finished: float
    cpu: float
    latencies: bytes = b""
    echoes: bytes = b""
    last: dict[tuple[int, int], int] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """logins: finished ones. finished: when the last one was, monotonic seconds. cipher: what TLS
    agreed on.
    """

    logins: int
    finished: float
    cpu: float
    cipher: str


@dataclass(frozen=True, slots=True)
class Returned:
    """messages: verified ones. finished, cpu, cipher: as above. welcomed, replayed: of each user,
    nanoseconds from connecting to the end of the welcome, and to the last missed message.
    """

    messages: int
    finished: float
    cpu: float
    cipher: str
    welcomed: bytes
    replayed: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """By kind of question. times: nanoseconds of each answer. warnings, failures: answers with WARN
    or with FAIL. finished, cpu: as above.
    """

    times: dict[str, bytes]
    warnings: dict[str, int]
    failures: dict[str, int]
    finished: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Failure:
    """The worker has given up; text: for the user."""

    text: str


Order = (
    Connect
    | Settle
    | Prepare
    | Talk
    | StopTalking
    | Expect
    | LogIn
    | ExpectClose
    | AwaitClose
    | Return
    | Ask
)
Answer = Connected | Sent | Received | LoggedIn | Returned | Answered | Failure | None
