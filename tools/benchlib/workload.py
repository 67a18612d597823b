"""What all workloads have in common. Each starts a server anew and returns a Measure."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from benchlib import orders
from benchlib.client import User
from benchlib.columns import Column
from benchlib.load import Load, shares
from benchlib.proc import MachineError, cpu_seconds, resident_kib
from benchlib.results import Measure, Round
from benchlib.servers import Ability, Server, Subject


@dataclass(frozen=True, slots=True)
class Settings:
    """processes: of the load. seconds: of one round. repeats: rounds that count, after a warm-up.
    size: bytes of a message's text. say: takes progress.
    """

    processes: int
    seconds: float
    repeats: int
    size: int
    say: Callable[[str], None]

    @property
    def lengths(self) -> list[float]:
        """Seconds of each round; the first is the warm-up, and shorter."""
        return [max(min(0.2, self.seconds), self.seconds / 3), *[self.seconds] * self.repeats]


class Workload(Protocol):
    """name: in results. columns: of its table."""

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def connections(self) -> int:
        """At the same time."""
        ...

    @property
    def needs(self) -> frozenset[Ability]:
        """What a server must offer to be measured."""
        ...

    def run(self, subject: Subject, settings: Settings) -> Measure:
        """Raises LoadError, StartError, MachineError."""
        ...


class Clock:
    """Times a block, and the CPU that the server used in it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.begun = 0.0
        self.cpu: float | None = None
        self.each: list[float] = []
        """Of each of its processes."""
        self.databases: list[float] = []
        """Of each one that keeps its database."""

    def __enter__(self) -> Clock:
        self.begun = time.monotonic()
        self._before = [cpu_seconds(pid) for pid in self._server.pids]
        self._databases = self._server.databases()
        self._databases_before = [_cpu_of(pids) for pids in self._databases]
        return self

    def __exit__(self, *_: object) -> None:
        now = [cpu_seconds(pid) for pid in self._server.pids]
        self.each = [after - before for before, after in zip(self._before, now, strict=True)]
        if now:
            self.cpu = sum(self.each)
        self.databases = [
            _cpu_of(pids) - before
            for pids, before in zip(self._databases, self._databases_before, strict=True)
        ]


def _cpu_of(pids: Iterable[int]) -> float:
    """Of those of the processes that are there."""
    total = 0.0
    for pid in pids:
        with suppress(MachineError):
            total += cpu_seconds(pid)
    return total


def load_for(
    server: Server,
    subject: Subject,
    settings: Settings,
    *,
    extra: int = 0,
    caps: Iterable[str] = (),
) -> Load:
    """The processes of the load, and extra ones. caps: to ask for besides the subject's."""
    wanted = subject.caps | frozenset(caps)
    target = orders.Target(server.address, server.ca_pem, wanted, settings.size, server.web)
    return Load(target, settings.processes + extra)


def connect(
    load: Load, users: list[User], subject: Subject, settings: Settings, measure: Measure
) -> None:
    """Have all users log in and enter their rooms. Raises LoadError."""
    settings.say(f"{measure.server} {measure.workload}: {len(users):,} users log in")
    given = [orders.Connect(share, subject.at_once) for share in shares(users, settings.processes)]
    note_connected(measure, load.each(given, orders.Connected))


def note_connected(measure: Measure, connected: Sequence[orders.Connected]) -> None:
    """Keep what was agreed on."""
    measure.cipher = max(one.cipher for one in connected)
    measure.granted = sorted(set().union(*(one.granted for one in connected)))


def stop(load: Load, server: Server) -> None:
    """End the server's process, which has to close all connections. Raises LoadError."""
    load.rest(0, orders.ExpectClose(), type(None))
    server.own_process().stop()
    load.rest(0, orders.AwaitClose(), type(None))


def tell(
    settings: Settings, measure: Measure, number: int, found: Round, achieved: str = ""
) -> None:
    """Keep a round, unless it is the warm-up, and show it. achieved: '' for so many a second."""
    if number:
        measure.rounds.append(found)
    which = f"round {number} of {settings.repeats}" if number else "warm-up"
    cpu = "" if found.server_us is None else f", server {found.server_us:,.2f} µs CPU each"
    p99 = "" if found.latency is None else f", p99 {found.latency.p99:.1f} ms"
    achieved = achieved or f"{found.rate:,.0f} a second"
    settings.say(
        f"{measure.server} {measure.workload} {which}: {achieved}{cpu}, "
        f"load {found.load_us:,.2f} µs{p99}"
    )


def samples_of(found: Iterable[bytes]) -> array[int]:
    """The nanoseconds that workers have sent as bytes."""
    samples = array("q")
    for one in found:
        samples.frombytes(one)
    return samples


def memory(server: Server) -> int | None:
    """Of the server's processes now, in KiB; None where it isn't known."""
    return sum(map(resident_kib, server.pids)) or None


def settled(pid: int) -> int:
    """The resident memory once it has stopped to grow, in KiB."""
    before = resident_kib(pid)
    for _ in range(20):
        time.sleep(0.25)
        now = resident_kib(pid)
        if abs(now - before) < 64:
            return now
        before = now
    return before
