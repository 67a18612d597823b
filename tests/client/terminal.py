"""A program on a terminal of its own, typed to and read by a test."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

PATIENCE = 30.0
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")

# Makes the terminal the controlling one, as getpass asks on /dev/tty, and becomes the program. A
# shell has what it runs in the background ignore Ctrl-C, be it these tests; a terminal doesn't.
_LAUNCHER = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])
"""


_LINE_BY_LINE = {"SECURECHAT_PLAIN": "1", "PROMPT_TOOLKIT_NO_CPR": "1"}


class Terminal:
    """`securechat` with arguments, or another program by its module, on a pseudo-terminal. size:
    rows and columns.
    """

    def __init__(
        self,
        *argv: str,
        env: Mapping[str, str],
        module: str = "securechat",
        size: tuple[int, int] | None = None,
    ) -> None:
        self._near, far = pty.openpty()
        if size:
            termios.tcsetwinsize(far, size)
        self._program = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, module, *argv],
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
            # The test answers no questions of the terminal's about its cursor.
            env={**os.environ, "TERM": "xterm", **_LINE_BY_LINE, **env},
        )
        os.close(far)
        self.raw = ""
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._program.kill()
        self._program.wait()
        os.close(self._near)

    @property
    def text(self) -> str:
        """Everything shown so far, without control sequences."""
        return _CONTROL.sub("", self.raw)

    def types(self, text: str) -> None:
        """Press keys."""
        os.write(self._near, text.encode())

    def shows(self, text: str) -> None:
        """Wait until text is shown, after what the last call waited for."""
        until = time.monotonic() + PATIENCE
        while (at := self.text.find(text, self._seen)) < 0:
            assert self._reads(until), f"{text!r} is missing in {self.text[self._seen :]!r}"
        self._seen = at + len(text)

    def ends(self) -> int:
        """Wait for the program's end; its exit code."""
        until = time.monotonic() + PATIENCE
        while self._reads(until):
            pass
        return self._program.wait(PATIENCE)

    def _reads(self, until: float) -> bool:
        """Read what there is; False at the end of the program, or of the patience."""
        ready, _, _ = select.select([self._near], [], [], max(0.0, until - time.monotonic()))
        try:
            data = os.read(self._near, 65536) if ready else b""
        except OSError:  # Linux: nobody has the other end open
            data = b""
        self.raw += data.decode(errors="replace")
        return bool(data)
