"""A pseudo terminal with a screen in it, whose output is timed as it comes out."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHOWN = Path(__file__).with_name("shown.py")

COLUMNS, LINES = 120, 40

PATIENCE = 60.0
"""Seconds until something that was waited for counts as never coming."""

END = b"\x1e"


class Terminal:
    """count: messages of the timeline that is shown."""

    def __init__(self, count: int) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, str(SHOWN), str(count)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        os.close(slave)
        self._seen = b""

    def close(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def wait(self, text: str) -> float:
        """When text has come out, behind what was waited for before. Raises TimeoutError."""
        wanted = text.encode()
        until = time.monotonic() + PATIENCE
        while (at := self._seen.find(wanted)) < 0:
            # What the text may begin in stays.
            self._seen = self._seen[-len(wanted) :] + self._read(until)
        self._seen = self._seen[at + len(wanted) :]
        return time.monotonic()

    def type(self, key: str) -> float:
        """Press a key. Returns when."""
        now = time.monotonic()
        os.write(self._master, key.encode())
        return now

    def told(self) -> dict[str, Any]:
        """What the screen tells of itself at its end."""
        until = time.monotonic() + PATIENCE
        while self._seen.count(END) < 2:
            self._seen += self._read(until)
        told: dict[str, Any] = json.loads(self._seen.split(END)[1])
        return told

    def _read(self, until: float) -> bytes:
        ready, _, _ = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise TimeoutError("the screen shows nothing of what was waited for")
        return os.read(self._master, 1 << 16)
