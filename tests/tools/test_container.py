"""The Containerfile: what it asks for, and that the server runs as it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BWRAP = shutil.which("bwrap")
PATIENCE = 40.0


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's, with their arguments; the last stage's are the last."""
    text = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


LAST = {name: argument for name, argument in instructions() if name not in ("RUN", "COPY")}
HEALTH: list[str] = json.loads(LAST["HEALTHCHECK"].partition("CMD ")[2])
ENV = dict(pair.split("=", 1) for pair in LAST["ENV"].split())


def test_it_isn_t_root() -> None:
    """By number, as kubelets and people look at it from outside."""
    assert all(int(number) >= 10000 for number in LAST["USER"].split(":"))


def test_no_shell_takes_words_apart() -> None:
    """What is run is a list of words, at the build and at the start."""
    for name, argument in instructions():
        if name in ("RUN", "ENTRYPOINT", "CMD"):
            assert all(isinstance(word, str) for word in json.loads(argument)), argument
    assert HEALTH[0] in {"securechat-admin"}


def test_only_packages_with_their_hashes() -> None:
    """None comes as a source that runs code of its own while it is built."""
    [fetched] = [argument for name, argument in instructions() if 'requirements.lock"]' in argument]
    assert "--require-hashes" in fetched
    assert '"--only-binary", ":all:"' in fetched


def test_nothing_else_gets_into_the_image() -> None:
    """All is left out but what is copied by its name."""
    copied = {
        word
        for name, argument in instructions()
        if name == "COPY" and not argument.startswith("--from")
        for word in argument.split()[:-1]
    }
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


def test_all_that_it_writes_is_in_the_volume() -> None:
    """Data, homes and temporary files; the rest may be read-only."""
    assert LAST["VOLUME"] == "/data"
    assert {ENV[name] for name in ("XDG_DATA_HOME", "HOME", "TMPDIR")} == {"/data"}


def can_confine() -> bool:
    """Whether bubblewrap can make what a container is made of; in some it can't."""
    if BWRAP is None:
        return False
    words = [BWRAP, "--unshare-user", "--uid", "10001", "--ro-bind", "/", "/", "true"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@contextmanager
def container(data: Path) -> Iterator[list[str]]:
    """The words by which a command runs as the Containerfile says: its user and environment, a root
    that can't be written, the volume, no capability. The packages are those of this environment.
    """
    assert BWRAP is not None
    user, _, group = LAST["USER"].partition(":")
    env = {**ENV, "PATH": f"{Path(sys.executable).parent}:{ENV['PATH']}"}
    words = [BWRAP, "--die-with-parent", "--unshare-user", "--uid", user, "--gid", group]
    words += ["--cap-drop", "ALL", "--clearenv"]
    for name, value in env.items():
        words += ["--setenv", name, value]
    for place in sorted(Path("/").iterdir()):
        if place.is_symlink():
            words += ["--symlink", str(place.readlink()), str(place)]
        elif place.name not in ("dev", "proc", "data"):
            words += ["--ro-bind", str(place), str(place)]
    words += ["--dev", "/dev", "--proc", "/proc", "--bind", str(data), "/data"]
    # Behind the mounts, for which bubblewrap makes directories.
    yield [*words, "--remount-ro", "/", "--remount-ro", "/dev", "--"]


@pytest.mark.skipif(not can_confine(), reason="bubblewrap isn't here, or may not confine")
def test_it_runs_without_rights() -> None:
    """On a read-only root, as a user without a name or a capability: it starts, an administrator
    gets a link beside it, its health can be asked for, and all it has written is in its volume,
    closed to others.
    """
    with tempfile.TemporaryDirectory() as directory, container(data := Path(directory)) as confined:
        refused = subprocess.run(
            [*confined, "touch", "/opt/x", "/tmp/x", "/x"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.stderr.count("Read-only file system") == 3
        server = subprocess.Popen(
            [*confined, *json.loads(LAST["ENTRYPOINT"]), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        alarm = threading.Timer(PATIENCE, server.kill)
        alarm.start()
        assert server.stdout is not None
        told = ""
        for line in server.stdout:
            told += line
            if line.startswith("Ctrl-C"):
                break
        assert "securechat securechat://" in told
        assert "data         /data/securechat/server\n" in told
        invite = subprocess.run(
            [*confined, "securechat-admin", "invite"], capture_output=True, text=True, check=False
        )
        assert re.match(r"securechat://\S+\n$", invite.stdout), invite.stderr
        health = subprocess.run([*confined, *HEALTH], capture_output=True, text=True, check=False)
        assert (health.returncode, health.stderr) == (0, ""), health.stdout
        [child] = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        os.kill(int(child), getattr(signal, LAST["STOPSIGNAL"]))
        told += server.stdout.read()
        alarm.cancel()
        assert server.wait() == 0
        assert (
            subprocess.run([*confined, *HEALTH], capture_output=True, check=False).returncode == 1
        )
        assert told.endswith("info stopped\n")
        written = list(data.iterdir())
        assert [path.name for path in written] == ["securechat"]
        assert (data / "securechat/server").stat().st_mode & 0o077 == 0
