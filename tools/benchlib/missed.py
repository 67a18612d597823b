"""An account comes back to what was said while it was away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchlib import columns, orders
from benchlib.columns import Column
from benchlib.results import Measure, Round, latency_of
from benchlib.servers import Ability, Plan, Server, Subject, nick, room_name
from benchlib.workload import Clock, Settings, load_for, memory, samples_of, tell
from securechat.server.config import HistorySection

CAPS = ("batch", "message-tags", "server-time")
"""What a client asks for that shows what was missed in its place."""

AUTHORS = 10


@dataclass(frozen=True, slots=True)
class Missed:
    """messages: in the room's log that the account has not seen. returns: accounts that come back
    in each round, one after the other.
    """

    name: str
    messages: int
    returns: int

    @property
    def columns(self) -> Sequence[Column]:
        return columns.RETURN

    @property
    def connections(self) -> int:
        return 1

    @property
    def needs(self) -> frozenset[Ability]:
        return frozenset({"store", "token"})

    def run(self, subject: Subject, settings: Settings) -> Measure:
        settings.say(f"{subject.name} {self.name}: {self.messages:,} messages are written")
        with subject.start(self._plan(settings)) as server:
            measure = Measure(subject.name, self.name, connections=1)
            with load_for(server, subject, settings, caps=CAPS) as load:
                for number in range(settings.repeats + 1):
                    order = self._order(server, number)
                    with Clock(server) as clock:
                        done = load.one(0, order, orders.Returned)
                    measure.cipher = done.cipher
                    tell(settings, measure, number, self._round(clock, done))
            measure.resident_kib = memory(server)
        return measure

    def _plan(self, settings: Settings) -> Plan:
        """An account can miss something once only, so each round has others."""
        return Plan(
            AUTHORS + self.returns * (settings.repeats + 1),
            "token",
            rooms=1,
            messages=self.messages,
            authors=AUTHORS,
            size=settings.size,
            unread=True,
        )

    def _order(self, server: Server, number: int) -> orders.Return:
        first = AUTHORS + number * self.returns
        users = [server.user(first + place, room_name(0)) for place in range(self.returns)]
        span = (max(0, self.messages - HistorySection().replay), self.messages)
        return orders.Return(users, [nick(author) for author in range(AUTHORS)], span)

    def _round(self, clock: Clock, done: orders.Returned) -> Round:
        return Round(
            count=self.returns,
            seconds=done.finished - clock.begun,
            server_cpu=clock.cpu,
            load_cpu=done.cpu,
            latency=latency_of(samples_of([done.replayed])),
            welcome=latency_of(samples_of([done.welcomed])),
        )
