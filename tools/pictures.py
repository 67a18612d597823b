"""Make the pictures of the documentation from the source.

    python tools/pictures.py            make docs/packages.svg and docs/threads.svg
    python tools/pictures.py --check    whether they are what would be made now

Exit codes: 0; 1, a picture isn't true, or can't be made.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from houselib import packages, threads

ROOT = Path(__file__).resolve().parent.parent

PICTURES: dict[str, Callable[[Path], str]] = {
    "docs/packages.svg": packages.draw,
    "docs/threads.svg": threads.draw,
}

RENEW = "renew it with: python tools/pictures.py"


def stale(root: Path, made: dict[str, str]) -> list[str]:
    """Which files are not what was made, and how to renew them."""
    return [
        f"{name} is not what the source makes now; {RENEW}"
        for name, text in made.items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text
    ]


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--check", is_flag=True, help="Change nothing; say whether they are true.")
def pictures(*, check: bool) -> int:
    """Make or check them; the exit code."""
    try:
        made = {name: draw(ROOT / "securechat") for name, draw in PICTURES.items()}
        faults = stale(ROOT, made) if check else []
        if not check:
            for name, text in made.items():
                (ROOT / name).write_text(text, encoding="utf-8")
    except (packages.RingError, threads.ThreadTableError, OSError, SyntaxError) as error:
        faults = [str(error)]
    for fault in faults:
        click.echo(fault, err=True)
    return 1 if faults else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    return int(pictures.main(argv, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
