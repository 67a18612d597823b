"""Ask whether a vulnerability is known in any of the packages that are installed here.

    python tools/advisories.py                                    with the pip-audit in $PATH
    python tools/advisories.py --pip-audit .venv-audit/bin/pip-audit

pip-audit (`pip install '.[audit]'`) asks PyPI; no tool that brings its own data is kept up to date.
Where PyPI can't be reached, or only a mirror without advisories, pip-audit may say "No known
vulnerabilities found" all the same. So it is asked first about a version that certainly has one.
Exit codes: 0, none is known, or nobody could be asked, which is said; 1, one is known.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import click

CANARY = {"cryptography": "3.2"}
"""Has CVE-2020-36242, and others since."""

OURS = "securechat"
TIMEOUT = 300.0


class NoAnswerError(Exception):
    """Nobody could be asked; the text says why."""


def installed() -> dict[str, str]:
    """Names and versions of all packages of this environment but our own."""
    found = {each.metadata["Name"]: each.version for each in distributions()}
    return {name: version for name, version in sorted(found.items()) if name != OURS}


def ask(program: str, packages: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What is known of these versions, a line each; and the packages that nothing is known about.

    Raises NoAnswerError.
    """
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "requirements.txt"
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in packages.items()))
        command = [program, "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        command += ["--format", "json", "--requirement", str(wanted)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
            answer = json.loads(done.stdout)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoAnswerError(str(error)) from None
        except ValueError:
            raise NoAnswerError((done.stderr.strip().splitlines() or ["no answer"])[-1]) from None
    return _known(answer), [each["name"] for each in answer["dependencies"] if "vulns" not in each]


def _known(answer: Mapping[str, Any]) -> list[str]:
    return [
        f"{each['name']} {each['version']}: {one['id']}, "
        f"repaired in {', '.join(one['fix_versions']) or 'no version'}"
        for each in answer["dependencies"]
        for one in each.get("vulns", ())
    ]


def verdict(program: str) -> tuple[int, str]:
    """The exit code, and what is to be said."""
    packages = installed()
    try:
        if not ask(program, CANARY)[0]:
            raise NoAnswerError("who was asked knows no advisories, not even an old one")
        known, unknown = ask(program, packages)
    except NoAnswerError as error:
        return 0, f"NOT CHECKED: nobody could be asked about advisories ({error})"
    if known:
        return 1, "\n".join(["known vulnerabilities:", *known])
    left = f"; nothing is known about {', '.join(unknown)}" if unknown else ""
    return 0, f"no vulnerability is known in {len(packages) - len(unknown)} packages{left}"


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--pip-audit", "program", default="pip-audit", metavar="PROGRAM")
def advisories(program: str) -> int:
    """Print the verdict; the exit code."""
    code, text = verdict(program)
    click.echo(f"advisories: {text}")
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    return int(advisories.main(argv, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
