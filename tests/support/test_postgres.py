"""The servers of PostgreSQL that tests run on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.postgres import programs
from tests.support.preloaded import ROOT
from tests.support.waiting import until

RUN = """
from tests.support.postgres import running
with running() as server:
    print(server.place, flush=True)
    input()
"""


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_a_server_ends_with_those_who_test(how: str) -> None:
    """Also where they are killed; and nothing of it is left."""
    if programs() is None:
        pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
    words = [sys.executable, "-c", RUN]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as tester:
        assert tester.stdout is not None
        place = Path(tester.stdout.readline().strip())
        pid = int((place / "data" / "postmaster.pid").read_text().split()[0])
        assert runs(pid, place)
        if how == "killed":
            tester.kill()
        else:
            tester.communicate("\n")
    until(lambda: not runs(pid, place) and not place.exists())


def runs(pid: int, place: Path) -> bool:
    """Whether the process is a server there."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == place / "data"
    except OSError:
        return False
