"""What was measured: plain values, and the numbers that are told of them."""

from __future__ import annotations

import statistics
from array import array
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from sending to reception."""

    p50: float
    p99: float
    longest: float


def latency_of(samples: array[int]) -> Latency:
    """samples: nanoseconds, at least one."""
    ordered = sorted(samples)

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e6

    return Latency(round(at(0.50), 3), round(at(0.99), 3), round(ordered[-1] / 1e6, 3))


class Turns(NamedTuple):
    """Of a node: how many it had, and for how many seconds it waited for them and had them."""

    number: int
    waited: float
    held: float


@dataclass(frozen=True, slots=True)
class Round:
    """count: verified deliveries, or logins. seconds: from the first to the last. server_cpu,
    load_cpu: seconds of CPU; None where the server's process isn't known. latency: of deliveries;
    of a return, until everything missed has come, and welcome until the welcome was over. messages:
    that were sent. each_cpu, databases_cpu: of each process of the server, and of each one that
    keeps its database. echo: until a sender had its own message back. apart: until the last one at
    another node had it, of several.
    """

    count: int
    seconds: float
    server_cpu: float | None
    load_cpu: float
    latency: Latency | None = None
    welcome: Latency | None = None
    messages: int = 0
    each_cpu: Sequence[float] = ()
    databases_cpu: Sequence[float] = ()
    echo: Latency | None = None
    apart: Latency | None = None

    @property
    def rate(self) -> float:
        """A second."""
        return self.count / self.seconds

    @property
    def server_us(self) -> float | None:
        """CPU microseconds each."""
        return None if self.server_cpu is None else self.server_cpu * 1e6 / self.count

    @property
    def load_us(self) -> float:
        """CPU microseconds each."""
        return self.load_cpu * 1e6 / self.count


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the rounds, and the lowest and the highest."""

    median: float
    low: float
    high: float


def spread(values: list[float]) -> Spread:
    """values: at least one."""
    return Spread(statistics.median(values), min(values), max(values))


def _together(found: list[Latency]) -> Latency | None:
    if not found:
        return None
    return Latency(
        statistics.median(one.p50 for one in found),
        statistics.median(one.p99 for one in found),
        max(one.longest for one in found),
    )


@dataclass(slots=True)
class Measure:
    """One workload on one server. sent: messages in all rounds, the warm-up's too. stored: how many
    of them are in the server's database. resident_kib: memory at the end. kib_each: memory a
    connection; kib_batches: of those that came together. samples: memory in the course of the
    workload, in KiB. point: where on a curve it stands. waited, held: of each node, in which part
    of the time it waited for its turns, and had them. error: why it could not be measured, '' when
    it was.
    """

    server: str
    workload: str
    rounds: list[Round] = field(default_factory=list)
    cipher: str = ""
    granted: list[str] = field(default_factory=list)
    sent: int = 0
    stored: int | None = None
    resident_kib: int | None = None
    connections: int = 0
    kib_each: float | None = None
    kib_batches: list[float] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)
    point: int | None = None
    waited: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    error: str = ""

    @property
    def rate(self) -> Spread | None:
        """Deliveries, or logins, a second."""
        return spread([found.rate for found in self.rounds]) if self.rounds else None

    @property
    def server_us(self) -> Spread | None:
        """CPU microseconds of the server for each."""
        values = [found.server_us for found in self.rounds if found.server_us is not None]
        return spread(values) if values else None

    @property
    def load_us(self) -> Spread | None:
        """CPU microseconds of the load for each."""
        return spread([found.load_us for found in self.rounds]) if self.rounds else None

    @property
    def seconds(self) -> Spread | None:
        """How long a round took."""
        return spread([found.seconds for found in self.rounds]) if self.rounds else None

    @property
    def latency(self) -> Latency | None:
        """The medians of the rounds' values, and the longest of all."""
        return self.together(lambda one: one.latency)

    def together(self, which: Callable[[Round], Latency | None]) -> Latency | None:
        """The same of any latency of a round."""
        found = [which(one) for one in self.rounds]
        return _together([one for one in found if one is not None])

    def per_message(self, seconds: Callable[[Round], float]) -> Spread | None:
        """Microseconds for each message. seconds: of a round."""
        values = [seconds(one) * 1e6 / one.messages for one in self.rounds if one.messages]
        return spread(values) if values else None

    @property
    def welcome(self) -> Latency | None:
        """The same of the times until the welcome was over."""
        return self.together(lambda one: one.welcome)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)
