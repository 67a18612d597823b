"""One figure against another: a workload measured at several sizes, as a table and a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchlib import plot
from benchlib.chat import Chat
from benchlib.columns import Column, show, table
from benchlib.results import Measure
from benchlib.servers import Ability, Subject
from benchlib.workload import Settings

COST = "server, CPU µs per delivery"


@dataclass(frozen=True, slots=True)
class Curve:
    """title: of table and plot. axis: what grows."""

    name: str
    title: str
    axis: str


@dataclass(frozen=True, slots=True)
class Point:
    """One place of a curve. size: where; chat: what is measured there."""

    curve: Curve
    size: int
    chat: Chat

    @property
    def name(self) -> str:
        return self.chat.name

    @property
    def columns(self) -> Sequence[Column]:
        return self.chat.columns

    @property
    def connections(self) -> int:
        return self.chat.connections

    @property
    def needs(self) -> frozenset[Ability]:
        return self.chat.needs

    def run(self, subject: Subject, settings: Settings) -> Measure:
        return replace(self.chat.run(subject, settings), point=self.size)


def curve_table(curve: Curve, measures: Sequence[Measure]) -> str:
    """A line for each size, a column for each server. measures: those of the curve."""
    servers = list(dict.fromkeys(one.server for one in measures))
    found = {(one.server, one.point): one for one in measures}
    sizes = sorted({one.point for one in measures if one.point is not None})
    rows = []
    for size in sizes:
        cells = [found.get((server, size)) for server in servers]
        rows.append([f"{size:,}", *[show(one.server_us if one else None, 2) for one in cells]])
    return table([curve.axis, *[f"{server}, CPU µs each" for server in servers]], rows)


def curve_plot(curve: Curve, measures: Sequence[Measure]) -> str:
    """The same as SVG."""
    lines = []
    for server in dict.fromkeys(one.server for one in measures):
        mine = [one for one in measures if one.server == server]
        values = {one.point: one.server_us for one in mine}
        points = {at: s for at, s in values.items() if at is not None and s is not None}
        lines.append(plot.Line(server, points))
    return plot.chart(plot.Labels(curve.title, curve.axis, COST), lines)
