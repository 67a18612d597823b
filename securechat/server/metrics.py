"""What a running server tells of itself: its numbers, whether it is alive, and whether it is ready.

Nothing here waits for the hub or an I/O thread, nor they for it: they keep counts, which are looked
at. There are no names of people or channels in it, no addresses and no texts. Any thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from securechat import __version__
from securechat.core.model.state import Model
from securechat.net.admission import Admission
from securechat.net.listener import Listener
from securechat.net.loop import IoThread
from securechat.server import logs
from securechat.server.counters import BOUNDS, Counters, Histogram
from securechat.server.data import DataDirectory, file_sizes
from securechat.server.identity import Identity
from securechat.server.inbox import Inbox
from securechat.server.storage_health import StorageHealth
from securechat.server.workers import MAX_WAITING, Workers

if TYPE_CHECKING:  # it is loaded where numbers are asked for, and nowhere else
    from prometheus_client.core import Metric

    from securechat.server.nodes import NodeView

DAY = 86_400.0


class Figure(NamedTuple):
    """One number, or one for each set of labels. kind: a counter only grows, since the start.
    values: by the labels' values, in the order of labels.
    """

    name: str
    kind: Literal["gauge", "counter"]
    text: str
    values: Mapping[tuple[str, ...], float]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts of a running server that are looked at. identity: the present one. node: what this
    node is, where there are several. is_leaving: whether it is taken out of service. failed:
    whether a thread of the server has died. has_turns: whether the hub goes on.
    """

    model: Model
    counters: Counters
    inbox: Inbox
    workers: Workers
    storage_health: StorageHealth
    io: Sequence[IoThread]
    admission: Admission
    listener: Listener
    data: DataDirectory
    identity: Callable[[], Identity]
    node: Callable[[], NodeView | None]
    is_leaving: Callable[[], bool]
    failed: Callable[[], bool]
    has_turns: Callable[[], bool]

    # Whether all is well

    def illness(self) -> str:
        """Why the process should be ended and started again; '' while it is alive."""
        if self.failed():
            return "a thread of the server has died"
        return "" if self.has_turns() else "the hub has done nothing for half a minute"

    def hindrance(self) -> str:
        """Why nobody can log in and talk now; '' when the server is ready for them."""
        if reason := self.illness():
            return reason
        if not self.listener.alive:
            return "the server accepts no connections: it is starting or stopping"
        if self.is_leaving():
            return "this node is being taken out of service"
        if self.identity().not_after <= datetime.now(UTC):
            return "the server's certificate has expired"
        if fault := self.storage_health.fault:
            return f"no message can be stored: {fault}"
        if self.workers.waiting >= MAX_WAITING:
            return "so many logins are waiting that others are turned away"
        return ""

    # Its numbers

    def histograms(self) -> Iterator[tuple[str, str, Histogram]]:
        """Each with its name and what it is of."""
        counters = self.counters
        yield "turn_seconds", "Turns of the hub in which something was done.", counters.turns
        yield "commit_seconds", "Storing what a turn has done.", counters.commits
        yield "node_wait_seconds", "Until it was this node's turn.", counters.waits
        yield "node_hold_seconds", "Turns of this node, for which others wait.", counters.holds

    def figures(self) -> Iterator[Figure]:
        """All the others."""
        yield Figure("info", "gauge", "The version.", {(__version__,): 1}, ("version",))
        yield _gauge("ready", "Whether people can log in and talk.", not self.hindrance())
        yield from self._people()
        yield from self._traffic()
        yield Figure(
            "refusals",
            "counter",
            "What was refused: a login, a message and so on, and why.",
            self.refusals(),
            ("what", "reason"),
        )
        left = (self.identity().not_after - datetime.now(UTC)).total_seconds()
        yield _gauge("certificate_days_left", "Until the certificate expires.", left / DAY)
        yield from self._disk()

    def _people(self) -> Iterator[Figure]:
        model = self.model
        total, unauthenticated = self.admission.counts()
        node = self.node()
        elsewhere = node.elsewhere if node is not None else 0
        # Of two moments.
        here = max(0, model.arrived - elsewhere)
        yield _gauge("sessions", "Sessions that are logged in, at this node.", here)
        if node is not None:
            yield from _of_node(node)
        yield _gauge("accounts_online", "Accounts with a session.", len(model.online))
        yield _gauge("channels", "Channels that there are.", len(model.channels))
        yield _gauge("connections", "Connections.", total)
        yield _gauge(
            "connections_unauthenticated", "Those that have not logged in.", unauthenticated
        )

    def _traffic(self) -> Iterator[Figure]:
        volume = self.counters.volume
        drivers = [thread.driver for thread in self.io]
        yield Figure(
            "messages", "counter", "Entries of the history, by kind.", self.entries(), ("kind",)
        )
        yield _counter("delivered_lines", "Lines for a member each.", volume.lines)
        yield _counter("sent_bytes", "Bytes to write, without TLS.", volume.sent_bytes)
        read = sum(driver.read_bytes for driver in drivers)
        yield _counter("received_bytes", "Bytes that were read, without TLS.", read)
        yield _gauge("hub_queue_lines", "Lines that wait for the hub.", self.inbox.waiting)
        unsent = sum(driver.backlog.unsent() for driver in drivers)
        yield _gauge("unsent_bytes", "Bytes that wait for slow readers.", unsent)
        waiting = self.workers.waiting
        yield _gauge("passwords_waiting", "Passwords that wait to be checked.", waiting)

    def entries(self) -> dict[tuple[str, ...], float]:
        """Of the history, since the start, by kind."""
        model = self.model
        others = dict(model.logged)  # a copy, made at once
        said = model.last_seq - model.first_seq - sum(others.values())
        # The two were not read at one moment.
        counts = {"PRIVMSG": max(0, said)} | others
        return {(kind,): float(count) for kind, count in counts.items()}

    def refusals(self) -> dict[tuple[str, ...], float]:
        """Since the start, as (what was refused, why)."""
        drivers = [thread.driver for thread in self.io]
        refused: dict[tuple[str, ...], float] = {**self.model.refused}  # a copy, made at once
        return refused | {
            ("connection", "not admitted"): self.listener.refused,
            ("connection", "no TLS"): sum(driver.refused for driver in drivers),
            ("connection", "reads too slowly"): sum(driver.slow for driver in drivers),
            ("login", "too many waiting"): self.workers.turned_away,
            ("command", "not stored"): self.counters.not_stored,
        }

    def _disk(self) -> Iterator[Figure]:
        with suppress(OSError):
            disk = os.statvfs(self.data.path)
            free = disk.f_bavail * disk.f_frsize
            yield _gauge("disk_free_bytes", "What is left on the data directory's disk.", free)
        sizes: dict[tuple[str, ...], float] = {
            (name,): float(size) for name, size in file_sizes(self.data).items()
        }
        if (size := logs.size()) is not None:
            sizes["log",] = size
        yield Figure("file_bytes", "gauge", "The server's files.", sizes, ("file",))


def _of_node(node: NodeView) -> Iterator[Figure]:
    yield Figure("node", "gauge", "The name of this node.", {(node.name,): 1}, ("node",))
    yield _gauge("node_others_up", "Other nodes that are up.", node.others_up)
    yield _gauge("sessions_elsewhere", "Sessions at the other nodes.", node.elsewhere)
    text = "Turns of other nodes that it had to take up at once, at most in the last second."
    yield _gauge("node_turns_behind", text, node.behind)


def _gauge(name: str, text: str, value: float) -> Figure:
    return Figure(name, "gauge", text, {(): value})


def _counter(name: str, text: str, value: float) -> Figure:
    return Figure(name, "counter", text, {(): value})


class MetricsCollector:
    """Has prometheus-client make its text of it."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        """All of it, as it is now."""
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        for figure in self._watched.figures():
            family = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
            made = family(f"securechat_{figure.name}", figure.text, labels=figure.labels)
            for labels, value in figure.values.items():
                made.add_metric(labels, value)
            yield made
        for name, text, histogram in self._watched.histograms():
            yield HistogramMetricFamily(
                f"securechat_{name}",
                text,
                buckets=list(_cumulated(histogram.buckets)),
                sum_value=histogram.seconds,
            )


def _cumulated(buckets: Sequence[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip([*map(str, BOUNDS), "+Inf"], list(buckets), strict=True):
        total += count
        yield bound, total
