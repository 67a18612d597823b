"""What is told of a measure, as columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchlib.results import Latency, Measure, Spread


@dataclass(frozen=True, slots=True)
class Column:
    """title: its head. show: the cell of a measure."""

    title: str
    show: Callable[[Measure], str]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def show(found: Spread | None, digits: int) -> str:
    """'0.21 (0.20 to 0.24)', or a dash."""
    if found is None:
        return "–"
    median, low, high = (f"{value:,.{digits}f}" for value in (found.median, found.low, found.high))
    return median if low == high else f"{median} ({low} to {high})"


def _mib(kib: int | None) -> str:
    return "–" if kib is None else f"{kib / 1024:,.0f}"


def _ms(latency: Latency | None, which: str) -> str:
    return "–" if latency is None else f"{getattr(latency, which):,.1f}"


def _kib_each(measure: Measure) -> str:
    if measure.kib_each is None:
        return "–"
    batches = measure.kib_batches or [measure.kib_each]
    return show(Spread(measure.kib_each, min(batches), max(batches)), 1)


def _growth(measure: Measure) -> str:
    first, last = measure.samples[0], measure.samples[-1]
    return f"{(last - first) / first:+.1%}".replace("%", " %")


def _sample(place: int) -> Callable[[Measure], str]:
    return lambda measure: f"{measure.samples[place] / 1024:,.1f}"


RATE = Column("a second", lambda one: show(one.rate, 0))
SERVER_US = Column("server, CPU µs each", lambda one: show(one.server_us, 2))
LOAD_US = Column("load, CPU µs each", lambda one: show(one.load_us, 2))
MIB = Column("server, MiB", lambda one: _mib(one.resident_kib))
P50 = Column("p50 ms", lambda one: _ms(one.latency, "p50"))
P99 = Column("p99 ms", lambda one: _ms(one.latency, "p99"))
LONGEST = Column("longest ms", lambda one: _ms(one.latency, "longest"))
CONNECTIONS = Column("connections", lambda one: f"{one.connections:,}")
KIB_EACH = Column("KiB each", _kib_each)
SENT = Column("messages", lambda one: f"{one.sent:,}")

ROUNDS = (RATE, SERVER_US, LOAD_US, MIB)
LATENCY = (P50, P99, LONGEST)

STORM = (
    CONNECTIONS,
    Column("seconds until all are in", lambda one: show(one.seconds, 2)),
    RATE,
    SERVER_US,
    LOAD_US,
    *(Column(f"talk, {one.title}", one.show) for one in LATENCY),
)

RETURN = (
    Column("welcome, p50 ms", lambda one: _ms(one.welcome, "p50")),
    Column("welcome, longest ms", lambda one: _ms(one.welcome, "longest")),
    Column("all that was missed, p50 ms", lambda one: _ms(one.latency, "p50")),
    Column("all that was missed, longest ms", lambda one: _ms(one.latency, "longest")),
    SERVER_US,
    MIB,
)

START = (
    Column("seconds to the first welcome", lambda one: show(one.seconds, 2)),
    Column("server, CPU seconds", lambda one: show(_cpu_seconds(one), 2)),
    MIB,
)

COURSE = (
    SENT,
    RATE,
    SERVER_US,
    *(
        Column(f"{title}, MiB", _sample(place))
        for place, title in enumerate(("start", "¼", "½", "¾", "end"))
    ),
    Column("growth", _growth),
)


def _cpu_seconds(measure: Measure) -> Spread | None:
    found = measure.server_us
    return found and Spread(*(value / 1e6 for value in (found.median, found.low, found.high)))
