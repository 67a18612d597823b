"""How fast clients come in: a few over and over, and all of them at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchlib import columns, orders
from benchlib.chat import Talk, by_room, deliveries_of
from benchlib.client import User
from benchlib.columns import Column
from benchlib.load import Load, LoadError, shares
from benchlib.results import Measure, Round, latency_of
from benchlib.servers import Ability, Credential, Plan, Server, Subject, room_name
from benchlib.workload import (
    Clock,
    Settings,
    load_for,
    memory,
    note_connected,
    samples_of,
    stop,
    tell,
)

TALK_RATE = 50
"""Messages a second of those who are in already."""


@dataclass(frozen=True, slots=True)
class Login:
    """Connect, log in, receive the welcome, quit; at_once of them at a time."""

    name: str
    at_once: int
    credential: Credential = "password"

    @property
    def columns(self) -> Sequence[Column]:
        return columns.ROUNDS

    @property
    def connections(self) -> int:
        return self.at_once

    @property
    def needs(self) -> frozenset[Ability]:
        return frozenset() if self.credential == "password" else frozenset({self.credential})

    def run(self, subject: Subject, settings: Settings) -> Measure:
        with subject.start(Plan(self.at_once, self.credential)) as server:
            users = [server.user(number) for number in range(self.at_once)]
            measure = Measure(subject.name, self.name, connections=self.at_once)
            with load_for(server, subject, settings) as load:
                for number, seconds in enumerate(settings.lengths):
                    parts = shares(users, settings.processes)
                    given = [orders.LogIn(part, seconds) for part in parts]
                    with Clock(server) as clock:
                        done = load.each(given, orders.LoggedIn)
                    measure.cipher = max(one.cipher for one in done)
                    tell(settings, measure, number, self._round(clock, done))
            measure.resident_kib = memory(server)
        return measure

    def _round(self, clock: Clock, done: Sequence[orders.LoggedIn]) -> Round:
        return Round(
            count=sum(one.logins for one in done),
            seconds=max(one.finished for one in done) - clock.begun,
            server_cpu=clock.cpu,
            load_cpu=sum(one.cpu for one in done),
        )


@dataclass(frozen=True, slots=True)
class Storm:
    """The server stops and starts; a few are in at once and talk, and then all others come back at
    the same time. clients: the others, in rooms of room_size, where each has a room as the few
    have. lobby: whether all of them are in one room besides. In the first round, which isn't
    counted, the server has not been stopped, and sees their addresses for the first time.
    """

    name: str
    clients: int
    room_size: int
    lobby: bool = False
    credential: Credential = "token"

    @property
    def columns(self) -> Sequence[Column]:
        return columns.STORM

    @property
    def connections(self) -> int:
        return self.clients + self.room_size

    @property
    def needs(self) -> frozenset[Ability]:
        return frozenset({"restart", "lobby"} if self.lobby else {"restart"})

    def run(self, subject: Subject, settings: Settings) -> Measure:
        rooms = self.connections // self.room_size
        plan = Plan(self.connections, self.credential, rooms=rooms, lobby=self.lobby)
        with subject.start(plan) as server:
            users = self._users(server)
            measure = Measure(subject.name, self.name, connections=self.clients)
            # Whoever talks during the storm has a process of its own: the others are busy.
            with load_for(server, subject, settings, extra=1) as load:
                for number in range(settings.repeats + 1):
                    if number:
                        stop(load, server)
                        server.own_process().start()
                    found = _Round(load, server, users, self.room_size).run(measure)
                    tell(
                        settings, measure, number, found, f"all are in after {found.seconds:.2f} s"
                    )
            measure.stored = server.count_stored()
            measure.resident_kib = memory(server)
        return measure

    def _users(self, server: Server) -> list[User]:
        """Those who are in first, with two who talk; and in each other room one who does."""
        numbers = range(self.connections)
        talkers = {0, self.room_size // 2, *numbers[self.room_size :: self.room_size]}
        return [
            server.user(number, room_name(number // self.room_size), talks=number in talkers)
            for number in numbers
        ]


class _Round:
    """One storm. The first worker has the first room, the others have all others."""

    def __init__(self, load: Load, server: Server, users: list[User], first: int) -> None:
        self._load = load
        self._server = server
        self._early, self._others = users[:first], users[first:]

    def run(self, measure: Measure) -> Round:
        """Raises LoadError."""
        load, early = self._load, self._early
        load.one(0, orders.Connect(early), orders.Connected)
        load.one(0, orders.Settle([user for user in early if user.talks]), type(None))
        load.one(0, orders.Prepare(timed=True), type(None))
        with Clock(self._server) as clock:
            load.give(0, orders.Talk(math.inf, interval=1 / TALK_RATE))
            connected = self._storm()
        load.give(0, orders.StopTalking())
        received = self._verified(load.take(0, orders.Sent))
        note_connected(measure, connected)
        measure.sent += self._prove(received)
        return Round(
            count=len(self._others),
            seconds=max(one.finished for one in connected) - clock.begun,
            server_cpu=clock.cpu,
            load_cpu=sum(one.cpu for one in connected),
            latency=latency_of(samples_of([received.latencies])),
        )

    def _storm(self) -> list[orders.Connected]:
        parts = shares(self._others, self._load.size - 1)
        given = [orders.Connect(part, at_once=len(self._others)) for part in parts]
        return self._load.each(given, orders.Connected, first=1)

    def _verified(self, sent: orders.Sent) -> orders.Received:
        """What was said in the storm has reached everybody it was for."""
        self._load.take(0, type(None))
        counts = by_room(self._early, [sent])
        received = self._load.one(0, orders.Expect(counts), orders.Received)
        expected = deliveries_of(self._early, counts)
        if received.deliveries != expected:
            raise LoadError(f"expected {expected} deliveries, {received.deliveries} came")
        return received

    def _prove(self, received: orders.Received) -> int:
        """That all others are back: a message in each room reaches all its members. How many
        messages were said in all.
        """
        talk = Talk(self._load, self._server, self._others, first=1)
        talk.settle()
        given = orders.Talk(seconds=30.0, window=1, messages=1)
        talk.round([given] * (self._load.size - 1))
        return talk.sent + received.deliveries // (len(self._early) - 1)
