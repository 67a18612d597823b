"""What the attacks of a run came to: a table per attacker, and one of the floods.

Each test in a directory below this one is an attack, and the directory names the attacker. An
attack is repelled when its test passes; a failure, an error in a fixture and an expected failure
are attacks that were tried and not repelled.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

ATTACKERS = {
    "stranger": "stranger: on the network, without an account",
    "member": "member: a registered user",
    "thief": "thief: has a copy of the disk",
    "server": "server: a hostile one, facing our client",
    "faults": "faults: accidents of power, disk and clock",
}
REPORTER = "securechat-attacks"
WORST, P99 = "bystander_worst_ms", "bystander_p99_ms"


@dataclass
class Attack:
    """One test, over its three phases (setup, call, teardown)."""

    attacker: str
    name: str
    skipped: bool = False
    repelled: bool = True
    latencies: dict[str, float] = field(default_factory=dict)

    def hears(self, report: pytest.TestReport) -> None:
        """Take up what one phase came to."""
        if report.failed or hasattr(report, "wasxfail"):
            self.repelled = False
        elif report.skipped:
            self.skipped = True
        # Each phase repeats the properties of the phases before it, hence the largest, not a sum.
        for name, value in report.user_properties:
            if name in (WORST, P99) and isinstance(value, int | float):
                self.latencies[name] = max(float(value), self.latencies.get(name, 0.0))


class Summary:
    """All attacks of a run, gathered from the reports of their tests."""

    def __init__(self) -> None:
        self._attacks: dict[str, Attack] = {}

    def take(self, report: pytest.TestReport, below: str) -> None:
        """Count a report of a test that stands in a directory under below, the node id of the
        folder that holds the attackers; any other report is none of ours.
        """
        path = PurePosixPath(report.nodeid.partition("::")[0])
        if not path.is_relative_to(below) or len(path.relative_to(below).parts) < 2:
            return
        attack = Attack(path.relative_to(below).parts[0], _in_words(report.nodeid))
        self._attacks.setdefault(report.nodeid, attack).hears(report)

    def lines(self) -> list[str]:
        """The tables as text; nothing if no attack was tried."""
        attacks = list(self._attacks.values())
        if not attacks:
            return []
        floods = [attack for attack in attacks if WORST in attack.latencies]
        return [*_attackers(attacks), *(["", *_floods(floods)] if floods else [])]


def _attackers(attacks: Sequence[Attack]) -> list[str]:
    known = [name for name in ATTACKERS if any(attack.attacker == name for attack in attacks)]
    others = sorted({attack.attacker for attack in attacks} - set(ATTACKERS))
    rows = [
        _counts(ATTACKERS.get(name, name), [each for each in attacks if each.attacker == name])
        for name in (*known, *others)
    ]
    return _table(
        ("attacker", "tried", "repelled", "skipped"), [*rows, _counts("all of them", attacks)]
    )


def _counts(label: str, attacks: Iterable[Attack]) -> tuple[str, ...]:
    attacks = list(attacks)
    tried = [attack for attack in attacks if not (attack.skipped and attack.repelled)]
    repelled = sum(attack.repelled for attack in tried)
    return (label, str(len(tried)), str(repelled), str(len(attacks) - len(tried)))


def _floods(floods: Iterable[Attack]) -> list[str]:
    rows = [
        (
            f"{each.attacker}: {each.name}",
            f"{each.latencies[WORST]:.1f}",
            _milliseconds(each.latencies.get(P99)),
        )
        for each in floods
    ]
    return _table(("flood", "bystander's worst, ms", "p99, ms"), rows)


def _in_words(nodeid: str) -> str:
    """A test's name as it is meant: `test_a_flood_of[PING]` is "a flood of PING"."""
    name, _, rest = nodeid.rpartition("::")[2].partition("[")
    return " ".join([*name.removeprefix("test_").split("_"), rest.removesuffix("]")]).strip()


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell: the first to the left, figures to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(row: tuple[str, ...]) -> str:
        figures = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        return "  ".join((row[0].ljust(widths[0]), *figures)).rstrip()

    return [line(head), line(tuple("-" * width for width in widths)), *map(line, rows)]


class Reporter:
    """Gathers the reports of a run and writes the tables at its end. below: as in Summary.take."""

    def __init__(self, below: str) -> None:
        self._summary = Summary()
        self._below = below

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._summary.take(report, self._below)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """Before pytest's own summary: the last that a person sees is what has failed."""
        if lines := self._summary.lines():
            terminalreporter.section("attacks")
            for line in lines:
                terminalreporter.write_line(line)
        return (yield)


def report_attacks(config: pytest.Config, folder: Path) -> None:
    """For the conftest of the folder that holds the attackers, to be called when it is loaded, and
    for one above it, which is loaded when other processes run the tests.
    """
    if config.pluginmanager.has_plugin(REPORTER):
        return
    below = Path(os.path.relpath(folder, config.rootpath)).as_posix()
    config.pluginmanager.register(Reporter(below), REPORTER)
