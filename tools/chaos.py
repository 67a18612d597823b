"""Have people talk on chat servers over PostgreSQL while all of these are killed, stopped and cut
off, and check afterwards that every promise was kept.

    python tools/chaos.py --seconds 600 --seed 7          faults as they are drawn
    python tools/chaos.py --fault primary-killed          only this one; may be given several times
    python tools/chaos.py --fault node-killed=10          ten of it
    python tools/chaos.py --long --seed 7                 hundreds, as before a release
    python tools/chaos.py --prove                         breaks it on purpose: must find something
    python tools/chaos.py --list                          the faults, and the ways to break it

Three servers of PostgreSQL run in temporary directories, from the system's packages (apt-get
install postgresql): a primary and two standbys, one of which confirms each commit. Each of them,
and each chat server, has a network of its own (on Linux, as root), unless there is
--no-namespaces. Exit code: 0 when nothing was found, 1 when something was, 2 for bad usage and for
what is missing.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import click
from chaoslib.cluster import Cluster
from chaoslib.faults import FAULTS, LONG, WEAKNESSES
from chaoslib.network import UNSHARE, Namespaces, Network, Sockets, lacking
from chaoslib.stage import NAMES, NODES, Stage

from tests.support.postgres import place_for_servers, programs

MISSING = "PostgreSQL isn't installed: apt-get install postgresql"

FAULT = "This one alone, or so often; may be given several times."

INSIDE = "CHAOS_HAS_A_NETWORK"
"""Set where this program has been started by network.UNSHARE."""

TRIES = 5
"""So often a weakness may go unseen: it is a matter of moments."""


class FaultCount(click.ParamType[tuple[str, int]]):
    """The name of a fault, and how often it is to be."""

    name = "fault"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        name, counted, number = value.partition("=")
        if name not in FAULTS:
            self.fail(f"expected one that --list names, got {name!r}", param, ctx)
        if counted and not (number.isdecimal() and int(number)):
            self.fail(f"expected a number behind {name}=, got {number!r}", param, ctx)
        return name, int(number or 0)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seconds", type=click.IntRange(min=1), default=60, show_default=True)
@click.option("--seed", type=int, help="Of all that is drawn; a new one each time without.")
@click.option("--nodes", type=click.IntRange(1, len(NODES)), default=3, show_default=True)
@click.option("--people", type=click.IntRange(2, len(NAMES)), default=6, show_default=True)
@click.option("--pace", type=float, default=0.02, show_default=True, help="Between two messages.")
@click.option(
    "--fault", "chosen", multiple=True, type=FaultCount(), metavar="NAME[=TIMES]", help=FAULT
)
@click.option("--long", "is_long", is_flag=True, help="As often as before a release.")
@click.option("--break", "broken", type=click.Choice([*WEAKNESSES]), help="Break it on purpose.")
@click.option("--prove", "proves", is_flag=True, help="Break it in each way that there is.")
@click.option("--no-namespaces", "plain", is_flag=True, help="All on this machine's own network.")
@click.option("--logs", type=click.Path(file_okay=False, path_type=Path), help="Keep logs there.")
@click.option("--list", "lists", is_flag=True, help="Name the faults, and the ways to break it.")
def main(
    seconds: int,
    seed: int | None,
    nodes: int,
    people: int,
    pace: float,
    chosen: Sequence[tuple[str, int]],
    is_long: bool,
    broken: str | None,
    proves: bool,
    plain: bool,
    logs: Path | None,
    lists: bool,
) -> None:
    """Look for a promise that faults make chat servers break."""
    if lists:
        show()
        return
    if programs() is None:
        raise click.UsageError(MISSING)
    if not plain and INSIDE not in os.environ:
        sys.exit(run_inside())
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    click.echo(f"seed {seed}", err=True)
    times = LONG if is_long else dict(chosen)
    with cluster(plain) as made:
        play = Play(made, seed, nodes, people, pace, logs)
        if proves:
            sys.exit(0 if prove(play) else 1)
        findings = play.run(times, seconds, broken or "")
    for finding in findings:
        click.echo(f"FOUND: {finding}")
    sys.exit(1 if findings else 0)


def show() -> None:
    """Each with what it is."""
    for name, fault in FAULTS.items():
        doc = getattr(fault.befall, "func", fault.befall).__doc__ or ""
        needs = f" Needs: {', '.join(sorted(fault.needs))}." if fault.needs else ""
        click.echo(f"{name:32} {' '.join(doc.split())}{needs}")
    for name, weakness in WEAKNESSES.items():
        click.echo(f"--break {name:24} shown by {', '.join(weakness.shown_by)}")


def run_inside() -> int:
    """This program once more, where it has a network of its own; its exit code."""
    if missing := lacking():
        raise click.UsageError(
            f"network namespaces can't be had here: {missing}. Without them, all on one network: "
            "--no-namespaces"
        )
    words = [*UNSHARE, sys.executable, *sys.argv]
    return subprocess.run(words, env={**os.environ, INSIDE: "1"}, check=False).returncode


@contextmanager
def cluster(plain: bool) -> Iterator[Cluster]:
    """A primary and two standbys until the block ends."""
    found = programs()
    assert found is not None
    with place_for_servers() as place:
        network: Network = Sockets(place) if plain else Namespaces(place)
        try:
            with closing(Cluster(found, place, network)) as made:
                yield made
        finally:
            network.close()


class Play:
    """Runs on one cluster; what they say goes to standard output."""

    def __init__(
        self, on: Cluster, seed: int, nodes: int, people: int, pace: float, logs: Path | None
    ) -> None:
        self._cluster, self._logs = on, logs
        self._seed, self._nodes, self._people, self._pace = seed, nodes, people, pace

    def run(self, times: dict[str, int], seconds: float, broken: str) -> list[str]:
        """What was found. times: how often each fault is to be; 0 for as often as is drawn while
        the time lasts. broken: one of WEAKNESSES, or nothing.
        """
        if broken == "no-quorum":
            self._cluster.use_quorum(quorum=False)
        with tempfile.TemporaryDirectory(prefix="chat") as place:
            stage = Stage(
                self._cluster,
                Path(place),
                seed=self._seed,
                nodes=self._nodes,
                people=self._people,
                pace=self._pace,
                broken=broken,
            )
            with closing(stage):
                names = [*times] or shown_by(stage, broken)
                for name in names:
                    if lacks := FAULTS[name].needs - stage.can:
                        click.echo(f"without {name}: needs {', '.join(sorted(lacks))}", err=True)
                names = [name for name in names if FAULTS[name].fits(stage)]
                findings = befall(stage, {name: times.get(name, 0) for name in names}, seconds)
            if self._logs is not None:
                self._keep_logs(Path(place), self._logs)
        if broken == "no-quorum":
            self._cluster.use_quorum(quorum=True)
        told = ", ".join(f"{number} {name}" for name, number in sorted(stage.counts.items()))
        first = f"seed {self._seed}, nodes: {self._nodes}, {told}"
        click.echo("\n".join([first, *stage.table()]))
        return findings

    def _keep_logs(self, place: Path, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        for file in place.glob("*.log"):
            shutil.copy(file, logs)
        for server in self._cluster.servers:
            shutil.copy(server.place / "log", logs / f"{server.name}.log")


def shown_by(stage: Stage, broken: str) -> list[str]:
    """The faults for one of WEAKNESSES, or all."""
    if not broken:
        return [*FAULTS]
    return [name for name in WEAKNESSES[broken].shown_by if FAULTS[name].fits(stage)][:1]


def befall(stage: Stage, times: dict[str, int], seconds: float) -> list[str]:
    """Each fault once in an order that is drawn, then again, until the time is over; or each so
    often as it is to be. What was found. Each begins when all has come right after the last one.
    """
    began = time.monotonic()
    counted = [name for name, number in times.items() for _ in range(number)]
    stage.random.shuffle(counted)
    left = list[str]()
    while counted or (0 in times.values() and time.monotonic() < began + seconds):
        if counted:
            name = counted.pop()
        else:
            drawn = [name for name, number in times.items() if not number]
            left = left or stage.random.sample(drawn, len(drawn))
            name = left.pop()
        click.echo(f"{time.monotonic() - began:7.1f} s  {name}", err=True)
        try:
            stage.befall(name, FAULTS[name])
        except (AssertionError, TimeoutError) as error:  # what was waited for in vain
            stage.findings.append(f"broken off at {name}: {' '.join(str(error).splitlines()[-1:])}")
            break
    return stage.end()


def prove(play: Play) -> bool:
    """Whether each weakness was found."""
    missed = []
    for broken, weakness in WEAKNESSES.items():
        for _ in range(TRIES):
            findings = play.run({}, 1, broken)
            found = [line for line in findings if re.search(weakness.finding, line)]
            if found:
                click.echo(f"{broken}: found, as it must be: {found[0]}")
                break
            click.echo("\n".join(findings), err=True)
        else:
            missed.append(broken)
            click.echo(f"{broken}: NOT FOUND in {TRIES} runs")
    return not missed


if __name__ == "__main__":
    main()
