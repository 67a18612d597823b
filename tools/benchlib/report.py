"""The results as tables of Markdown, as plots and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchlib.columns import table
from benchlib.curves import Curve, Point, curve_plot, curve_table
from benchlib.proc import Machine
from benchlib.results import Measure
from benchlib.workload import Workload

PLOTS = "plots"
"""Beside a document, the directory of its plots."""


class ReportError(Exception):
    """The report could not be put where it was wanted."""


def marks(suite: str) -> tuple[str, str]:
    """The lines of a document between which a suite's results stand."""
    return f"<!-- measured {suite}: begin -->", f"<!-- measured {suite}: end -->"


def tables(
    measures: Sequence[Measure],
    workloads: Sequence[Workload],
    titles: Mapping[str, str],
    *,
    plotted: bool = False,
) -> str:
    """One for each workload, and one for each curve. titles: of the workloads, by name. plotted:
    whether the plots are shown as well.
    """
    parts = []
    for workload in workloads:
        mine = [one for one in measures if one.workload == workload.name]
        if mine and not isinstance(workload, Point):
            parts.append(f"### {titles[workload.name]}\n\n{_workload(mine, workload)}")
    for curve, mine in curves(measures, workloads):
        shown = f"\n\n![{curve.title}]({PLOTS}/{curve.name}.svg)" if plotted else ""
        parts.append(f"### {curve.title}{shown}\n\n{_curve(curve, mine)}")
    return "\n\n".join(parts)


def curves(
    measures: Sequence[Measure], workloads: Iterable[Workload]
) -> list[tuple[Curve, list[Measure]]]:
    """The curves that have a point among the workloads, each with its measures."""
    names: dict[Curve, set[str]] = {}
    for workload in workloads:
        if isinstance(workload, Point):
            names.setdefault(workload.curve, set()).add(workload.name)
    found = {curve: [m for m in measures if m.workload in mine] for curve, mine in names.items()}
    return [(curve, mine) for curve, mine in found.items() if mine]


def _workload(measures: Sequence[Measure], workload: Workload) -> str:
    good = [measure for measure in measures if not measure.error]
    head = ["server", *[column.title for column in workload.columns]]
    rows = [[one.server, *[column.show(one) for column in workload.columns]] for one in good]
    return "\n\n".join([*([table(head, rows)] if rows else []), *_failures(measures)])


def _curve(curve: Curve, measures: Sequence[Measure]) -> str:
    good = [measure for measure in measures if not measure.error]
    return "\n\n".join([*([curve_table(curve, good)] if good else []), *_failures(measures)])


def _failures(measures: Sequence[Measure]) -> list[str]:
    return [
        f"{one.server} could not be measured ({one.workload}): {one.error.splitlines()[0]}"
        for one in measures
        if one.error
    ]


def as_json(machine: Machine, command: str, measures: Sequence[Measure]) -> str:
    """Everything, the single rounds too."""
    content = {
        "machine": machine.as_dict(),
        "command": command,
        "measures": [measure.as_dict() for measure in measures],
    }
    return json.dumps(content, indent=1) + "\n"


def write_plots(
    directory: Path, measures: Sequence[Measure], workloads: Sequence[Workload]
) -> None:
    """A file for each curve that has something to show. Raises ReportError."""
    for curve, mine in curves(measures, workloads):
        good = [one for one in mine if one.server_us is not None]
        if good:
            _write(directory / f"{curve.name}.svg", curve_plot(curve, good))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"can't write {path}: {error.strerror}") from error


def check_place(path: Path, suites: Iterable[str]) -> None:
    """That a document has the marks of these suites. Raises ReportError."""
    text = path.read_text(encoding="utf-8")
    for suite in suites:
        begin, end = marks(suite)
        if not 0 <= text.find(begin) < text.find(end):
            raise ReportError(
                f"{path}: expected the lines {begin} and {end}, to put the results between"
            )


def put_into(path: Path, suite: str, text: str) -> None:
    """Replace what stands between a suite's marks in a document. Raises ReportError."""
    check_place(path, [suite])
    begin, end = marks(suite)
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    _write(path, f"{before}{begin}\n\n{text}\n\n{end}{after}")
