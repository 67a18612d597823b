"""What each thing that a thread does takes of its CPU time; to ask costs next to nothing."""

from __future__ import annotations

import time

LONG_SECONDS = 0.0002
"""By the wall clock. What took less is counted by that clock: to ask for the CPU time is a system
call of half a microsecond, ten times as much as to ask the clock, and as much as a twentieth of a
line.
"""


class CpuMeter:
    """Belongs to one thread, which says when it begins."""

    __slots__ = ("_cpu", "_wall")

    def __init__(self) -> None:
        self._wall = self._cpu = 0.0

    def begin(self) -> None:
        """What is measured comes now, after a pause. Without it a pause hides some of the next."""
        self._wall, self._cpu = time.monotonic(), time.thread_time()

    def seconds(self, began: float) -> float:
        """Of CPU, that were used since a moment of time.monotonic(), one after the last call's."""
        now = time.monotonic()
        if now - began < LONG_SECONDS:
            return now - began
        # It may have been held up by another thread, or by the system: that is not its fault. What
        # came between the last look and its beginning was short, and is taken to be all CPU.
        cpu = time.thread_time()
        spent = cpu - self._cpu - (began - self._wall)
        self._wall, self._cpu = now, cpu
        return min(max(spent, 0.0), now - began)
