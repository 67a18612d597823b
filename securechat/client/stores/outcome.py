"""What has become of one store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from subprocess import PIPE, STDOUT, CompletedProcess, TimeoutExpired, run

from securechat.common.escape import escape
from securechat.common.record import Record

SECONDS = 60.0
"""For a program that changes a store. One that asks for something gets no answer."""


class State(Enum):
    """What has become of a store. DONE: it was changed. SAME: there was nothing to change. LEFT: it
    isn't ours to change. WAITS: for something that the person has to do. FAILED: it could not be
    done.
    """

    DONE = "done"
    SAME = "same"
    LEFT = "left"
    WAITS = "waits"
    FAILED = "failed"


class Outcome(Record):
    """place: the store, for people. text: what has been done, or what to do."""

    place: str
    state: State
    text: str


Run = Callable[..., CompletedProcess[str]]
"""Calls a program: its arguments, and as `given` what it reads."""


def call(*argv: str, given: str = "") -> CompletedProcess[str]:
    """Run a program without a terminal; both its outputs as one. Raises OSError."""
    try:
        return run(  # noqa: S603 - programs and arguments of our own
            argv,
            input=given,
            stdout=PIPE,
            stderr=STDOUT,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
            # It can't ask: a store with a password would have the terminal wait for one.
            start_new_session=True,
        )
    except TimeoutExpired:
        return CompletedProcess(argv, 1, f"no answer in {SECONDS:.0f} s")


def last_line(done: CompletedProcess[str]) -> str:
    """What a program has said at its end, to be shown."""
    lines = done.stdout.strip().splitlines()
    return escape(lines[-1]) if lines else f"exit code {done.returncode}"


def as_command(parts: Sequence[Sequence[str]]) -> str:
    """Commands as they are typed by somebody who may become root."""
    import shlex

    return " && ".join(f"sudo {shlex.join(part)}" for part in parts)
