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
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import IO, NamedTuple

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
    [ended] = run_each(main, argv)
    return ended


def run_each(main: Callable[[list[str]], int], *commands: Sequence[object]) -> list[Ended]:
    """As `run`, several one after the other in one child: where all tests are loaded, a fork takes
    longer than a command. Where one doesn't end, the rest isn't run, and has its exit code.
    """
    with ExitStack() as stack:
        outs = [stack.enter_context(tempfile.TemporaryFile()) for _ in commands]
        codes = stack.enter_context(tempfile.TemporaryFile())
        pid = os.fork()
        if pid == 0:
            words = [[str(word) for word in argv] for argv in commands]
            _child(main, words, [out.fileno() for out in outs], codes.fileno())
        alarm = threading.Timer(PATIENCE, os.kill, (pid, signal.SIGKILL))
        alarm.start()
        _, status = os.waitpid(pid, 0)
        alarm.cancel()
        codes.seek(0)
        found = list(codes.read())
        found += [os.waitstatus_to_exitcode(status)] * (len(commands) - len(found))
        return [Ended(code, _read(out)) for code, out in zip(found, outs, strict=True)]


def _read(out: IO[bytes]) -> str:
    out.seek(0)
    return out.read().decode(errors="replace")


def _child(
    main: Callable[[list[str]], int], commands: list[list[str]], outs: list[int], codes: int
) -> None:
    """codes: where a byte is written for each that has ended."""
    code = CRASHED
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        for argv, out in zip(commands, outs, strict=True):
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number in (1, 2):
                os.dup2(out, number)
            code = _one(main, argv)
            os.write(codes, bytes([code]))
    finally:
        os._exit(code)


def _one(main: Callable[[list[str]], int], argv: list[str]) -> int:
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    # As Python opens it.
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)
    try:
        return main(argv)
    except BaseException:  # a traceback is what the test looks for
        traceback.print_exc()
        return CRASHED
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
