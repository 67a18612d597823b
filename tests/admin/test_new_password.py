"""Asking for a new password on a real terminal; the rest is in test_admin_users."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.support.admin_cli import GOOD, served_once


def test_on_a_terminal_the_password_is_not_seen(tmp_path: Path) -> None:
    """It is asked for twice; what is typed appears nowhere."""
    cli = served_once(tmp_path / "data")
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "securechat.admin.cli"),
            *("--data", str(cli.data), "user", "add", "alice"),
        ],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    seen = b""
    for prompt in (b"New password for alice: ", b"The same again: "):
        while not seen.endswith(prompt):
            seen += os.read(person, 1024)
        os.write(person, GOOD.encode() + b"\n")
    while b"alice has an account." not in seen:
        seen += os.read(person, 1024)
    assert process.wait(60) == 0
    os.close(person)
    assert GOOD.encode() not in seen
    assert cli.knows("alice", GOOD)
