"""A named thread that owns something. Has a threading.Thread and is none, so that no attribute of
ours can be mistaken for one of its own.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod

CAN_TELL_CPU = hasattr(time, "pthread_getcpuclockid")
"""Whether this system tells how much CPU a single thread has used: Linux does, macOS doesn't."""


class NamedThread(ABC):
    """run() is the thread's life; start(), join() and alive are anybody's."""

    def __init__(self, name: str) -> None:
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._clock: int | None = None

    @abstractmethod
    def run(self) -> None:
        """The thread's life."""

    def _run(self) -> None:
        if CAN_TELL_CPU:  # found here, as to ask for that of a thread that has ended may crash
            self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self.run()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until it has ended, at most so long."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    @property
    def alive(self) -> bool:
        """Whether it has begun and not ended."""
        return self._thread.is_alive()

    def cpu_seconds(self) -> float:
        """CPU time that it has used; 0.0 when it doesn't run, or the system can't tell."""
        try:
            return 0.0 if self._clock is None else time.clock_gettime(self._clock)
        except OSError:  # it has ended
            return 0.0
