"""Make or check requirements.lock: the exact packages that securechat runs on, with their hashes.

    python tools/lock.py --check                                        whether it still holds
    python tools/lock.py --pip-compile .venv-lock/bin/pip-compile       make it anew

For those who want just what we have tried, and nothing that somebody has put in its place since:

    pip install --require-hashes -r requirements.lock && pip install --no-deps .

pip-compile comes from pip-tools (`pip install '.[lock]'`). It is to be run by Python 3.11 on Linux,
where most packages are needed; on other systems and newer versions some of them lie idle. Of each
package all files have their hash, so it is for every processor. Exit codes: 0, it holds, though it
may be old, which is said; 1, it doesn't hold, or couldn't be made.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"

OLD_DAYS = 90
"""After so many it wants to be made anew: by then most packages have had repairs."""

MADE = "# Made on {today} by tools/lock.py for the dependencies sha256:{digest}"

OPTIONS = [
    *("--quiet", "--generate-hashes", "--allow-unsafe", "--strip-extras", "--upgrade"),
    *("--no-header", "--no-annotate", "--no-emit-options", "--no-emit-index-url"),
    *("--no-emit-trusted-host", "--no-emit-find-links", "--output-file", "-"),
]
"""Where packages come from is each user's own choice: no address stands in the file."""

_HEAD = re.compile(r"^# Made on ([0-9-]{10}) .*sha256:([0-9a-f]{64})$", re.MULTILINE)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(.*)$")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")


class LockError(Exception):
    """The file can't be read or made; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Lock:
    """made: when. digest: of the dependencies it was made for. pins: name to version. unhashed:
    names of packages without a hash.
    """

    made: date
    digest: str
    pins: dict[str, str]
    unhashed: list[str]


def dependencies(project: str) -> list[str]:
    """What a pyproject.toml asks for."""
    return sorted(tomllib.loads(project)["project"]["dependencies"])


def digest_of(wanted: Sequence[str]) -> str:
    """Shows whether a lock was made for the same."""
    return hashlib.sha256("\n".join(wanted).encode()).hexdigest()


def read(text: str) -> Lock:
    """A lock file. Raises LockError."""
    head = _HEAD.search(text)
    if head is None:
        raise LockError("the line that says when and for what it was made is missing")
    if "://" in text:
        raise LockError("there is an address in it; where packages come from is the user's choice")
    pins: dict[str, str] = {}
    unhashed: list[str] = []
    for line in _entries(text):
        pin = _PIN.match(line)
        if pin is None:
            raise LockError(f"expected NAME==VERSION with hashes, got {line[:60]!r}")
        name = canonicalize_name(pin[1])
        pins[name] = pin[2]
        if not _HASH.search(pin[3]):
            unhashed.append(name)
    return Lock(date.fromisoformat(head[1]), head[2], pins, unhashed)


def _entries(text: str) -> Iterator[str]:
    """Its lines, with those that are continued put together."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def faults(lock: Lock, wanted: Sequence[str]) -> list[str]:
    """Why a lock doesn't hold for these dependencies; none when it does."""
    found = [f"{name} has no hash" for name in lock.unhashed]
    for each in map(Requirement, wanted):
        version = lock.pins.get(canonicalize_name(each.name))
        if version is None:
            found.append(f"{each.name} is missing")
        elif not each.specifier.contains(version, prereleases=True):
            found.append(f"{each.name} is {version}, and {each.specifier} is asked for")
    if not found and lock.digest != digest_of(wanted):
        found.append("it was made for other dependencies than pyproject.toml has")
    return found


def age(lock: Lock, today: date) -> str:
    """What is to be said of its age."""
    days = (today - lock.made).days
    if days > OLD_DAYS:
        return f"OLD: it was made {days} days ago; after {OLD_DAYS} make it anew"
    return f"made {days} days ago"


def verdict(text: str, project: str, today: date) -> tuple[int, str]:
    """The exit code, and what is to be said."""
    try:
        lock = read(text)
    except LockError as error:
        return 1, str(error)
    found = faults(lock, dependencies(project))
    if found:
        return 1, "\n".join(["it doesn't hold; make it anew:", *found])
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    return 0, f"{len(lock.pins)} packages, {age(lock, today)}\nSHA-256 {fingerprint}"


def make(program: str, project: Path, today: date) -> str:
    """The text of a new lock. Raises LockError."""
    try:
        done = subprocess.run(
            [program, *OPTIONS, str(project)], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise LockError(f"can't run {program}: {error.strerror}; pip install '.[lock]'") from None
    if done.returncode:
        raise LockError((done.stderr.strip().splitlines() or ["pip-compile failed"])[-1])
    digest = digest_of(dependencies(project.read_text()))
    text = MADE.format(today=today.isoformat(), digest=digest) + "\n" + done.stdout
    read(text)
    return text


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--check", is_flag=True, help="Change nothing; say whether it holds, and its age.")
@click.option("--pip-compile", "program", default="pip-compile", metavar="PROGRAM")
def lock(*, check: bool, program: str) -> int:
    """Print what there is to say; the exit code."""
    today = date.today()
    try:
        if not check:
            LOCK.write_text(make(program, PROJECT, today))
        code, text = verdict(LOCK.read_text(), PROJECT.read_text(), today)
    except (LockError, OSError) as error:
        code, text = 1, str(error)
    click.echo(f"requirements.lock: {text}")
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    return int(lock.main(argv, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
