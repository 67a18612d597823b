"""A server that somebody has started in a terminal, and the end of that."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.links import PATIENCE
from tests.support.preloaded import ROOT
from tests.support.process import write_config


class Terminal:
    """A terminal with a server in it."""

    def __init__(self, directory: Path, *before: str) -> None:
        """before: what starts the server, such as nohup."""
        self._window, inside = os.openpty()
        config = write_config(directory / "config.toml")
        self.log = directory / "server.log"
        flags = ["--data", str(directory / "data"), "--port", "0", "--config", str(config)]
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                [*before, sys.executable, "-m", "securechat.server", *flags],
                stdin=inside,
                stdout=inside,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
        os.close(inside)

    def shows(self, text: str) -> None:
        """Returns when it has shown a text."""
        shown = b""
        while text.encode() not in shown:
            shown += os.read(self._window, 4096)

    def logs(self, text: str) -> None:
        """Returns when the log has a text in it."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.log.read_text():
            assert time.monotonic() < deadline, f"never logged {text!r}"
            time.sleep(0.01)

    def close(self) -> None:
        """As with the window's button."""
        os.close(self._window)


def _take_terminal() -> None:
    """As a shell in a new window: the first terminal that a new session takes is its own, and its
    end is a signal, even if who runs the tests has nohup ignore that.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def server_in_terminal(directory: Path, *before: str) -> Iterator[Terminal]:
    terminal = Terminal(directory, *before)
    try:
        terminal.shows("Ctrl-C stops the server.")
        yield terminal
    finally:
        terminal.server.kill()
        terminal.server.wait(PATIENCE)


def test_the_end_of_its_terminal_ends_it(tmp_path: Path) -> None:
    """Else it would go on unseen, and hold its port against the next one."""
    with server_in_terminal(tmp_path) as terminal:
        terminal.close()
        assert terminal.server.wait(PATIENCE) == 0
    assert "stopping: its terminal is closed" in terminal.log.read_text()


def test_a_signal_alone_ends_nothing(tmp_path: Path) -> None:
    """While the terminal is there, a SIGHUP is somebody's wish that it reload."""
    with server_in_terminal(tmp_path) as terminal:
        terminal.server.send_signal(signal.SIGHUP)
        terminal.logs("certificate reloaded")
        terminal.server.send_signal(signal.SIGTERM)
        assert terminal.server.wait(PATIENCE) == 0
        terminal.close()
    assert "stopping: SIGTERM" in terminal.log.read_text()


def test_nohup_keeps_it(tmp_path: Path) -> None:
    """As whoever uses it expects. The signal is ignored as nohup has it, which also takes away the
    terminal's output.
    """
    with server_in_terminal(tmp_path, "sh", "-c", 'trap "" HUP; exec "$@"', "sh") as terminal:
        terminal.close()
        terminal.server.send_signal(signal.SIGTERM)
        assert terminal.server.wait(PATIENCE) == 0
    assert "stopping: SIGTERM" in terminal.log.read_text()
