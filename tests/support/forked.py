"""A command line in a process that is forked off: with a deadline and a limit on its memory.

Much faster than a new interpreter, and what hangs or fills the memory doesn't take the test along.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from typing import NamedTuple

PATIENCE = 20.0
"""Seconds after which a command that hangs is ended."""

MEMORY = 2 << 30
"""Bytes of address space; what reads a device to its end wants more."""

CRASHED = 99


class Ended(NamedTuple):
    """code: the exit code, negative for a signal. text: both outputs."""

    code: int
    text: str


def run(main: Callable[[list[str]], int], *argv: object) -> Ended:
    """Run main in a child of this process, without an input."""
    with tempfile.TemporaryFile() as out:
        pid = os.fork()
        if pid == 0:
            _child(main, [str(word) for word in argv], out.fileno())
        alarm = threading.Timer(PATIENCE, os.kill, (pid, signal.SIGKILL))
        alarm.start()
        _, status = os.waitpid(pid, 0)
        alarm.cancel()
        out.seek(0)
        return Ended(os.waitstatus_to_exitcode(status), out.read().decode(errors="replace"))


def _child(main: Callable[[list[str]], int], argv: list[str], out: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(out, number)
    code = CRASHED
    try:
        sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace")  # as Python opens it
        code = main(argv)
    except BaseException:  # a traceback is what the test looks for
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
