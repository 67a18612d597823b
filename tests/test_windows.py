"""On Windows nothing of ours runs, and it says so."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAMS = ["client.commands.cli", "server.cli", "admin.cli", "ca.cli"]


@pytest.mark.parametrize("module", PROGRAMS)
def test_windows_is_told(module: str) -> None:
    """In words that say what to do, and not by a traceback of a module that isn't there."""
    code = f"import sys; sys.platform = 'win32'; import securechat.{module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("securechat runs on Linux and other POSIX systems. On Windows")
    assert done.stderr.count("\n") == 1
