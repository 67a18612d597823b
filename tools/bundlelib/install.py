"""Installs securechat from this bundle into a virtual environment, without a network.

    sh install.sh [DIRECTORY]

Read by whatever Python a machine has, be it too old: so it is written for Python 3.6.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

HERE = Path(__file__).resolve().parent
ROOT_PLACE = Path("/opt/securechat")

ANEW = "unpack the bundle anew, and compare its SHA-256"

Bundle = Dict[str, Any]
"""What bundle.json says."""


class Unfit(Exception):  # noqa: N818
    """The text says what was expected, what came, and what to do."""


def main(words: List[str]) -> int:
    """Returns the exit code: 0 installed, 1 not, 2 wrong usage."""
    if len(words) > 1 or words[:1] in (["-h"], ["--help"]):
        print("Usage: sh install.sh [DIRECTORY]; README.txt beside it tells more.")
        return 0 if len(words) == 1 else 2
    try:
        bundle = json.loads((HERE / "bundle.json").read_text(encoding="utf-8"))
        check(bundle)
        install(bundle, directory(words))
    except (Unfit, OSError) as error:
        print("install: {}".format(error), file=sys.stderr)
        return 1
    return 0


# --- does it fit? ---------------------------------------------------------------------------------


def check(bundle: Bundle) -> None:
    """Raises Unfit when nothing in here could run on this machine."""
    words = platform.python_implementation(), platform.python_version(), *system()
    found = "{} {} on {}, {}".format(*words)
    for wrong, advice in faults(bundle):
        if wrong:
            raise Unfit(
                "this bundle is for CPython {} on Linux with glibc {} or newer, {}; this is "
                "{}: {}".format(
                    ", ".join(bundle["pythons"]),
                    bundle["glibc"],
                    " or ".join(bundle["machines"]),
                    found,
                    advice,
                )
            )


def system() -> Tuple[str, str]:
    """The system with its C library, and the machine as this Python was built for it."""
    libc = " ".join(filter(None, platform.libc_ver()))
    name = "{} with {}".format(platform.system(), libc or "another C library")
    return name, "{}, {} bits".format(platform.machine(), 64 if sys.maxsize > 2**32 else 32)


def faults(bundle: Bundle) -> Iterator[Tuple[bool, str]]:
    """Each with whether it is one here, and what to do about it."""
    python = "{}.{}".format(*sys.version_info[:2])
    newest = bundle["pythons"][-1]
    other = "run it with another one, as in `PYTHON=python{} sh install.sh`".format(newest)
    library, version = platform.libc_ver()
    elsewhere = "make a bundle there with `make bundle`, or install it with the network (README.md)"
    yield sys.platform != "linux", elsewhere
    yield sys.implementation.name != "cpython", other
    yield python not in bundle["pythons"], other
    yield bool(sysconfig.get_config_var("Py_GIL_DISABLED")), other + ", one with the GIL"
    yield platform.machine() not in bundle["machines"] or sys.maxsize < 2**32, elsewhere
    yield library != "glibc" or numbers(version) < numbers(bundle["glibc"]), elsewhere


def numbers(version: str) -> List[int]:
    """2.36 comes after 2.4."""
    return [int(part) for part in version.split(".")[:2]]


# --- installing -----------------------------------------------------------------------------------


def directory(words: List[str]) -> Path:
    """Where it goes. Raises Unfit for a place that holds something else."""
    home = Path.home() / "securechat"
    default = ROOT_PLACE if os.geteuid() == 0 else home
    place = Path(words[0]).absolute() if words else default
    taken = place.exists() and (not place.is_dir() or any(place.iterdir()))
    if taken and not (place / "pyvenv.cfg").exists():
        raise Unfit(
            "{} is there and is no virtual environment: name another directory, as in "
            "`sh install.sh DIRECTORY`, or move it away".format(place)
        )
    return place


def install(bundle: Bundle, place: Path) -> None:
    """Make the environment and put everything in. Raises Unfit, OSError."""
    pip = HERE / "wheels" / bundle["pip"]
    # It checks the others.
    if hashlib.sha256(pip.read_bytes()).hexdigest() != bundle["pip_sha256"]:
        raise Unfit("{} is damaged or changed: {}".format(pip, ANEW))
    if os.geteuid() == 0:
        os.umask(0o022)  # for all users of the machine, whatever root's own files are for
    # pip comes from the bundle: Debian's Python has none without python3-venv.
    venv.EnvBuilder(symlinks=True, with_pip=False).create(str(place))
    python = str(place / "bin" / "python")
    # No configuration of this machine may send it to an index.
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    environ["PIP_CONFIG_FILE"] = os.devnull
    done = subprocess.run(
        [
            *(
                python,
                "-I",
                str(pip / "pip"),
                "--isolated",
                "--disable-pip-version-check",
                "install",
            ),
            *("--quiet", "--no-index", "--find-links", str(HERE / "wheels"), "--no-cache-dir"),
            # The same number may be another state of the source.
            *("--force-reinstall", "--only-binary", ":all:", "--require-hashes"),
            *("--requirement", str(HERE / "requirements.txt")),
        ],
        env=environ,
        check=False,
    )
    if done.returncode:
        raise Unfit(
            "nothing was installed; what is above says why. A hash that doesn't match is of a "
            "damaged or a changed file: " + ANEW
        )
    # That it runs, and not only lies there.
    subprocess.run([str(place / "bin" / "securechat-server"), "--version"], check=True, env=environ)
    print("It is in {}. Next:".format(place))
    for name, what in (
        ("securechat-server", "start a server"),
        ("securechat-server install-service", "have systemd run it"),
        ("securechat LINK", "join one that somebody else runs"),
    ):
        print("  {}/bin/{:<36} {}".format(place, name, what))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
