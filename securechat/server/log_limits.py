"""How much of a kind of event the log takes: whatever others make happen again and again, be it
logged in or not, must not fill the disk.

It is asked of every line, so none can be forgotten. A kind is what is written in the code: the text
of the call, before anybody's names are put into it.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple


class LogAllowance(NamedTuple):
    """lines: of one kind at once. seconds: until there is room for one more."""

    lines: float
    seconds: float


LINES = LogAllowance(200, 2.0)
"""A morning's logins of a large team; 43,000 lines a day, some 6 MB."""

TRACEBACKS = LogAllowance(20, 60.0)
"""A bug that can be brought up at will; its first tracebacks tell all there is to know."""

MOST_KINDS = 256
"""There are some fifty. If a library makes up its texts, all that are too many are one kind."""

REPORT_SECONDS = 60.0
"""Between two reports of what was left out."""

OTHER = "other entries"

_VALUE = re.compile(r"%[-#0 +]*[0-9.]*[a-z]")


class LogKind:
    """One kind of event, and how much there is room for."""

    __slots__ = ("at", "left", "left_out", "level")

    def __init__(self, allowance: LogAllowance, now: float) -> None:
        self.left, self.at = float(allowance.lines), now
        self.left_out = 0
        self.level = logging.INFO

    def take(self, allowance: LogAllowance, now: float) -> bool:
        """Whether there is room for one more."""
        earned = max(0.0, now - self.at) / allowance.seconds
        self.left, self.at = min(self.left + earned, float(allowance.lines)), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class LogLimits:
    """clock: monotonic seconds. One thread at a time: a handler's lock keeps the others out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kinds: dict[str, LogKind] = {}
        self._report_at = float("inf")

    def passed(self, record: logging.LogRecord) -> Iterator[logging.LogRecord]:
        """The entry, if there is room for it; before it, now and then, what was left out."""
        now = self._clock()
        # With the next entry and not by a timer: a log that is silent has nothing to report.
        if now >= self._report_at:
            yield from self.left_out()
        allowance = TRACEBACKS if record.exc_info else LINES
        kind = self._kind(str(record.msg), allowance, now)
        if kind.take(allowance, now):
            yield record
            return
        kind.left_out += 1
        kind.level = record.levelno
        if self._report_at == float("inf"):
            self._report_at = now + REPORT_SECONDS

    def _kind(self, text: str, allowance: LogAllowance, now: float) -> LogKind:
        kind = self._kinds.get(text)
        if kind is None:
            if len(self._kinds) >= MOST_KINDS:
                text = OTHER
            kind = self._kinds.setdefault(text, LogKind(allowance, now))
        return kind

    def left_out(self) -> Iterator[logging.LogRecord]:
        """How many entries of each kind there was no room for, since this was asked last."""
        self._report_at = float("inf")
        for text, kind in self._kinds.items():
            if kind.left_out:
                count, kind.left_out = kind.left_out, 0
                yield _entry(kind.level, "%d more like these were not listed: %s", count, text)


def _entry(level: int, message: str, count: int, text: str) -> logging.LogRecord:
    args = (count, _VALUE.sub("…", text))
    return logging.LogRecord(__name__, level, __file__, 0, message, args, None)
