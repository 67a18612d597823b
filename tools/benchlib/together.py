"""People of the same rooms at several nodes, and what that costs each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

from benchlib import columns
from benchlib.chat import Chat, Talk
from benchlib.client import User
from benchlib.columns import Column, table
from benchlib.results import Latency, Measure, Round, Spread, Turns, spread
from benchlib.servers import Ability, Server
from benchlib.talking import ECHO
from benchlib.workload import Settings, tell

TOLD_SECONDS = 2.0
"""So old the numbers of a node may be."""


@dataclass(frozen=True, slots=True)
class Together(Chat):
    """foreign: what the model of several nodes takes a message of another node to cost, in parts of
    one of the own.
    """

    foreign: float = 0.0

    @property
    def columns(self) -> Sequence[Column]:
        return FREE if self.window else PACED

    @property
    def needs(self) -> frozenset[Ability]:
        return frozenset({"nodes"})

    @property
    def caps(self) -> frozenset[str]:
        """Flat out the echo is left out, as in the other workloads."""
        return frozenset() if self.window else frozenset({ECHO})

    def users(self, server: Server) -> list[User]:
        """Those who talk are spread evenly over the nodes, and so are those who listen."""
        found = Chat.users(self, server)
        if not server.nodes:
            return found
        places = {talks: cycle(node.address for node in server.nodes) for talks in (True, False)}
        return [replace(user, address=next(places[user.talks])) for user in found]

    def talk(self, talk: Talk, server: Server, settings: Settings, measure: Measure) -> None:
        """All rounds, and what the nodes have counted in those that count."""
        before: list[Turns] = []
        for number, seconds in enumerate(settings.lengths):
            if number == 1:
                before = _counted(server, settings)
            given, paced = self.orders(settings, seconds), not self.window
            tell(settings, measure, number, talk.round(given, timed=paced, apart=paced))
        passed = sum(one.seconds for one in measure.rounds)
        for one, after in zip(before, _counted(server, settings), strict=True):
            measure.waited.append((after.waited - one.waited) / passed)
            measure.held.append((after.held - one.held) / passed)


def _counted(server: Server, settings: Settings) -> list[Turns]:
    asked = [node.turns for node in server.nodes if node.turns is not None]
    if asked:
        time.sleep(min(TOLD_SECONDS, settings.seconds))
    return [turns() for turns in asked]


# What is told of it


def _messages(one: Measure) -> str:
    rates = [found.messages / found.seconds for found in one.rounds]
    return columns.show(spread(rates), 0)


def _each(one: Measure) -> str:
    """Of each node, in their order."""
    if len(one.rounds[0].each_cpu) < 2:
        return "–"
    return _listed(one, lambda found: found.each_cpu)


def _listed(one: Measure, which: Callable[[Round], Sequence[float]]) -> str:
    places = range(len(which(one.rounds[0])))
    found = [one.per_message(lambda found, at=place: which(found)[at]) for place in places]  # type: ignore[misc]
    return ", ".join(f"{each.median:,.1f}" for each in found if each is not None)


def _all(one: Measure) -> Spread | None:
    return one.per_message(lambda found: sum(found.each_cpu))


def _shares(found: Sequence[float]) -> str:
    return ", ".join(f"{share:.0%}".replace("%", " %") for share in found) or "–"


def _ms(which: Callable[[Round], Latency | None], of: str) -> Callable[[Measure], str]:
    def show(one: Measure) -> str:
        found = one.together(which)
        return "–" if found is None else f"{getattr(found, of):,.1f}"

    return show


COSTS = (
    Column("all nodes, CPU µs a message", lambda one: columns.show(_all(one), 1)),
    Column("each node", _each),
    Column("all nodes, CPU µs a delivery", lambda one: columns.show(one.server_us, 2)),
    Column(
        "PostgreSQL, CPU µs a message; its standby",
        lambda one: _listed(one, lambda found: found.databases_cpu) or "–",
    ),
    Column("has its turn", lambda one: _shares(one.held)),
    Column("waits for it", lambda one: _shares(one.waited)),
)

FREE = (
    Column("messages a second", _messages),
    Column("deliveries a second", columns.RATE.show),
    *COSTS,
)

PACED = (
    *(Column(f"echo, {of} ms", _ms(lambda found: found.echo, of)) for of in ("p50", "p99")),
    *(
        Column(f"last one at another node, {of} ms", _ms(lambda found: found.apart, of))
        for of in ("p50", "p99")
    ),
    *COSTS,
)


def gains(measures: Sequence[Measure], workloads: Sequence[object]) -> str:
    """How many times the deliveries of one node, beside what the model has for so many; '' where
    there is nothing to compare.
    """
    rows = []
    for workload in workloads:
        if not isinstance(workload, Together) or not workload.window:
            continue
        mine = {one.server: one for one in measures if one.workload == workload.name}
        for name, one in mine.items():
            base = mine.get("1 node, standby" if name.endswith("standby") else "1 node")
            nodes = len(one.held)
            if base is not None and base.rate and one.rate and nodes > 1:
                model = nodes / (1 + (nodes - 1) * workload.foreign)
                rows.append(
                    [
                        workload.name,
                        name,
                        f"{one.rate.median / base.rate.median:.2f}",
                        f"{model:.2f}",
                    ]
                )
    return table(["workload", "nodes", "times one node", "by the model"], rows) if rows else ""
