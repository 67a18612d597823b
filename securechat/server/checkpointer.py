"""The thread that folds the write-ahead log into the database, so that no message waits for it.

SQLite would do that within a commit, every thousand pages, and the whole server would stand still
while thousands of pages are written and synced.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from securechat.common.threads import NamedThread
from securechat.store.errors import StoreError
from securechat.store.sqlite.database import checkpoint, cut, open_database

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
"""Between two looks; what is written in this time at full load is some tens of megabytes."""


class Checkpointer(NamedThread):
    """database: its path. commits: how many there have been; without a new one nothing is done.
    erasures: how many of them have taken texts away, which must not stay in the write-ahead log.
    failed: takes what the thread dies of.
    """

    def __init__(
        self,
        database: Path,
        commits: Callable[[], int],
        erasures: Callable[[], int],
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__("checkpointer")
        self._database = database
        self._commits = commits
        self._erasures = erasures
        self._failed = failed
        self._stopping = threading.Event()
        self._working = True

    def stop(self) -> None:
        """End the thread. Any thread may call."""
        self._stopping.set()

    def run(self) -> None:
        """The loop."""
        try:
            connection = open_database(self._database)
            try:
                done, erased = -1, 0
                while not self._stopping.wait(INTERVAL_SECONDS):
                    commits, erasures = self._commits(), self._erasures()
                    if erasures != erased and self._try(cut, connection):
                        done, erased = commits, erasures
                    elif commits != done and self._try(_fold, connection):
                        done = commits
            finally:
                connection.close()
        except BaseException as error:
            self._failed(error)

    def _try(
        self, action: Callable[[sqlite3.Connection], bool], connection: sqlite3.Connection
    ) -> bool:
        """Whether it could be done; if not, the log grows, and it is tried again."""
        try:
            done = action(connection)
        except StoreError as error:
            if self._working:
                log.error("the write-ahead log can't be folded in: %s", error)  # noqa: TRY400
            self._working = False
            return False
        self._working = True
        return done


def _fold(connection: sqlite3.Connection) -> bool:
    checkpoint(connection)
    return True
