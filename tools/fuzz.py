"""Look for inputs that break what nothing may break: coverage-guided fuzzing with atheris.

    python tools/fuzz.py --list                   the targets
    python tools/fuzz.py session --seconds 300    one of them
    python tools/fuzz.py all --hours 8            all of them, one after the other
    python tools/fuzz.py session --replay FILE    an input that was found: shows the traceback
    python tools/fuzz.py session --keep           put what was reached into the tests' corpus

Wants atheris: pip install -e '.[fuzz]' (Linux, CPython 3.11 and newer); --replay doesn't. Corpus,
logs and finds are gathered in .fuzz; what the tests replay is in tests/fuzz/corpus. Exit code: 0
when nothing was found, 1 when something was, 2 for bad usage and without atheris.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import click
from fuzzlib.runs import FuzzError, fuzz, keep

from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

MISSING = (
    "atheris isn't installed, so there is no fuzzing: pip install -e '.[fuzz]' (Linux, CPython "
    "3.11 and newer). The inputs that were found before are tried by pytest tests/fuzz"
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", metavar="TARGET", default="all")
@click.option("--seconds", type=click.IntRange(min=1), help="How long, for all that is asked for.")
@click.option("--hours", type=click.FloatRange(min=0.01), help="The same in hours.")
@click.option("--work", type=click.Path(path_type=Path), default=Path(".fuzz"), show_default=True)
@click.option("--replay", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--keep", "keeps", is_flag=True, help="Keep what was reached, at its smallest.")
@click.option("--list", "lists", is_flag=True, help="Name the targets.")
def main(
    name: str,
    seconds: int | None,
    hours: float | None,
    work: Path,
    replay: Path | None,
    keeps: bool,
    lists: bool,
) -> None:
    """Fuzz TARGET, or all targets."""
    if lists:
        for target in TARGETS.values():
            click.echo(f"{target.name:10} {(target.check.__doc__ or '').split(chr(10))[0]}")
        return
    targets = chosen(name)
    if replay is not None:
        targets[0].check(replay.read_bytes())
        click.echo(f"{targets[0].name}: nothing is wrong with {replay}")
        return
    if importlib.util.find_spec("atheris") is None:
        raise click.UsageError(MISSING)
    try:
        if keeps:
            keep_all(targets, work)
        else:
            fuzz_all(targets, work, seconds or int((hours or 1 / 60) * 3600))
    except FuzzError as error:
        raise click.ClickException(str(error)) from error


def chosen(name: str) -> list[Target]:
    """The targets of a name. Raises click.BadParameter."""
    if name == "all":
        return list(TARGETS.values())
    if name not in TARGETS:
        raise click.BadParameter(f"{name!r} is no target; there are {', '.join(TARGETS)}, and all")
    return [TARGETS[name]]


def shares(targets: Sequence[Target], seconds: int) -> list[int]:
    """The seconds of each: by its weight, and at least one."""
    whole = sum(target.weight for target in targets)
    return [max(1, seconds * target.weight // whole) for target in targets]


def fuzz_all(targets: Sequence[Target], work: Path, seconds: int) -> None:
    """One target after the other; ends the program with code 1 when something was found."""
    failed = False
    for target, share in zip(targets, shares(targets, seconds), strict=True):
        result = fuzz(target, work.absolute(), share)
        click.echo(str(result))
        for find in result.finds:
            failed = True
            click.echo(f"    python tools/fuzz.py {target.name} --replay {find}")
    if failed:
        sys.exit(1)


def keep_all(targets: Sequence[Target], work: Path) -> None:
    """Renew the corpus of the tests."""
    for target in targets:
        click.echo(f"{target.name}: {keep(target, work.absolute())} inputs kept")


if __name__ == "__main__":
    main()
