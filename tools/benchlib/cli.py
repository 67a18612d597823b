"""The command line of bench.py: what is measured, and where its results go."""

from __future__ import annotations

import csv
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from benchlib import catalogue, ours, report, servers, summary
from benchlib.catalogue import GROUPS, NODES, SPARE_FILES, STANDARD, SUITES
from benchlib.databases import Databases
from benchlib.link import LostError, resolve
from benchlib.load import LoadError
from benchlib.nodes import Kind, kinds_of, remark_on, subjects_of
from benchlib.proc import MachineError, allow_files, this_machine
from benchlib.process import StartError
from benchlib.results import Measure
from benchlib.servers import Key, Subject
from benchlib.stream import MAX_TEXT
from benchlib.workload import Settings, Workload

PATHS = ("--json", "--update", "--plots", "--directory", "--ca", "--accounts")
"""Options that don't change what is measured."""

TAGS = frozenset({"account-tag", "message-tags", "server-time"})

MOST_NODES = (1, 2, 3)

FILE = click.Path(path_type=Path)
EXISTING = click.Path(path_type=Path, exists=True)
NAMES = "; ".join(f"{suite}: {', '.join(names)}" for suite, names in SUITES.items())


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    chosen: Sequence[str]
    peers: bool
    tags: bool
    connect: str | None
    called: str | None
    ca_file: Path | None
    pid: int | None
    accounts: Path | None
    seconds: float
    repeats: int
    processes: int
    connections: int | None
    nodes: tuple[int, ...]
    size: int
    bcrypt_cost: int
    directory: Path | None
    quick: bool
    json_file: Path | None
    update: Path | None
    plots: Path | None

    @property
    def kinds(self) -> list[Kind]:
        """What the suite of several nodes compares."""
        if self.quick and not self.nodes:
            return [Kind(2, standby=True)]
        return kinds_of(self.nodes or MOST_NODES)

    @property
    def settings(self) -> Settings:
        """How long to measure, and how often."""
        seconds, repeats = (0.15, 2) if self.quick else (self.seconds, self.repeats)
        return Settings(self.processes, seconds, repeats, self.size, _progress)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-w",
    "--workload",
    "chosen",
    multiple=True,
    type=click.Choice([*SUITES, *GROUPS]),
    metavar="NAME",
    help=f"A suite or a part of it ({NAMES}); may be given several times. [{STANDARD}]",
)
@click.option("--peers", is_flag=True, help="Also InspIRCd and ngIRCd, where installed.")
@click.option("--tags", is_flag=True, help="Each once more, with message tags where it has them.")
@click.option("--connect", metavar="HOST:PORT", help="Also the server that listens there.")
@click.option("--called", metavar="NAME", help="What it is called in the tables, such as Ergo.")
@click.option("--ca", "ca_file", type=EXISTING, help="Its CA, PEM.")
@click.option("--pid", type=int, help="Its process on this machine, for CPU and memory.")
@click.option("--accounts", type=EXISTING, help="Its accounts: CSV with the header name,password.")
@click.option("--seconds", default=5.0, show_default=True, type=click.FloatRange(0.1))
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1))
@click.option("--processes", default=min(4, os.cpu_count() or 1), type=click.IntRange(1, 16))
@click.option(
    "--connections",
    type=click.IntRange(10),
    help="Of the workloads idle and scale. [2000 and 8000; 10000]",
)
@click.option(
    "--nodes",
    multiple=True,
    type=click.IntRange(1, 16),
    help="How many are compared in cluster; may be given several times. [1, 2, 3]",
)
@click.option("--size", default=64, show_default=True, type=click.IntRange(40, MAX_TEXT))
@click.option("--bcrypt-cost", default=4, show_default=True, type=click.IntRange(4, 31))
@click.option("--directory", type=EXISTING, help="For databases.")
@click.option("--quick", is_flag=True, help="Small and short; the figures mean nothing.")
@click.option("--json", "json_file", type=FILE, help="Write everything there.")
@click.option("--update", type=EXISTING, help="Put the tables there, and plots beside it.")
@click.option("--plots", type=FILE, help="Write the plots there.")
def command(**options: Any) -> None:
    """Measure securechat and other IRC servers under the same load."""
    _run(Options(**options))


def _run(options: Options) -> None:
    with Databases(options.directory) as databases:
        _measure_suites(options, databases)


def _measure_suites(options: Options, databases: Databases) -> None:
    suites = catalogue.choose(
        options.chosen or [STANDARD], quick=options.quick, connections=options.connections
    )
    if options.update is not None:
        report.check_place(options.update, suites)  # before it takes its time
    subjects = _subjects(options, databases if NODES in suites else None)
    machine = this_machine(options.directory)
    workloads = [one for found in suites.values() for one in found]
    measures = _measure_all(workloads, subjects, options.settings)
    if options.json_file is not None:
        options.json_file.write_text(report.as_json(machine, _command_line(), measures))
    versions = [one.version for one in subjects]
    circumstances = summary.Circumstances(
        machine, _command_line(), options.settings, versions, options.quick
    )
    among_nodes = replace(circumstances, remark=remark_on(options.kinds))
    for suite, found in suites.items():
        told = among_nodes if suite == NODES else circumstances
        click.echo(summary.text(told, measures, found, plotted=False))
        if options.update is not None:
            text = summary.text(told, measures, found, plotted=True)
            report.put_into(options.update, suite, text)
    for directory in _plot_directories(options):
        report.write_plots(directory, measures, workloads)
    if any(measure.error for measure in measures):
        raise click.exceptions.Exit(1)


def _plot_directories(options: Options) -> list[Path]:
    beside = options.update.parent / report.PLOTS if options.update is not None else None
    return [directory for directory in (beside, options.plots) if directory is not None]


# What is measured


def _subjects(options: Options, databases: Databases | None) -> list[Subject]:
    subjects = [ours.securechat(options.bcrypt_cost, options.directory)]
    if options.peers:
        subjects += _peers(options.directory)
    if options.connect is not None:
        subjects.append(_elsewhere(options, options.connect))
    if options.tags:
        subjects += [replace(one, name=f"{one.name}, tags", caps=TAGS) for one in subjects]
    if databases is not None:
        subjects += subjects_of(options.kinds, options.bcrypt_cost, options.directory, databases)
    return subjects


def _peers(directory: Path | None) -> list[Subject]:
    found = servers.installed_peers(directory)
    if not found:
        raise StartError(
            "neither inspircd nor ngircd is installed; apt-get install inspircd ngircd"
        )
    return found


def _elsewhere(options: Options, connect: str) -> Subject:
    host, colon, port = connect.rpartition(":")
    if not colon or not port.isdecimal():
        raise StartError(f"--connect: expected HOST:PORT, got {connect!r}")
    address = resolve(host.strip("[]"), int(port))
    keys = _keys(options.accounts) if options.accounts is not None else []
    name = options.called or f"{address.host}:{port}"
    return servers.elsewhere(name, address, options.ca_file, options.pid, keys)


def _keys(accounts: Path) -> list[Key]:
    with accounts.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not {"name", "password"} <= set(reader.fieldnames or ()):
            raise StartError(f"{accounts}: expected CSV with the header name,password")
        return [Key(row["name"], row["password"]) for row in reader]


def _measure_all(
    workloads: Sequence[Workload], subjects: Sequence[Subject], settings: Settings
) -> list[Measure]:
    return [
        _measure(workload, subject, settings)
        for workload in workloads
        for subject in subjects
        if subject.takes(workload.needs)
    ]


def _measure(workload: Workload, subject: Subject, settings: Settings) -> Measure:
    try:
        allow_files(workload.connections + SPARE_FILES)
        return workload.run(subject, settings)
    except (LoadError, StartError, MachineError, LostError) as error:
        _progress(f"{subject.name} {workload.name}: FAILED: {error}")
        return Measure(subject.name, workload.name, error=str(error))


# The command line


def _command_line() -> str:
    """What was typed, without where files are on this machine."""
    shown = ["python", "tools/bench.py"]
    skip = False
    for word in sys.argv[1:]:
        option, equals, _ = word.partition("=")
        if not skip and option not in PATHS:
            shown.append(word)
        skip = option in PATHS and not equals
    return shlex.join(shown)


def _progress(text: str) -> None:
    click.echo(text, err=True)


def main() -> int:
    """0 when everything was measured and verified."""
    try:
        code = command.main(prog_name="bench.py", standalone_mode=False)
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (StartError, MachineError, LostError, report.ReportError) as error:
        click.echo(f"bench.py: {error}", err=True)
        return 1
    return int(code or 0)
