"""Programs that are run as they are, on a terminal of their own, and read in what they print."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.foreign_clients.driver import Log, end, environment
from tests.support.links import PATIENCE


def needs(*programs: str, package: str) -> pytest.MarkDecorator:
    """Skips a test where a program isn't installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    reason = f"{', '.join(missing)} is missing (Debian: apt-get install {package})"
    return pytest.mark.skipif(bool(missing), reason=reason)


class Program:
    """A command in a home directory, on a terminal of its own. printed: what it says on standard
    output or error, whichever goes to a file.
    """

    def __init__(self, home: Path, *command: str, screen: bool, **variables: str) -> None:
        """screen: whether standard output is the terminal, and only standard error is read."""
        self.printed = Log(home / f"{Path(command[0]).name}.printed")
        self._terminal, other = pty.openpty()
        with self.printed.file.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=home,
                env=environment(home) | variables,
                stdin=other,
                stdout=other if screen else output,
                stderr=output,
                start_new_session=True,
            )
        os.close(other)
        self._drain = threading.Thread(target=self._read_screen, daemon=True)
        self._drain.start()

    def _read_screen(self) -> None:
        """A terminal that nobody reads would stop the program."""
        with contextlib.suppress(OSError):  # EIO: it has ended
            while os.read(self._terminal, 65536):
                pass

    def types(self, *lines: str) -> None:
        for line in lines:
            os.write(self._terminal, f"{line}\r".encode())

    def close(self) -> None:
        end(self.process)
        self._drain.join(PATIENCE)
        os.close(self._terminal)


@contextlib.contextmanager
def running_program(
    home: Path, *command: str, screen: bool = False, **variables: str
) -> Iterator[Program]:
    """A program for the time of a block."""
    program = Program(home, *command, screen=screen, **variables)
    try:
        yield program
    finally:
        program.close()


def free_port() -> int:
    """A port of this machine that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])
