"""Measure securechat, and other IRC servers beside it, under the same load on one machine.

    python tools/bench.py                        securechat alone, all workloads, some minutes
    python tools/bench.py --peers                InspIRCd and ngIRCd beside it, where installed
    python tools/bench.py -w room -w paced       only these workloads
    python tools/bench.py --connect HOST:PORT --ca FILE   a server that runs already
    python tools/bench.py --quick                a short run that shows that all of it works

Linux only: CPU time and memory come from /proc. Every delivery is checked for count, order and
content. Progress goes to stderr, the tables to stdout.
"""

from __future__ import annotations

import csv
import os
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import click
from benchlib import report, servers, targets
from benchlib.crew import CrewError
from benchlib.link import LostError
from benchlib.proc import Machine, MachineError, allow_files, this_machine
from benchlib.results import Measure
from benchlib.servers import StartError, Subject
from benchlib.stream import MAX_TEXT
from benchlib.workloads import Chat, Idle, Login, Settings, Workload

SPARE_FILES = 200
"""Of a process, besides its connections: the interpreter's, the database's, the logs."""

PATHS = ("--json", "--update", "--directory", "--ca", "--accounts")
"""Options that don't change what is measured."""

TAGS = frozenset({"account-tag", "message-tags", "server-time"})

FULL: dict[str, list[Workload]] = {
    "room": [
        Chat("room-32", clients=200, rooms=1, senders=10, window=32),
        Chat("room-1", clients=200, rooms=1, senders=10, window=1),
    ],
    "rooms": [Chat("rooms", clients=1000, rooms=100, senders=100, window=32)],
    "paced": [Chat("paced", clients=200, rooms=1, senders=10, rate=100)],
    "idle": [Idle("idle", clients=2000)],
    "login": [Login("login", at_once=32)],
}

QUICK: dict[str, list[Workload]] = {
    "room": [
        Chat("room-32", clients=12, rooms=1, senders=3, window=32),
        Chat("room-1", clients=12, rooms=1, senders=3, window=1),
    ],
    "rooms": [Chat("rooms", clients=16, rooms=4, senders=4, window=32)],
    "paced": [Chat("paced", clients=12, rooms=1, senders=3, rate=50)],
    "idle": [Idle("idle", clients=20)],
    "login": [Login("login", at_once=4)],
}

TITLES = {
    "room-32": "A busy room: {clients} members, {senders} senders flat out, window 32",
    "room-1": "The same room, window 1",
    "rooms": "{rooms} rooms: {clients} members, one sender each, window 32",
    "paced": "Paced: {clients} members, {rate:g} messages a second in all",
    "idle": "Idle connections",
    "login": "Logins: connect, log in, welcome, quit; {at_once} at a time",
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-w", "--workload", "chosen", multiple=True, type=click.Choice(list(FULL)))
@click.option("--peers", is_flag=True, help="Also InspIRCd and ngIRCd, where installed.")
@click.option("--tags", is_flag=True, help="Each once more, with message tags where it has them.")
@click.option("--connect", metavar="HOST:PORT", help="Also the server that listens there.")
@click.option("--ca", "ca_file", type=click.Path(path_type=Path, exists=True), help="Its CA, PEM.")
@click.option("--pid", type=int, help="Its process on this machine, for CPU and memory.")
@click.option(
    "--accounts",
    type=click.Path(path_type=Path, exists=True),
    help="Its accounts: CSV with the header name,password.",
)
@click.option("--seconds", default=5.0, show_default=True, help="Of one round.")
@click.option("--repeats", default=3, show_default=True, help="Rounds after the warm-up.")
@click.option("--processes", default=min(4, os.cpu_count() or 1), type=click.IntRange(1, 16))
@click.option("--connections", type=int, help="Of the workload idle. [2000]")
@click.option("--size", default=64, show_default=True, type=click.IntRange(40, MAX_TEXT))
@click.option("--bcrypt-cost", default=4, show_default=True, type=click.IntRange(4, 31))
@click.option("--directory", type=click.Path(path_type=Path, exists=True), help="For databases.")
@click.option("--quick", is_flag=True, help="Small and short; the figures mean nothing.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write everything there."
)
@click.option(
    "--update", type=click.Path(path_type=Path, exists=True), help="Put the tables there."
)
def command(
    chosen: Sequence[str],
    peers: bool,
    tags: bool,
    connect: str | None,
    ca_file: Path | None,
    pid: int | None,
    accounts: Path | None,
    seconds: float,
    repeats: int,
    processes: int,
    connections: int | None,
    size: int,
    bcrypt_cost: int,
    directory: Path | None,
    quick: bool,
    json_file: Path | None,
    update: Path | None,
) -> None:
    """Measure securechat and other IRC servers under the same load."""
    subjects = [servers.securechat(bcrypt_cost, directory)]
    subjects += _peers(directory) if peers else []
    if connect is not None:
        subjects.append(_elsewhere(connect, ca_file, pid, accounts))
    if tags:
        subjects += [Subject(f"{one.name}, tags", one.start, TAGS) for one in subjects]
    settings = Settings(
        processes, 0.3 if quick else seconds, 2 if quick else repeats, size, _progress
    )
    workloads = _workloads(chosen, QUICK if quick else FULL, connections)
    allow_files(max(one.connections for one in workloads) + SPARE_FILES)
    machine = this_machine(directory)
    measures = [_measure(one, subject, settings) for one in workloads for subject in subjects]
    text = _text(machine, measures, workloads, settings, quick, _versions(subjects))
    click.echo(text)
    if json_file is not None:
        json_file.write_text(report.as_json(machine, _command_line(), measures))
    if update is not None:
        report.put_into(update, text)
    if any(measure.error for measure in measures):
        raise click.exceptions.Exit(1)


def _peers(directory: Path | None) -> list[Subject]:
    found = servers.installed_peers(directory)
    if not found:
        raise StartError(
            "neither inspircd nor ngircd is installed; apt-get install inspircd ngircd"
        )
    return found


def _elsewhere(
    connect: str, ca_file: Path | None, pid: int | None, accounts: Path | None
) -> Subject:
    host, colon, port = connect.rpartition(":")
    if not colon or not port.isdecimal():
        raise StartError(f"--connect: expected HOST:PORT, got {connect!r}")
    logins = []
    if accounts is not None:
        with accounts.open(newline="", encoding="utf-8") as file:
            logins = [(row["name"], row["password"]) for row in csv.DictReader(file)]
    return servers.elsewhere(host.strip("[]"), int(port), ca_file, pid, logins)


def _workloads(
    chosen: Sequence[str], table: dict[str, list[Workload]], connections: int | None
) -> list[Workload]:
    found = [one for name in chosen or table for one in table[name]]
    if connections is None:
        return found
    return [Idle(one.name, connections) if isinstance(one, Idle) else one for one in found]


def _measure(workload: Workload, subject: Subject, settings: Settings) -> Measure:
    try:
        return workload.run(subject, settings)
    except (CrewError, StartError, MachineError, LostError) as error:
        _progress(f"{subject.name} {workload.name}: FAILED: {error}")
        return Measure(subject.name, workload.name, error=str(error))


def _text(
    machine: Machine,
    measures: list[Measure],
    workloads: list[Workload],
    settings: Settings,
    quick: bool,
    versions: str,
) -> str:
    titles = {one.name: TITLES[one.name].format(**_sizes(one)) for one in workloads}
    compared = "" if quick else targets.compare(measures)
    parts = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} with `{_command_line()}`: {machine.cores} cores "
        f"of {machine.cpu}, Linux {machine.kernel}, Python {machine.python}, {machine.openssl}; "
        f"{_tls(measures)} on loopback, TCP {machine.congestion}{versions}; {settings.repeats} "
        f"rounds of {settings.seconds:g} s, load from {settings.processes} processes; texts of "
        f"{settings.size} bytes. Writing 4 KiB to the disk and syncing it took {machine.sync_ms} "
        f"ms; load average before: {machine.load}.",
        f"### Against the targets\n\n{compared}" if compared else "",
        report.tables(measures, titles),
        _stored(measures),
    ]
    return "\n\n".join(part for part in parts if part)


def _sizes(workload: Workload) -> dict[str, object]:
    names = ("clients", "rooms", "senders", "rate", "at_once")
    return {name: getattr(workload, name) for name in names if hasattr(workload, name)}


def _versions(subjects: Sequence[Subject]) -> str:
    found = dict.fromkeys(subject.version for subject in subjects if subject.version)
    return "".join(f"; {version}" for version in found)


def _tls(measures: list[Measure]) -> str:
    found = sorted({measure.cipher for measure in measures if measure.cipher})
    return " and ".join(found) or "TLS"


def _stored(measures: list[Measure]) -> str:
    """That what was delivered is in the database."""
    counted = [one for one in measures if one.stored is not None and one.sent]
    if not counted:
        return ""
    sent, stored = sum(one.sent for one in counted), sum(one.stored or 0 for one in counted)
    return f"Of {sent:,} messages sent to securechat in these runs, {stored:,} are in its database."


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


if __name__ == "__main__":
    sys.exit(main())
