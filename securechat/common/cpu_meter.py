"""Measures the CPU time of each thing that a thread does; to ask costs next to nothing."""

from __future__ import annotations

import time

# What took less is counted by the wall clock: to ask for the CPU time is a system call of half a
# microsecond, ten times as much as to ask the clock, and as much as a twentieth of a line.
LONG_SECONDS = 0.0002
"""Seconds of the wall clock from which on the CPU time is asked for."""


class CpuMeter:
    """Measures one thread, to which it belongs."""

    __slots__ = ("_cpu", "_wall")

    def __init__(self) -> None:
        self._wall = self._cpu = 0.0

    def begin(self) -> None:
        """Begin to measure after a pause, which would else hide some of what comes next."""
        self._wall, self._cpu = time.monotonic(), time.thread_time()

    def seconds(self, began: float) -> float:
        """The seconds of CPU that were used since `began`.

        began: a moment of time.monotonic() after that of the last call.
        """
        now = time.monotonic()
        if now - began < LONG_SECONDS:
            return now - began
        # It may have been held up by another thread, or by the system: that is not its fault. What
        # came between the last look and its beginning was short, and is taken to be all CPU.
        cpu = time.thread_time()
        spent = cpu - self._cpu - (began - self._wall)
        self._wall, self._cpu = now, cpu
        return min(max(spent, 0.0), now - began)
