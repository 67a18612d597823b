"""What was measured: each scene's times, and the tables of them."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from benchlib.columns import table
from benchlib.orders import Answered
from benchlib.proc import Machine
from benchlib.results import Latency, latency_of

PAGE_MS, OTHERS_MS, SEARCH_MS = 10.0, 50.0, 100.0
"""What the 99th percentile is to be, of a page, of others' lines meanwhile, of a search."""

ALL = "all of them"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of question in a scene. answers: how many. warnings: of those that told they are not
    complete. most_ms: what p99 is to be at the most, None for no target.
    """

    kind: str
    answers: int
    rate: float
    latency: Latency
    warnings: int = 0
    failures: int = 0
    most_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """title: what was done. load: of the machine before, in the last minute. server_cpu: share of a
    core that the server used, from 0 to the number of cores.
    """

    title: str
    rows: Sequence[Row]
    load: float
    server_cpu: float
    notes: Sequence[str] = ()

    def table(self) -> str:
        """As Markdown."""
        head = ["what", "answers", "a second", "p50 ms", "p99 ms", "longest ms", "incomplete"]
        head += ["target", "met"]
        shown = table(head, [_cells(row) for row in self.rows])
        told = f"The server used {self.server_cpu:.2f} cores; load average before: {self.load:.2f}."
        return f"### {self.title}\n\n{shown}\n\n{' '.join([told, *self.notes])}"


def _cells(row: Row) -> list[str]:
    p50, p99, longest = (
        f"{value:,.1f}" for value in (row.latency.p50, row.latency.p99, row.latency.longest)
    )
    missed = row.warnings + row.failures
    share = f"{100 * missed / row.answers:.1f} %" if missed else "–"
    cells = [row.kind, f"{row.answers:,}", f"{row.rate:,.0f}", p50, p99, longest, share]
    if row.most_ms is None:
        return [*cells, "", ""]
    met = "yes" if row.latency.p99 <= row.most_ms else "**no**"
    return [*cells, f"p99 ≤ {row.most_ms:g} ms", met]


def rows_of(
    found: Iterable[Answered], seconds: float, most_ms: float | None, *, each: bool = False
) -> list[Row]:
    """One row for all kinds together; each: also one of each kind."""
    times: dict[str, array[int]] = {}
    warnings: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    for one in found:
        warnings.update(one.warnings)
        failures.update(one.failures)
        for kind, samples in one.times.items():
            times.setdefault(kind, array("q")).frombytes(samples)
    rows = [
        Row(kind, len(t), len(t) / seconds, latency_of(t), warnings[kind], failures[kind], most_ms)
        for kind, t in times.items()
    ]
    together = array("q", [sample for t in times.values() for sample in t])
    if not together:
        return []
    latency = latency_of(together)
    count = len(together)
    w, f = warnings.total(), failures.total()
    whole = Row(ALL, count, count / seconds, latency, w, f, most_ms)
    return [*rows, whole] if each else [whole]


def as_json(machine: Machine, command: str, messages: int, scenes: Sequence[Scene]) -> str:
    """Everything."""
    content = {
        "machine": machine.as_dict(),
        "command": command,
        "messages": messages,
        "scenes": [asdict(scene) for scene in scenes],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
