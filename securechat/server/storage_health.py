"""Whether messages can be stored: everybody is told when nothing can be any more, and when it can
again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from securechat.core.quota import MIB
from securechat.core.rules import Rules
from securechat.core.turn import Turn
from securechat.store.errors import ConflictError, DamagedError, StoreError
from securechat.store.sql.journal import Journal

log = logging.getLogger(__name__)

FAILING = (
    "The server can't store messages: {problem}. Nothing new is sent until that is mended; what "
    "was sent before is safe."
)
SHORT = (
    "The server keeps no new messages: {problem}. What was sent before is safe; whoever runs the "
    "server can make room."
)
MENDED = "The server stores messages again."
DAMAGED = (
    "The server's database is damaged in places: what can't be stored there nobody sees, and its "
    "sender is told. All else goes on; whoever runs the server should restore a backup."
)

SPARE = 1.25
"""What is short is mended when there is so much more than the least: it must not come and go."""


class StorageHealth:
    """Hub thread only, but for fault. rules: whose sessions are told. journal: what fails."""

    def __init__(self, rules: Rules, journal: Journal) -> None:
        self._rules = rules
        self._journal = journal
        self._failing = self._told = ""
        """Why nothing can be stored, and what of that everybody may know; '' when it can."""
        self._damaged = False

    @property
    def fault(self) -> str:
        """Why no message can be stored; '' when it can. Any thread."""
        return self._failing or self._rules.model.no_space

    def raised(self, turn: Turn, spans: int, error: StoreError) -> None:
        """So many spans of a turn could not be stored, and are taken back."""
        news = self._news(error)
        if news is None:  # not even logged, as the log may be on the disk that is full
            return
        log.error("%d commands are not stored, and taken back: %s", spans, error)
        if news:
            self._tell(turn, news)

    def _news(self, error: StoreError) -> str | None:
        """What all must hear; '' for the fault of a row alone, None for what they know already."""
        if isinstance(error, ConflictError):
            return ""
        if isinstance(error, DamagedError):
            known, self._damaged = self._damaged, True
            return None if known else DAMAGED
        # Told again only after it was mended, though the reason may change.
        before, self._failing, self._told = self._failing, str(error), error.told
        return None if before else FAILING.format(problem=error.told)

    def look(self, turn: Turn) -> None:
        """Whether what failed is mended: when something could be stored, and with every tick.

        A single row may still find its place on a disk that is full, so that is tried with more.
        """
        if not self._failing:
            return
        try:
            # As much as several messages need: a single small row might still find its place.
            self._journal.try_out()
        except StoreError:
            return
        self._failing = ""
        log.warning("messages are stored again")
        self._tell(turn, MENDED)

    def look_at_space(self, turn: Turn, shortage: str) -> None:
        """shortage: why nothing more is to be stored; '' while there is room."""
        model = self._rules.model
        # The rules refuse by it what would be stored, and go on with all else.
        before, model.no_space = model.no_space, SHORT.format(problem=shortage) if shortage else ""
        if shortage and not before:
            log.error("nothing new is stored: %s", shortage)
            self._tell(turn, model.no_space)
        elif before and not shortage:
            log.warning("there is room again, and messages are stored")
            self._tell(turn, MENDED)

    def greet(self, turn: Turn) -> None:
        """Who arrives while nothing can be stored is told at once, and not when a message fails."""
        if self._failing:
            self._rules.announce(turn, turn.arrived, FAILING.format(problem=self._told))
        elif self._rules.model.no_space:
            self._rules.announce(turn, turn.arrived, self._rules.model.no_space)

    def _tell(self, turn: Turn, text: str) -> None:
        """To all but those who have just arrived."""
        # Those are greeted with it, and would hear it twice.
        before = [s for s in self._rules.model.here() if s not in turn.arrived]
        self._rules.announce(turn, before, text)


class Space:
    """Whether there is room for more, on the disk and in what the database may take. Hub thread.

    databases: the paths of those that are files: the log's, and the index's for searching.
    free_bytes: the least that is to be left free on their disk. most_bytes: what they may take
    with their write-ahead logs, 0 for any size. unused: tells how many bytes of the log's are free
    to be used again: a file gets no smaller when something is erased. elsewhere: tells how many it
    takes where it is none of these files.
    """

    def __init__(
        self,
        *databases: Path,
        free_bytes: int,
        most_bytes: int,
        unused: Callable[[], int] = lambda: 0,
        elsewhere: Callable[[], int] = lambda: 0,
    ) -> None:
        self._database = databases[0]
        wals = [path.with_name(path.name + "-wal") for path in databases]
        self._files = [*databases, *wals]
        self._unused = unused
        self._elsewhere = elsewhere
        self._free = free_bytes
        self._most = most_bytes
        self._short = ""

    def change(self, free_bytes: int, most_bytes: int) -> None:
        """Other limits from the next look on."""
        self._free, self._most = free_bytes, most_bytes

    def shortage(self) -> str:
        """Why nothing more is to be stored; '' while there is room."""
        spare = SPARE if self._short else 1.0
        self._short = self._disk(self._free * spare) or self._size(self._most / spare)
        return self._short

    def _disk(self, wanted: float) -> str:
        with suppress(OSError):
            disk = os.statvfs(self._database.parent)
            if disk.f_bavail * disk.f_frsize < wanted:
                return f"less than {self._free // MIB} MiB of its disk are free"
        return ""

    def _size(self, most: float) -> str:
        size = sum(map(_size, self._files)) + self._elsewhere() if self._most else 0
        # Only then: the rest of the time nobody needs to know.
        if size > most and size - self._unused() > most:
            return f"its database has reached {self._most // MIB} MiB, as much as it may take"
        return ""


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
