"""What a server takes to stand there: connections that are silent, a long talk, a start."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchlib import columns, orders
from benchlib.chat import Chat, Talk
from benchlib.client import User
from benchlib.columns import Column
from benchlib.load import Load, LoadError
from benchlib.proc import cpu_seconds, resident_kib
from benchlib.results import Measure, Round
from benchlib.seed import rooms_of
from benchlib.servers import Ability, Plan, Server, Subject, room_name
from benchlib.workload import (
    Settings,
    connect,
    load_for,
    note_connected,
    settled,
    stop,
    tell,
)

QUARTERS = 4

QUARTER_SECONDS = 240.0
"""What a quarter of a soak may take."""


def own_pid(server: Server) -> int:
    """The process, whose memory is to be measured. Raises LoadError when it isn't known."""
    if server.pid is None:
        raise LoadError("the server's memory is not known; name its process with --pid")
    return server.pid


@dataclass(frozen=True, slots=True)
class Idle:
    """Connections that only stay: what each costs in the server's memory."""

    name: str
    clients: int

    @property
    def columns(self) -> Sequence[Column]:
        return (columns.CONNECTIONS, columns.KIB_EACH, columns.MIB)

    @property
    def connections(self) -> int:
        return self.clients + self._warm_up

    @property
    def needs(self) -> frozenset[Ability]:
        return frozenset()

    @property
    def _warm_up(self) -> int:
        """The first connections also make what all share."""
        return max(2, self.clients // 20)

    def run(self, subject: Subject, settings: Settings) -> Measure:
        with subject.start(Plan(self.connections, "token")) as server:
            pid = own_pid(server)
            users = [server.user(number) for number in range(self.connections)]
            measure = Measure(subject.name, self.name, connections=self.clients)
            with load_for(server, subject, settings) as load:
                for batch in self._batches(users, settings.repeats):
                    connect(load, batch, subject, settings, measure)
                    load.rest(0, orders.Settle([]), type(None))
                    measure.samples.append(settled(pid))
                    self._tell(settings, measure, len(batch))
        measure.resident_kib = measure.samples[-1]
        measure.kib_each = (measure.samples[-1] - measure.samples[0]) / self.clients
        return measure

    def _batches(self, users: list[User], repeats: int) -> list[list[User]]:
        """The warm-up, and then the others in as many parts as there would be rounds."""
        rest = users[self._warm_up :]
        cuts = [part * len(rest) // repeats for part in range(repeats + 1)]
        parts = [rest[start:end] for start, end in itertools.pairwise(cuts)]
        return [users[: self._warm_up], *[part for part in parts if part]]

    def _tell(self, settings: Settings, measure: Measure, size: int) -> None:
        if len(measure.samples) > 1:
            before, now = measure.samples[-2:]
            measure.kib_batches.append((now - before) / size)
            told = f"{measure.kib_batches[-1]:.1f} KiB each"
            settings.say(f"{measure.server} {self.name}: {size:,} more connections, {told}")


@dataclass(frozen=True, slots=True)
class Soak:
    """So many messages, and the memory in the course of them. chat: by whom they are said."""

    chat: Chat
    messages: int

    @property
    def name(self) -> str:
        return self.chat.name

    @property
    def columns(self) -> Sequence[Column]:
        return columns.COURSE

    @property
    def connections(self) -> int:
        return self.chat.connections

    @property
    def needs(self) -> frozenset[Ability]:
        return frozenset({"store"})

    def run(self, subject: Subject, settings: Settings) -> Measure:
        chat, each = self.chat, self.messages // QUARTERS // self.chat.senders
        with subject.start(chat.plan(settings)) as server:
            pid = own_pid(server)
            users = chat.users(server)
            measure = Measure(subject.name, self.name, connections=len(users))
            with load_for(server, subject, settings) as load:
                connect(load, users, subject, settings, measure)
                talk = Talk(load, server, users)
                talk.settle()
                # One more in advance fills what has a bound: caches, and the newest in memory.
                for number, messages in enumerate([each] * (QUARTERS + 1)):
                    talked = orders.Talk(QUARTER_SECONDS, chat.window, messages)
                    found = talk.round([talked] * settings.processes)
                    measure.samples.append(settled(pid))
                    self._tell(settings, measure, number, found)
            self._check(talk.sent, each)
            measure.sent, measure.stored = talk.sent, server.count_stored()
            measure.resident_kib = measure.samples[-1]
        return measure

    def _check(self, sent: int, each: int) -> None:
        expected = each * (QUARTERS + 1) * self.chat.senders
        if sent != expected:
            raise LoadError(f"{sent} of {expected} messages could be sent in the time there was")

    def _tell(self, settings: Settings, measure: Measure, number: int, found: Round) -> None:
        if number:
            measure.rounds.append(found)
        which = f"quarter {number} of {QUARTERS}" if number else "warm-up"
        settings.say(
            f"{measure.server} {self.name} {which}: {found.rate:,.0f} a second, "
            f"server {measure.samples[-1] / 1024:,.1f} MiB"
        )


@dataclass(frozen=True, slots=True)
class StartUp:
    """The start of a server that has so much to know already, up to the first client's welcome."""

    name: str
    accounts: int
    messages: int
    rooms: int

    @property
    def columns(self) -> Sequence[Column]:
        return columns.START

    @property
    def connections(self) -> int:
        return 1

    @property
    def needs(self) -> frozenset[Ability]:
        return frozenset({"store", "restart", "token"})

    def run(self, subject: Subject, settings: Settings) -> Measure:
        settings.say(
            f"{subject.name} {self.name}: {self.accounts:,} accounts and {self.messages:,} "
            "messages are written"
        )
        plan = self._plan(settings)
        with subject.start(plan) as server:
            measure = Measure(subject.name, self.name, connections=1)
            last = self.accounts - 1
            user = server.user(last, room_name(rooms_of(plan, last)[0]))
            with load_for(server, subject, settings) as load:
                for number in range(settings.repeats + 1):
                    stop(load, server)
                    found = self._start(load, server, user, measure)
                    achieved = f"the first welcome after {found.seconds:.2f} s"
                    tell(settings, measure, number, found, achieved)
        return measure

    def _plan(self, settings: Settings) -> Plan:
        return Plan(
            self.accounts,
            "token",
            rooms=self.rooms,
            each=min(3, self.rooms),
            messages=self.messages,
            authors=min(10, self.accounts // self.rooms),
            size=settings.size,
        )

    def _start(self, load: Load, server: Server, user: User, measure: Measure) -> Round:
        begun = time.monotonic()
        server.own_process().start()
        pid = own_pid(server)
        connected = load.one(0, orders.Connect([user]), orders.Connected)
        found = Round(1, connected.finished - begun, cpu_seconds(pid), connected.cpu)
        note_connected(measure, [connected])
        measure.resident_kib = resident_kib(pid)
        return found
