"""The limit of open files: raised as far as the system allows."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from securechat.server.open_files import allow_files

TELL = """
import resource
from securechat.server.open_files import allow_files
resource.setrlimit(resource.RLIMIT_NOFILE, (64, {hard}))
print(allow_files({connections}))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def told(hard: int, connections: int) -> list[str]:
    """In a process of its own, as a hard limit can't be raised again."""
    code = TELL.format(hard=hard, connections=connections)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(autouse=True)
def _room() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < 600:
        pytest.skip(f"this system's hard limit is {hard}")


def test_the_soft_limit_is_raised() -> None:
    """To what the connections need, and a few more."""
    assert told(600, 400) == ["None", "500"]


def test_a_low_hard_limit_is_told() -> None:
    """With how many connections there can be, and what to do."""
    warning, limit = told(300, 400)
    assert limit == "300"
    assert "about 200 connections instead of limits.connections = 400" in warning
    assert "LimitNOFILE" in warning


def test_a_limit_that_is_high_enough_stays() -> None:
    """Nothing is lowered."""
    assert told(300, -50) == ["None", "64"]


def test_who_may_not_raise_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a sandbox that forbids the call; the server goes on."""

    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 600))
    monkeypatch.setattr(resource, "setrlimit", forbidden)
    warning = allow_files(400)
    assert warning is not None
    assert warning.startswith("the system allows 64 open files")
