"""Print the figures of the source: how long files and functions are, how much is said about them.

    python tools/house.py                             as a Markdown table
    python tools/house.py --update CONTRIBUTING.md    put it between the marks there
    python tools/house.py --check CONTRIBUTING.md     whether the one there is true

A line of code is one that holds more than a comment or a docstring. Files that only mark a package
are not counted. Exit codes: 0; 1, the table there isn't true, or can't be made.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from houselib.figures import table

ROOT = Path(__file__).resolve().parent.parent

BEGIN = "<!-- Made by: python tools/house.py --update CONTRIBUTING.md -->"
END = "<!-- End of the figures -->"


class HouseError(Exception):
    """The table can't be put there; the text says why and what to do."""


def split(text: str, name: str) -> tuple[str, str, str]:
    """A text before its table, the table, and what follows. Raises HouseError."""
    before, begin, rest = text.partition(f"{BEGIN}\n")
    shown, end, after = rest.partition(END)
    if not begin or not end:
        raise HouseError(f"{name} has no place for the table; expected the lines\n{BEGIN}\n{END}")
    return before + begin, shown, end + after


def differences(shown: str, true: str) -> list[str]:
    """The rows that aren't true, and what they should be."""
    there, wanted = shown.strip().splitlines(), true.strip().splitlines()
    gone = [f"  there: {row}" for row in there if row not in wanted]
    return gone + [f"  true:  {row}" for row in wanted if row not in there]


def check(path: Path, true: str) -> list[str]:
    """Why the table in a file doesn't hold; nothing when it does. Raises HouseError, OSError."""
    _, shown, _ = split(path.read_text(encoding="utf-8"), str(path))
    if shown.strip() == true.strip():
        return []
    renew = f"python tools/house.py --update {path}"
    return [
        f"{path}: the figures are not those of the source; renew them with\n  {renew}",
        *differences(shown, true),
    ]


def update(path: Path, true: str) -> None:
    """Put the table into a file. Raises HouseError, OSError."""
    before, _, after = split(path.read_text(encoding="utf-8"), str(path))
    path.write_text(f"{before}\n{true}\n{after}", encoding="utf-8")


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--update", "updated", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--check", "checked", type=click.Path(path_type=Path), metavar="FILE")
def house(updated: Path | None, checked: Path | None) -> int:
    """Print, put or check the table; the exit code."""
    try:
        for page in filter(None, (updated, checked)):
            split(page.read_text(encoding="utf-8"), str(page))  # before all is counted
        true = table(ROOT / "securechat", ROOT / "tests")
        faults = check(checked, true) if checked is not None else []
        if updated is not None:
            update(updated, true)
    except (HouseError, OSError, SyntaxError) as error:
        faults = [str(error)]
    for fault in faults:
        click.echo(fault, err=True)
    if not faults and updated is None and checked is None:
        click.echo(true, nl=False)
    return 1 if faults else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    return int(house.main(argv, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
