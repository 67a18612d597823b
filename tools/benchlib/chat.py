"""Members of rooms, some of whom talk."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchlib import columns, orders
from benchlib.client import User
from benchlib.columns import Column
from benchlib.load import Load, LoadError
from benchlib.results import Measure, Round, latency_of
from benchlib.servers import Ability, Credential, Plan, Server, Subject, room_name
from benchlib.workload import (
    Clock,
    Settings,
    connect,
    load_for,
    memory,
    samples_of,
    tell,
)

Counts = dict[str, dict[int, int]]
"""Messages of each sender since the start, by room."""


@dataclass(frozen=True, slots=True)
class Chat:
    """window: unacknowledged messages of each sender; 0 for a pace of rate messages a second in
    all, whose latency is measured. history: messages in the first room's log before the start.
    web: the members come by WebSockets.
    """

    name: str
    clients: int
    rooms: int
    senders: int
    window: int = 0
    rate: float = 0.0
    history: int = 0
    credential: Credential = "password"
    web: bool = False

    @property
    def columns(self) -> Sequence[Column]:
        return columns.ROUNDS if self.window else (*columns.ROUNDS, *columns.LATENCY)

    @property
    def connections(self) -> int:
        return self.clients

    @property
    def needs(self) -> frozenset[Ability]:
        wanted: dict[Ability, bool] = {"store": self.history > 0, "web": self.web}
        return frozenset(ability for ability, asked in wanted.items() if asked)

    @property
    def caps(self) -> frozenset[str]:
        """Capabilities that its clients ask for, besides the subject's."""
        return frozenset()

    def plan(self, settings: Settings) -> Plan:
        """Members are in their rooms in advance where the log is."""
        rooms = self.rooms if self.history else 0
        authors = min(10, self.clients // self.rooms)
        return Plan(
            self.clients,
            self.credential,
            rooms=rooms,
            messages=self.history,
            authors=authors,
            size=settings.size,
            web=self.web,
        )

    def run(self, subject: Subject, settings: Settings) -> Measure:
        if self.history:
            settings.say(f"{subject.name} {self.name}: {self.history:,} messages are written")
        with subject.start(self.plan(settings)) as server:
            users = self.users(server)
            measure = Measure(subject.name, self.name, connections=len(users))
            with load_for(server, subject, settings, caps=self.caps) as load:
                connect(load, users, subject, settings, measure)
                talk = Talk(load, server, users)
                talk.settle()
                self.talk(talk, server, settings, measure)
            measure.sent = talk.sent
            measure.resident_kib = memory(server)
            measure.stored = server.count_stored()
        return measure

    def talk(self, talk: Talk, server: Server, settings: Settings, measure: Measure) -> None:
        """All rounds."""
        for number, seconds in enumerate(settings.lengths):
            given = self.orders(settings, seconds)
            tell(settings, measure, number, talk.round(given, timed=not self.window))

    def users(self, server: Server) -> list[User]:
        """Members one after the other, room by room; in each the senders evenly among them."""
        members = self.clients // self.rooms
        return [
            server.user(room * members + place, room_name(room), talks=place in self._places(room))
            for room in range(self.rooms)
            for place in range(members)
        ]

    def _places(self, room: int) -> set[int]:
        """Where the senders of a room are; where there are fewer than rooms, some have none."""
        members = self.clients // self.rooms
        talkers = (room + 1) * self.senders // self.rooms - room * self.senders // self.rooms
        return {place * members // talkers for place in range(talkers)}

    def orders(self, settings: Settings, seconds: float) -> list[orders.Talk]:
        """What each process of the load is told to do in a round."""
        if self.window:
            return [orders.Talk(seconds, self.window)] * settings.processes
        step = 1 / self.rate
        interval = step * settings.processes
        return [
            orders.Talk(seconds, interval=interval, offset=step * (index + 1))
            for index in range(settings.processes)
        ]


class Talk:
    """Rounds of talk among users that are in their rooms. load: of which the workers from the first
    have them.
    """

    def __init__(self, load: Load, server: Server, users: Sequence[User], first: int = 0) -> None:
        self._load = load
        self._server = server
        self._users = users
        self._first = first
        self._before: Counts = {}

    @property
    def sent(self) -> int:
        """Messages in all rounds."""
        return _total(self._before)

    def settle(self) -> None:
        """To be called before the first round. Raises LoadError."""
        talkers = [user for user in self._users if user.talks]
        self._load.rest(self._first, orders.Settle(talkers), type(None))

    def round(
        self, given: Sequence[orders.Talk], *, timed: bool = False, apart: bool = False
    ) -> Round:
        """One round, every delivery of which is verified. Raises LoadError."""
        load, first, before = self._load, self._first, self.sent
        load.rest(first, orders.Prepare(timed=timed, apart=apart), type(None))
        with Clock(self._server) as clock:
            sent = load.each(given, orders.Sent, first=first)
            counts = by_room(self._users, sent)
            received = load.rest(first, orders.Expect(counts), orders.Received)
        self.check(counts, received)
        return round_of(clock, received, self.sent - before)

    def check(self, counts: Counts, received: Sequence[orders.Received]) -> None:
        """Every message of the round at every other member, and one order for all of a room."""
        expected = deliveries_of(self._users, counts) - deliveries_of(self._users, self._before)
        self._before = counts
        found = sum(one.deliveries for one in received)
        if found != expected:
            raise LoadError(f"expected {expected} deliveries, {found} came")
        for room in counts:
            seen = {one.orders[room] for one in received if room in one.orders}
            if len(seen) > 1:
                raise LoadError(f"the members of {room} saw its messages in different orders")


def round_of(clock: Clock, received: Sequence[orders.Received], messages: int = 0) -> Round:
    """What a round of talk was. messages: that were sent in it."""
    samples = samples_of(one.latencies for one in received)
    echoes = samples_of(one.echoes for one in received)
    last = Counter[tuple[int, int]]()
    for one in received:
        last |= Counter(one.last)  # the largest of each
    return Round(
        count=sum(one.deliveries for one in received),
        seconds=max(one.finished for one in received) - clock.begun,
        server_cpu=clock.cpu,
        load_cpu=sum(one.cpu for one in received),
        latency=latency_of(samples) if samples else None,
        messages=messages,
        each_cpu=clock.each,
        databases_cpu=clock.databases,
        echo=latency_of(echoes) if echoes else None,
        apart=latency_of(array("q", last.values())) if last else None,
    )


def by_room(users: Sequence[User], sent: Sequence[orders.Sent]) -> Counts:
    """What has been sent, by those who are in a room."""
    counts: Counts = {}
    together = {number: count for one in sent for number, count in one.counts.items()}
    for user in users:
        counts.setdefault(user.room, {})
        if user.talks:
            counts[user.room][user.number] = together[user.number]
    return counts


def deliveries_of(users: Sequence[User], counts: Counts) -> int:
    """How many there must be: each message at each other member of its room."""
    members = Counter(user.room for user in users)
    return sum((members[room] - 1) * sum(counts[room].values()) for room in counts)


def _total(counts: Counts) -> int:
    return sum(sum(by_sender.values()) for by_sender in counts.values())
