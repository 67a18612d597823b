"""The thread that folds the write-ahead log into the database, so that no message waits for it.

SQLite would do that within a commit, every thousand pages, and the whole server would stand still
while thousands of pages are written and synced.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing

from securechat.common.threads import BackgroundThread
from securechat.store.database import Connection, Location, open_database
from securechat.store.errors import StoreError

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
"""Between two looks; what is written in this time at full load is some tens of megabytes."""


class Checkpointer(BackgroundThread):
    """database: where it is. commits: how many there have been; without a new one nothing is done.
    erasures: how many of them have taken texts away, which must not stay in the write-ahead log.
    failed: takes what the thread dies of.
    """

    def __init__(
        self,
        database: Location,
        commits: Callable[[], int],
        erasures: Callable[[], int],
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__("checkpointer", failed)
        self._database = database
        self._commits = commits
        self._erasures = erasures

    def work(self) -> None:
        """The loop."""
        rest = 0.0
        while self.pause(rest):
            try:
                with closing(open_database(self._database)) as connection:
                    self._keep_short(connection)
            except StoreError as error:  # it is reached over a network, and not just now
                self._tell(error)
                rest = INTERVAL_SECONDS

    def _keep_short(self, connection: Connection) -> None:
        """Until the end."""
        # -1, so that what an earlier run has left is folded in at the start.
        done, erased = -1, 0
        while self.pause(INTERVAL_SECONDS):
            # Before it is done: what is committed meanwhile is for the next look.
            commits, erasures = self._commits(), self._erasures()
            if erasures != erased and self._try(connection.cut_log):
                done, erased = commits, erasures
            elif commits != done and self._try(connection.fold_log):
                done = commits

    def _try(self, action: Callable[[], bool]) -> bool:
        """Whether it could be done; if not, the log grows, and it is tried again."""
        try:
            done = action()
        except StoreError as error:
            self._tell(error)
            return False
        self.in_order()
        return done

    def _tell(self, error: StoreError) -> None:
        if self.trouble():
            log.error("the write-ahead log can't be folded in: %s", error)
