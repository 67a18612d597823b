"""Our programs as processes of their own that needn't import anything first: a child which has
done so is kept, and forks them.

The imports are most of what a start costs. What is forked is a child of who asks, as one of
`subprocess` is, with its own arguments, environment, directory, files, signals and exit code; of
the tests nothing is in it, no thread and no open file. Where this can't be had it is started anew:
on another system than Linux, or when the environment says something to Python itself.

This file is both sides, and imports nothing of ours: the child is to have no more than a program.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]

PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): whose grandchildren become its children when their parent ends."""

MAXIMUM = 1 << 17
"""Bytes of what is asked for: mostly the environment."""

FOR_PYTHON = ("LANG", "LC_", "TZ", "PYTHON", "OPENSSL", "LD_")
"""What begins so is read before a program's first line."""

GIVEN = {"stdin", "stdout", "stderr", "cwd", "start_new_session"}
"""Of what Popen takes."""

EACH_PROGRAMS = ("LANGUAGE", "PYTHON_KEYRING_BACKEND")
"""Of those what a program reads itself, when it needs it."""


class Program(subprocess.Popen[str]):
    """more: see GIVEN, and `env`. module: has its `main`. words: as it is called, its own name
    first. within: what it is run by. before: Python code that is run before anything is imported.
    anew: by a new interpreter in any case.
    """

    def __init__(
        self,
        module: str,
        words: Sequence[str],
        *,
        within: Sequence[str] = (),
        before: str = "",
        anew: bool = False,
        **more: Any,
    ) -> None:
        self._module = module
        environment: Mapping[str, str] = more.pop("env", os.environ)
        assert more.keys() <= GIVEN, more
        anew = anew or bool(within or before) or sys.platform != "linux"
        self._is_forked = not anew and _keeper().suits(environment)
        if not self._is_forked:
            run = f"import sys; from {module} import main; sys.exit(main(sys.argv[1:]))"
            words = [*within, sys.executable, "-c", f"{before}\n{run}", *words[1:]]
            environment = {**environment, "PYTHONPATH": str(ROOT)}
        super().__init__(words, text=True, env=environment, **more)

    def _execute_child(self, *given: Any) -> None:
        """Popen's own, when it has made all pipes: the same from CPython 3.11 to 3.14."""
        if not self._is_forked:
            super()._execute_child(*given)  # type: ignore[misc]
            return
        words, cwd, environment = given[0], given[5], given[6]
        pipes, new_session = given[10:16], given[21]
        asked = Asked(self._module, words, str(cwd or Path.cwd()), dict(environment), new_session)
        standard = (pipes[0], pipes[3], pipes[5])
        files = [number if file == -1 else file for number, file in enumerate(standard)]
        self.pid = _keeper().fork(asked, files)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def run_program(
    module: str, words: Sequence[str], *, typed: str = "", seconds: float, **more: Any
) -> subprocess.CompletedProcess[str]:
    """One that ends by itself, with all that it says. typed: its input."""
    pipe = subprocess.PIPE
    with Program(module, words, stdin=pipe, stdout=pipe, stderr=pipe, **more) as program:
        try:
            out, err = program.communicate(typed, seconds)
        except BaseException:
            program.kill()
            raise
    return subprocess.CompletedProcess(program.args, program.returncode, out, err)


def _for_python(environment: Mapping[str, str]) -> dict[str, str]:
    found = {name: value for name, value in environment.items() if name.startswith(FOR_PYTHON)}
    return {name: value for name, value in found.items() if name not in EACH_PROGRAMS}


class Asked(NamedTuple):
    """What is to be run."""

    module: str
    words: list[str]
    cwd: str
    environment: dict[str, str]
    new_session: bool


class Keeper:
    """The child that forks; it ends with who has started it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._environment = _for_python(os.environ)
        self._here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.preloaded", str(there.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[there.fileno()],
            )
        atexit.register(self.close)

    def suits(self, environment: Mapping[str, str]) -> bool:
        """Whether Python itself would start with it as this child has."""
        return _for_python(environment) == self._environment

    def fork(self, asked: Asked, files: Sequence[int]) -> int:
        """The number of a process that is now a child of this one. files: its first three."""
        with self._lock:
            _adopt(adopts=True)
            try:
                socket.send_fds(self._here, [json.dumps(asked).encode()], files)
                pid = self._here.recv(MAXIMUM)
                is_ours = self._here.recv(MAXIMUM)
            finally:
                _adopt(adopts=False)
        assert is_ours, "the child that forks programs has ended"
        return int(pid)

    def close(self) -> None:
        self._here.close()
        self._process.wait()


@cache
def _keeper() -> Keeper:
    return Keeper()


def _adopt(*, adopts: bool) -> None:
    """Whether what a child of this process has started is to be its own, if that child ends."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


# --- in the child --------------------------------------------------------------------------------


def wait_for_program(asking: socket.socket) -> Asked | None:
    """In each forked process what it is to run; in the one that forks None, at the end."""
    while True:
        data, files, _, _ = socket.recv_fds(asking, MAXIMUM, 3)
        if not data:
            return None
        asked = Asked(*json.loads(data))
        importlib.import_module(asked.module)  # for this one, and all that come after it
        gc.freeze()  # what is imported stays: at its end each program would look for garbage in it
        is_adopted, adopted = os.pipe()
        between = os.fork()
        if not between:
            pid = os.fork()
            if not pid:
                asking.close()
                os.close(adopted)
                os.read(is_adopted, 1)
                os.close(is_adopted)
                _take_over(asked, files)
                return asked
            asking.send(b"%d" % pid)
            os._exit(0)
        os.waitpid(between, 0)
        for file in (*files, is_adopted, adopted):
            os.close(file)
        asking.send(b"yours")


def _take_over(asked: Asked, files: Sequence[int]) -> None:
    """As a new process finds it."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    if asked.new_session:
        os.setsid()
    os.chdir(asked.cwd)
    os.environ.clear()
    os.environ.update(asked.environment)
    sys.argv = asked.words
    # As Python opens them.
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)


def main() -> int:
    """Returns once in each process."""
    with socket.socket(fileno=int(sys.argv[1])) as asking:
        try:
            asked = wait_for_program(asking)
        except KeyboardInterrupt:  # Ctrl-C is for all
            return 0
    if asked is None:
        return 0
    run: Callable[[list[str]], int] = importlib.import_module(asked.module).main
    return run(asked.words[1:])


if __name__ == "__main__":
    sys.exit(main())
