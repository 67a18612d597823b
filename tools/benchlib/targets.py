"""The figures that securechat aims at: ratios to other servers, from one and the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchlib.columns import table
from benchlib.results import Measure


def _server_us(measure: Measure) -> float | None:
    return measure.server_us.median if measure.server_us else None


def _p99(measure: Measure) -> float | None:
    return measure.latency.p99 if measure.latency else None


def _rate(measure: Measure) -> float | None:
    return measure.rate.median if measure.rate else None


def _kib(measure: Measure) -> float | None:
    return measure.kib_each


@dataclass(frozen=True, slots=True)
class Target:
    """figure of securechat divided by that of the peer is to be at most (or at least) ratio.
    peer_workload: what the peer is measured at, '' for the same.
    """

    text: str
    workload: str
    figure: Callable[[Measure], float | None]
    unit: str
    peer: str
    ratio: float
    at_least: bool = False
    peer_workload: str = ""

    def met(self, ratio: float) -> bool:
        """Whether a measured ratio is good enough."""
        return ratio >= self.ratio if self.at_least else ratio <= self.ratio


TARGETS = [
    Target("busy room, window 32: CPU", "room-32", _server_us, "µs", "InspIRCd", 0.5),
    Target("busy room, window 1: CPU", "room-1", _server_us, "µs", "InspIRCd", 1.2),
    Target("100 rooms: CPU", "rooms", _server_us, "µs", "InspIRCd", 0.5),
    Target("paced: CPU", "paced", _server_us, "µs", "InspIRCd", 1.5),
    Target("paced: CPU", "paced", _server_us, "µs", "Ergo", 1.0),
    Target("paced: p99 latency", "paced", _p99, "ms", "InspIRCd", 1.0),
    Target("paced: p99 latency", "paced", _p99, "ms", "Ergo", 1.0),
    Target(
        "a member by WebSocket beside one by TLS socket, busy room: CPU",
        "web-32",
        _server_us,
        "µs",
        "securechat",
        1.2,
        peer_workload="tls-32",
    ),
    Target(
        "the same, paced: CPU",
        "web-paced",
        _server_us,
        "µs",
        "securechat",
        1.2,
        peer_workload="tls-paced",
    ),
    Target("2,000 idle connections: memory", "idle", _kib, "KiB", "ngIRCd", 1.6),
    Target("8,000 idle connections: memory", "idle-8000", _kib, "KiB", "ngIRCd", 1.6),
    Target(
        "logins a second by token; ngIRCd's ask for nothing",
        "login-token",
        _rate,
        "",
        "ngIRCd",
        0.6,
        at_least=True,
        peer_workload="login",
    ),
]


def compare(measures: Sequence[Measure], ours: str = "securechat") -> str:
    """A table of the targets whose two servers were both measured; '' for none."""
    found = {(one.server, one.workload): one for one in measures if not one.error}
    rows = []
    for target in TARGETS:
        mine = found.get((ours, target.workload))
        peer = found.get((target.peer, target.peer_workload or target.workload))
        if mine is not None and peer is not None:
            rows.append(_row(target, mine, peer))
    head = ["what", "securechat", "peer", "ratio", "target", "met"]
    return table(head, rows) if rows else ""


def _row(target: Target, mine: Measure, peer: Measure) -> list[str]:
    one, other = target.figure(mine), target.figure(peer)
    sign = "≥" if target.at_least else "≤"
    wanted = f"{sign} {target.ratio:g} × {target.peer}"
    if one is None or not other:
        return [target.text, "–", "–", "–", wanted, "–"]
    ratio = one / other
    digits = 0 if one > 100 else 2
    shown = [f"{value:,.{digits}f} {target.unit}".strip() for value in (one, other)]
    met = "yes" if target.met(ratio) else "**no**"
    return [target.text, shown[0], f"{target.peer} {shown[1]}", f"{ratio:.2f}", wanted, met]
