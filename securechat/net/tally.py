"""Log lines of which a flood would make thousands."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

SECONDS = 10.0
LINES = 20
"""As many in so many seconds: enough to see who it is, too few to fill a disk."""


class Tally:
    """Passes on the first lines of a while, and then only their number. One thread only."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._began = float("-inf")
        self._lines = 0

    def tell(self, level: int, text: str, *args: object) -> None:
        """Log a line, if there is room for it."""
        now = self._clock()
        if now - self._began >= SECONDS:
            left_out = self._lines - LINES
            if left_out > 0:
                self._log.log(level, "%d more like these were not listed", left_out)
            self._began, self._lines = now, 0
        self._lines += 1
        if self._lines <= LINES:
            self._log.log(level, text, *args)
