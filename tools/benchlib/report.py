"""The results as tables of Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchlib.proc import Machine
from benchlib.results import Measure, Spread

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


class ReportError(Exception):
    """The report could not be put where it was wanted."""


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


def tables(measures: Sequence[Measure], titles: dict[str, str]) -> str:
    """One for each workload. titles: of the workloads, by name."""
    parts = []
    for name, title in titles.items():
        mine = [measure for measure in measures if measure.workload == name]
        if mine:
            parts.append(f"### {title}\n\n{_workload(mine)}")
    return "\n\n".join(parts)


def _workload(measures: Sequence[Measure]) -> str:
    failed = [
        f"{one.server} could not be measured: {one.error.splitlines()[0]}"
        for one in measures
        if one.error
    ]
    good = [measure for measure in measures if not measure.error]
    parts = [*failed]
    if good and good[0].kib_each is not None:
        parts.insert(0, _idle(good))
    elif good:
        parts.insert(0, _rounds(good))
    return "\n\n".join(parts)


def _idle(measures: Sequence[Measure]) -> str:
    head = ["server", "connections", "KiB each", "server, MiB in all"]
    rows = [
        [one.server, f"{one.connections:,}", f"{one.kib_each:.1f}", _mib(one.resident_kib)]
        for one in measures
    ]
    return table(head, rows)


def _rounds(measures: Sequence[Measure]) -> str:
    head = ["server", "a second", "server, CPU µs each", "load, CPU µs each", "server, MiB"]
    timed = any(measure.latency for measure in measures)
    head += ["p50 ms", "p99 ms", "longest ms"] if timed else []
    rows = []
    for one in measures:
        row = [one.server, show(one.rate, 0), show(one.server_us, 2), show(one.load_us, 2)]
        row.append(_mib(one.resident_kib))
        if timed and one.latency is not None:
            latency = one.latency
            row += [f"{latency.p50:.1f}", f"{latency.p99:.1f}", f"{latency.longest:.1f}"]
        rows.append(row)
    return table(head, rows)


def _mib(kib: int | None) -> str:
    return "–" if kib is None else f"{kib / 1024:.0f}"


def as_json(machine: Machine, command: str, measures: Sequence[Measure]) -> str:
    """Everything, the single rounds too."""
    content = {
        "machine": machine.as_dict(),
        "command": command,
        "measures": [measure.as_dict() for measure in measures],
    }
    return json.dumps(content, indent=1) + "\n"


def put_into(path: Path, text: str) -> None:
    """Replace what stands between the two marks in a document. Raises ReportError."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ReportError(
            f"{path}: expected the lines {BEGIN} and {END}, to put the results between"
        )
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
