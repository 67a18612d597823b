"""Make the offline bundle: a zip that installs securechat on a machine without internet.

    python tools/bundle.py              dist/securechat-VERSION-offline.zip
    python tools/bundle.py --out DIR    elsewhere

In it are our wheel, the wheels of requirements.lock, checked by their hashes when they are fetched,
for each Python and machine below, and bundlelib/install.py, which says clearly where they don't
fit. The same source and lock make the same file, byte by byte, so that two people can compare the
SHA-256. Exit codes: 0 made, 1 not.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from packaging.utils import parse_wheel_filename

import securechat

ROOT = Path(__file__).resolve().parent.parent
PARTS = Path(__file__).resolve().parent / "bundlelib"
LOCK = ROOT / "requirements.lock"

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")

GLIBC = "2.28"
"""Of 2018. The newest that a wheel in the lock asks for (PEP 600)."""

PIP = "pip==26.3 --hash=sha256:f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
"""Debian's Python has none of its own without python3-venv."""

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info", "tests")

BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip, whose format knows none before."""


EPOCH = "315532800"
"""The same in seconds since 1970, for what builds the wheels."""


class BundleError(Exception):
    """It can't be made; the text says why."""


def gather(directory: Path, pythons: Sequence[str], machines: Sequence[str]) -> None:
    """All wheels of a bundle into a new directory. Raises BundleError."""
    directory.mkdir()
    fetch(directory, pythons, machines)
    build(directory)


def build(directory: Path) -> None:
    """Our own wheel into the directory. Raises BundleError."""
    with tempfile.TemporaryDirectory() as scratch:
        # From a copy, as setuptools takes over what an earlier build has left in the source.
        source = Path(scratch) / "source"
        shutil.copytree(ROOT, source, ignore=LEFT_OUT)
        _pip("wheel", "--no-deps", "--wheel-dir", str(directory), str(source))


def fetch(directory: Path, pythons: Sequence[str], machines: Sequence[str]) -> None:
    """The packages of the lock, and pip, into the directory. Raises BundleError."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(f"{PIP}\n")
        file.flush()
        _pip(*_DOWNLOAD, "--dest", str(directory), "--requirement", file.name)
    for python in pythons:
        for machine in machines:
            target = _target(python, machine)
            _pip(*_DOWNLOAD, *target, "--dest", str(directory), "--requirement", str(LOCK))


_DOWNLOAD = ("download", "--require-hashes", "--no-deps", "--only-binary", ":all:")


def _target(python: str, machine: str) -> Iterator[str]:
    """pip's options for another Python and machine than this one."""
    yield from ("--python-version", python, "--implementation", "cp")
    for abi in (f"cp{python.replace('.', '')}", "abi3", "none"):
        yield from ("--abi", abi)
    for policy in (f"manylinux_{GLIBC.replace('.', '_')}", "manylinux_2_17", "manylinux2014"):
        yield from ("--platform", f"{policy}_{machine}")


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words, "--quiet"]
    # So that files in a wheel have no time of this build.
    environ = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(f"pip {words[0]} failed:\n{done.stderr.strip()}")


def requirements(wheels: Sequence[Path]) -> str:
    """What the installer asks pip for: each package with the hashes of its files in the bundle."""
    hashes: dict[str, list[str]] = {}
    for wheel in sorted(wheel for wheel in wheels if not is_pip(wheel)):
        name, version, _, _ = parse_wheel_filename(wheel.name)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        hashes.setdefault(f"{name}=={version}", []).append(f"--hash=sha256:{digest}")
    return "".join(f"{pin} {' '.join(digests)}\n" for pin, digests in hashes.items())


def is_pip(wheel: Path) -> bool:
    """Whether it is what installs the others, and is not installed itself."""
    return wheel.name.startswith("pip-")


def members(
    wheels: Sequence[Path], pythons: Sequence[str], machines: Sequence[str]
) -> dict[str, bytes]:
    """The files of the bundle, by their names in it."""
    [pip] = filter(is_pip, wheels)
    said = {
        "version": securechat.__version__,
        "pythons": list(pythons),
        "machines": list(machines),
        "glibc": GLIBC,
        "pip": pip.name,
        "pip_sha256": hashlib.sha256(pip.read_bytes()).hexdigest(),
    }
    text = (
        (PARTS / "README.txt")
        .read_text(encoding="utf-8")
        .format(
            version=securechat.__version__,
            underline="=" * (len(securechat.__version__) + 46),
            machines=" or ".join(machines),
            glibc=GLIBC,
            pythons=", ".join(pythons),
        )
    )
    return {
        "README.txt": text.encode(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        "bundle.json": json.dumps(said, indent=2).encode() + b"\n",
        "install.py": (PARTS / "install.py").read_bytes(),
        "install.sh": (PARTS / "install.sh").read_bytes(),
        "requirements.txt": requirements(wheels).encode(),
        **{f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels},
    }


def write(path: Path, content: dict[str, bytes]) -> None:
    """The zip, with one directory in it that has the zip's name."""
    draft = path.with_suffix(".tmp")
    with zipfile.ZipFile(draft, "w") as file:
        for name, data in sorted(content.items()):
            entry = zipfile.ZipInfo(f"{path.stem}/{name}", BEGINNING)
            entry.external_attr = (0o100755 if name == "install.sh" else 0o100644) << 16
            # Wheels are compressed as they are.
            stored = name.startswith("wheels/")
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            file.writestr(entry, data)
    draft.replace(path)


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "dist", help="[dist]")
@click.option("--python", "pythons", multiple=True, help="Only for these, as 3.12.")
@click.option("--machine", "machines", multiple=True, help="Only for these, as x86_64.")
def bundle(out: Path, pythons: tuple[str, ...], machines: tuple[str, ...]) -> int:
    """Make it and say where it is; the exit code."""
    pythons, machines = pythons or PYTHONS, machines or MACHINES
    path = out / f"securechat-{securechat.__version__}-offline.zip"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            wheels = Path(scratch) / "wheels"
            gather(wheels, pythons, machines)
            write(path, members(sorted(wheels.iterdir()), pythons, machines))
    except (BundleError, OSError) as error:
        click.echo(f"bundle: {error}", err=True)
        return 1
    tell(path)
    return 0


def tell(path: Path) -> None:
    """Say what was made, and the figure by which two people compare what they have."""
    click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    click.echo(f"SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    return int(bundle.main(argv, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
