"""What is done to a server: each workload starts it anew and returns a Measure."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from benchlib import orders
from benchlib.client import User
from benchlib.crew import Crew, CrewError, shares
from benchlib.proc import cpu_seconds, resident_kib
from benchlib.results import Measure, Round, latency_of
from benchlib.servers import Server, Subject


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
        return [max(0.2, self.seconds / 3), *[self.seconds] * self.repeats]


class Workload(Protocol):
    """name: in tables."""

    @property
    def name(self) -> str: ...

    @property
    def connections(self) -> int:
        """At the same time."""
        ...

    def run(self, subject: Subject, settings: Settings) -> Measure:
        """Raises CrewError, StartError, MachineError."""
        ...


@dataclass(frozen=True, slots=True)
class Chat:
    """Members of rooms, some of whom talk. window: unacknowledged messages of each sender; 0 for a
    pace of rate messages a second in all, whose latency is measured.
    """

    name: str
    clients: int
    rooms: int
    senders: int
    window: int = 0
    rate: float = 0.0

    @property
    def connections(self) -> int:
        return self.clients

    def run(self, subject: Subject, settings: Settings) -> Measure:
        with subject.start(self.clients) as server:
            users = self.users(server)
            measure = Measure(subject.name, self.name, connections=len(users))
            with _crew(server, subject, settings) as crew:
                _connect(crew, users, settings, measure)
                crew.all(orders.Join(), type(None))
                crew.all(orders.Sync(), type(None))
                self._rounds(crew, server, users, settings, measure)
            measure.stored = server.stored()
        return measure

    def users(self, server: Server) -> list[User]:
        """Members one after the other, room by room; in each the senders evenly among them."""
        members, talkers = self.clients // self.rooms, self.senders // self.rooms
        places = {place * members // talkers for place in range(talkers)}
        return [
            server.user(room * members + place, f"#load{room}", talks=place in places)
            for room in range(self.rooms)
            for place in range(members)
        ]

    def _rounds(
        self, crew: Crew, server: Server, users: list[User], settings: Settings, measure: Measure
    ) -> None:
        before: dict[str, dict[int, int]] = {}
        for number, seconds in enumerate(settings.lengths):
            crew.all(orders.Prepare(timed=not self.window), type(None))
            with _Clock(server) as clock:
                sent = crew.each(self._talks(settings, seconds), orders.Sent)
                counts = _by_room(users, sent)
                received = crew.all(orders.Expect(counts), orders.Received)
            found = self._round(clock, received)
            self.check(counts, before, received)
            before = counts
            _tell(settings, measure, number, found)
        measure.sent = sum(sum(by_sender.values()) for by_sender in before.values())
        measure.resident_kib = resident_kib(server.pid) if server.pid is not None else None

    def _talks(self, settings: Settings, seconds: float) -> list[orders.Order]:
        if self.window:
            return [orders.Talk(seconds, self.window)] * settings.processes
        step = 1 / self.rate
        interval = step * settings.processes
        return [
            orders.Talk(seconds, 0, interval, step * (index + 1))
            for index in range(settings.processes)
        ]

    def _round(self, clock: _Clock, received: list[orders.Received]) -> Round:
        samples = array("q")
        for one in received:
            samples.frombytes(one.latencies)
        return Round(
            count=sum(one.deliveries for one in received),
            seconds=max(one.finished for one in received) - clock.begun,
            server_cpu=clock.cpu,
            load_cpu=sum(one.cpu for one in received),
            latency=latency_of(samples) if samples else None,
        )

    def check(
        self,
        counts: dict[str, dict[int, int]],
        before: dict[str, dict[int, int]],
        received: list[orders.Received],
    ) -> None:
        """Every message of the round at every other member, and one order for all of a room."""
        old = sum(sum(by_sender.values()) for by_sender in before.values())
        messages = sum(sum(by_sender.values()) for by_sender in counts.values()) - old
        expected = messages * (self.clients // self.rooms - 1)
        found = sum(one.deliveries for one in received)
        if found != expected:
            raise CrewError(f"expected {expected} deliveries, {found} came")
        for room in counts:
            seen = {one.orders[room] for one in received if room in one.orders}
            if len(seen) > 1:
                raise CrewError(f"the members of {room} saw its messages in different orders")


@dataclass(frozen=True, slots=True)
class Idle:
    """Connections that only stay: what each costs in the server's memory."""

    name: str
    clients: int

    @property
    def connections(self) -> int:
        return self.clients + self._warm_up

    @property
    def _warm_up(self) -> int:
        """The first connections also make what all share."""
        return max(2, self.clients // 20)

    def run(self, subject: Subject, settings: Settings) -> Measure:
        warm_up, total = self._warm_up, self.connections
        with subject.start(total) as server:
            if server.pid is None:
                raise CrewError("the server's memory is not known; name its process with --pid")
            users = [server.user(number) for number in range(total)]
            measure = Measure(subject.name, self.name, connections=self.clients)
            with _crew(server, subject, settings) as crew:
                _connect(crew, users[:warm_up], settings, measure)
                before = _settled(server.pid)
                _connect(crew, users[warm_up:], settings, measure)
                crew.all(orders.Sync(), type(None))
                after = _settled(server.pid)
        measure.resident_kib = after
        measure.kib_each = (after - before) / self.clients
        settings.say(f"{subject.name} {self.name}: {measure.kib_each:.1f} KiB each")
        return measure


@dataclass(frozen=True, slots=True)
class Login:
    """Connect, log in, receive the welcome, quit; at_once of them at a time."""

    name: str
    at_once: int

    @property
    def connections(self) -> int:
        return self.at_once

    def run(self, subject: Subject, settings: Settings) -> Measure:
        with subject.start(self.at_once) as server:
            users = [server.user(number) for number in range(self.at_once)]
            measure = Measure(subject.name, self.name, connections=self.at_once)
            with _crew(server, subject, settings) as crew:
                for number, seconds in enumerate(settings.lengths):
                    given = [
                        orders.LogIn(share, seconds) for share in shares(users, settings.processes)
                    ]
                    with _Clock(server) as clock:
                        done = crew.each(given, orders.LoggedIn)
                    found = Round(
                        count=sum(one.logins for one in done),
                        seconds=max(one.finished for one in done) - clock.begun,
                        server_cpu=clock.cpu,
                        load_cpu=sum(one.cpu for one in done),
                    )
                    _tell(settings, measure, number, found)
            measure.resident_kib = resident_kib(server.pid) if server.pid is not None else None
        return measure


class _Clock:
    """Times a block, and the CPU that the server used in it."""

    def __init__(self, server: Server) -> None:
        self._pid = server.pid
        self.begun = 0.0
        self.cpu: float | None = None

    def __enter__(self) -> _Clock:
        self.begun = time.monotonic()
        self._before = cpu_seconds(self._pid) if self._pid is not None else 0.0
        return self

    def __exit__(self, *_: object) -> None:
        if self._pid is not None:
            self.cpu = cpu_seconds(self._pid) - self._before


def _crew(server: Server, subject: Subject, settings: Settings) -> Crew:
    target = orders.Target(server.address, server.ca_pem, subject.caps, settings.size)
    return Crew(target, settings.processes)


def _connect(crew: Crew, users: list[User], settings: Settings, measure: Measure) -> None:
    settings.say(f"{measure.server} {measure.workload}: {len(users)} users log in")
    talkers = [user for user in users if user.talks]
    given = [orders.Connect(share, talkers) for share in shares(users, settings.processes)]
    connected = crew.each(given, orders.Connected)
    measure.cipher = max(one.cipher for one in connected)
    measure.granted = sorted(set().union(*(one.granted for one in connected)))


def _by_room(users: list[User], sent: list[orders.Sent]) -> dict[str, dict[int, int]]:
    """Messages of each sender since the start, by room."""
    counts: dict[str, dict[int, int]] = {}
    together = {number: count for one in sent for number, count in one.counts.items()}
    for user in users:
        counts.setdefault(user.room, {})
        if user.talks:
            counts[user.room][user.number] = together[user.number]
    return counts


def _tell(settings: Settings, measure: Measure, number: int, found: Round) -> None:
    """Keep a round, unless it is the warm-up, and show it."""
    if number:
        measure.rounds.append(found)
    which = f"round {number} of {settings.repeats}" if number else "warm-up"
    cpu = "" if found.server_us is None else f", server {found.server_us:.2f} µs CPU each"
    p99 = "" if found.latency is None else f", p99 {found.latency.p99:.1f} ms"
    settings.say(
        f"{measure.server} {measure.workload} {which}: {found.rate:,.0f} a second{cpu}, "
        f"load {found.load_us:.2f} µs{p99}"
    )


def _settled(pid: int) -> int:
    """The resident memory once it has stopped to grow, in KiB."""
    before = resident_kib(pid)
    for _ in range(20):
        time.sleep(0.25)
        now = resident_kib(pid)
        if abs(now - before) < 64:
            return now
        before = now
    return before
