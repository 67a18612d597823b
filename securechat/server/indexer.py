"""The thread that keeps the index for searching up with the log, and takes out what was erased.

It reads the hub's database and writes into one of its own, so that the hub waits for none of its
locks; and of the machine it takes a small share, a far smaller one while much is said.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from securechat.common.threads import BackgroundThread
from securechat.store.database import Location
from securechat.store.errors import StoreError
from securechat.store.search.index import SearchIndex

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""Between two looks at what is new, when all is done: so long a search goes through it itself."""

CALM_ENTRIES_PER_SECOND = 300
"""With more the server is busy: putting so many into the index would be a hundredth of a core."""

CALM_SHARE, BUSY_SHARE = 0.25, 0.01
"""Of one core. Ten million messages take a quarter of an hour at the first."""

RETRY_SECONDS = 30.0
"""After an error, such as a full disk's."""


class Indexer(BackgroundThread):
    """index: its path. database: where the log is. free_bytes: what is left free on the disk: twice
    as much, so that the index never takes the place of what is said; any thread may set it. failed:
    takes what the thread dies of.
    """

    def __init__(
        self,
        index: Path,
        database: Location,
        free_bytes: int,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__("indexer", failed)
        self._index = index
        self._database = database
        self.free_bytes = free_bytes

    def work(self) -> None:
        """The loop; it ends after the step that it is at."""
        rest = 0.0
        while self.pause(rest):
            try:
                with closing(SearchIndex(self._index, self._database)) as index:
                    self._keep_up(index)
                rest = 0.0
            except StoreError as error:
                if self.trouble():
                    log.error("the index for searching can't be kept up: %s", error)  # noqa: TRY400
                rest = RETRY_SECONDS

    def _keep_up(self, index: SearchIndex) -> None:
        """Until the end, or until the index is taken away. Raises StoreError."""
        pace = Pace(index.last_seq(), time.monotonic())
        rest = 0.0
        while self.pause(rest):
            if index.is_lost:
                log.warning("the index for searching has been removed; it is made anew")
                return
            if self._is_short():
                rest = RETRY_SECONDS
                continue
            start = time.monotonic()
            worked = index.step() > 0
            if self.in_order():
                log.warning("the index for searching is kept up again")
            now = time.monotonic()
            rest = pace.rest(index.last_seq(), now, now - start) if worked else LOOK_SECONDS

    def _is_short(self) -> bool:
        disk = os.statvfs(self._index.parent)
        return disk.f_bavail * disk.f_frsize < 2 * self.free_bytes


class Pace:
    """How long to rest after a piece of work. last_seq: of the log. now: seconds, monotonic."""

    def __init__(self, last_seq: int, now: float) -> None:
        self._looked = (last_seq, now)
        self._busy = False

    def rest(self, last_seq: int, now: float, worked: float) -> float:
        """Seconds, after so many of work."""
        seq, at = self._looked
        if now - at >= LOOK_SECONDS:
            self._busy = last_seq - seq > CALM_ENTRIES_PER_SECOND * (now - at)
            self._looked = (last_seq, now)
        share = BUSY_SHARE if self._busy else CALM_SHARE
        return worked * (1 / share - 1)
