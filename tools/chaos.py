"""Have people talk on a chat server over PostgreSQL while both are killed, stopped and cut off, and
check afterwards that every promise was kept.

    python tools/chaos.py --seconds 600 --seed 7          faults as they are drawn
    python tools/chaos.py --fault primary-killed          only this one; may be given several times
    python tools/chaos.py --break unknown-failed          breaks it on purpose: must find something
    python tools/chaos.py --list                          the faults, and the ways to break it

A primary and its synchronous standby run in temporary directories, from the system's packages
(apt-get install postgresql). Exit code: 0 when nothing was found, 1 when something was, 2 for bad
usage and without PostgreSQL.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import click
from chaoslib.cluster import Cluster
from chaoslib.faults import FAULTS, WEAKNESSES
from chaoslib.inside import BREAKS
from chaoslib.stage import NAMES, Stage

from tests.support.postgres import programs

MISSING = "PostgreSQL isn't installed: apt-get install postgresql"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seconds", type=click.IntRange(min=1), default=60, show_default=True)
@click.option("--seed", type=int, help="Of all that is drawn; a new one each time without.")
@click.option("--people", type=click.IntRange(2, len(NAMES)), default=4, show_default=True)
@click.option("--pace", type=float, default=0.01, show_default=True, help="Between two messages.")
@click.option("--fault", "names", multiple=True, type=click.Choice([*FAULTS]))
@click.option("--break", "broken", type=click.Choice([*WEAKNESSES]), help="Break it on purpose.")
@click.option("--list", "lists", is_flag=True, help="Name the faults, and the ways to break it.")
def main(
    seconds: int,
    seed: int | None,
    people: int,
    pace: float,
    names: Sequence[str],
    broken: str | None,
    lists: bool,
) -> None:
    """Look for a promise that PostgreSQL's faults make a chat server break."""
    if lists:
        show()
        return
    found = programs()
    if found is None:
        raise click.UsageError(MISSING)
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    names = names or ([WEAKNESSES[broken]] if broken else [*FAULTS])
    # A socket's path may have 107 characters.
    parent = "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"
    with tempfile.TemporaryDirectory(prefix="chaos", dir=parent) as place:
        (chat := Path(place, "chat")).mkdir()
        cluster = Cluster(found, Path(place), quorum=broken != "no-quorum")
        try:
            inside = broken if broken in BREAKS else ""
            stage = Stage(cluster, chat, seed=seed, people=people, pace=pace, broken=inside or "")
            with closing(stage):
                findings = run(stage, names, seconds)
        finally:
            cluster.close()
    click.echo(f"seed {seed}, {seconds} s: " + told(stage))
    for finding in findings:
        click.echo(f"FOUND: {finding}")
    sys.exit(1 if findings else 0)


def show() -> None:
    """Each with what it is."""
    for name, fault in FAULTS.items():
        doc = getattr(fault, "func", fault).__doc__ or ""
        click.echo(f"{name:30} {' '.join(doc.split())}")
    for name, shown_by in WEAKNESSES.items():
        click.echo(f"--break {name:22} shown by {shown_by}")


def run(stage: Stage, names: Sequence[str], seconds: float) -> list[str]:
    """Each fault once in an order that is drawn, then again, until the time is over; what was
    found. Each begins when all has come right after the last one.
    """
    began, left = time.monotonic(), list[str]()
    while time.monotonic() < began + seconds:
        if not left:
            left = stage.random.sample(names, len(names))
        name = left.pop()
        click.echo(f"{time.monotonic() - began:7.1f} s  {name}", err=True)
        stage.befall(name, FAULTS[name])
    return stage.end()


def told(stage: Stage) -> str:
    """What there was of it, in a line."""
    return ", ".join(f"{number} {name}" for name, number in sorted(stage.counts.items()))


if __name__ == "__main__":
    main()
