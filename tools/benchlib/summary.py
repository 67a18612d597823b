"""What is told of a suite: on what machine, against which targets, the tables, what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchlib import catalogue, report, targets, together
from benchlib.curves import Point
from benchlib.proc import Machine
from benchlib.results import Measure
from benchlib.workload import Settings, Workload


@dataclass(frozen=True, slots=True)
class Circumstances:
    """machine: where it was measured. command: what was typed. versions: of the servers. quick:
    whether the figures mean nothing. remark: what else is to be known.
    """

    machine: Machine
    command: str
    settings: Settings
    versions: Sequence[str]
    quick: bool
    remark: str = ""


def text(
    found: Circumstances,
    measures: Sequence[Measure],
    workloads: Sequence[Workload],
    *,
    plotted: bool,
) -> str:
    """measures: of these workloads, and maybe of others. plotted: whether plots are shown."""
    names = {one.name for one in workloads}
    mine = [one for one in measures if one.workload in names]
    titles = {one.name: catalogue.title(one) for one in workloads if not isinstance(one, Point)}
    gained = together.gains(mine, workloads)
    compared = "" if found.quick else targets.compare(mine)
    parts = [
        _head(found, mine),
        f"### Against the targets\n\n{compared}" if compared else "",
        f"### Beside one node\n\n{gained}" if gained else "",
        report.tables(mine, workloads, titles, plotted=plotted),
        _stored(mine),
    ]
    return "\n\n".join(part for part in parts if part)


def _head(found: Circumstances, measures: Sequence[Measure]) -> str:
    machine, settings = found.machine, found.settings
    versions = "".join(f"; {version}" for version in dict.fromkeys(found.versions) if version)
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} with `{found.command}`: {machine.cores} cores "
        f"of {machine.cpu}, Linux {machine.kernel}, Python {machine.python}, {machine.openssl}; "
        f"{_tls(measures)} on loopback, TCP {machine.congestion}{versions}; {settings.repeats} "
        f"rounds of {settings.seconds:g} s, load from {settings.processes} processes; texts of "
        f"{settings.size} bytes. Writing 4 KiB to the disk and syncing it took {machine.sync_ms} "
        f"ms; load average before: {machine.load}.{found.remark}"
    )


def _tls(measures: Sequence[Measure]) -> str:
    found = sorted({measure.cipher for measure in measures if measure.cipher})
    return " and ".join(found) or "TLS"


def _stored(measures: Sequence[Measure]) -> str:
    """That what was delivered is in the database."""
    counted = [one for one in measures if one.stored is not None and one.sent]
    if not counted:
        return ""
    sent, stored = sum(one.sent for one in counted), sum(one.stored or 0 for one in counted)
    return f"Of {sent:,} messages sent to securechat in these runs, {stored:,} are in its database."
