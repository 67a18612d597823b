"""Says what is waited for while a connection is made, when that takes longer than a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

MOMENT = 0.5
"""Seconds in which nothing is said: a login in the same building takes a tenth of it."""


class Waiting:
    """For the time of a block: the steps of making a connection, as they come.

    show: prints a line; None to say nothing. moment: seconds before the first one. Any thread may
    call step(), also when the block is over.
    """

    def __init__(self, show: Callable[[str], None] | None, moment: float = MOMENT) -> None:
        self._show = show
        self._moment = moment
        self._lock = threading.Lock()
        self._open = False
        self._late = False
        self._step = ""
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Waiting:
        if self._show is not None:
            self._open = True
            self._timer = threading.Timer(self._moment, self._say_at_last)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Under the lock: what is asked or told from now on must not get a line in between.
        with self._lock:
            self._open = False
        if self._timer is not None:
            self._timer.cancel()

    def step(self, text: str) -> None:
        """What is waited for from now on."""
        with self._lock:
            self._step = text
            if self._late:
                self._say()

    def _say_at_last(self) -> None:
        """The moment has passed. The timer's thread."""
        with self._lock:
            self._late = True
            self._say()

    def _say(self) -> None:
        if self._open and self._step and self._show is not None:
            self._show(self._step)
