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
from securechat.store.sqlite.database import checkpoint, open_database

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
"""Between two looks; what is written in this time at full load is some tens of megabytes."""


class Checkpointer(NamedThread):
    """database: its path. commits: how many there have been; without a new one nothing is done.
    failed: takes what the thread dies of.
    """

    def __init__(
        self,
        database: Path,
        commits: Callable[[], int],
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__("checkpointer")
        self._database = database
        self._commits = commits
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
                done = -1
                while not self._stopping.wait(INTERVAL_SECONDS):
                    commits = self._commits()
                    if commits != done and self._fold(connection):
                        done = commits
            finally:
                connection.close()
        except BaseException as error:
            self._failed(error)

    def _fold(self, connection: sqlite3.Connection) -> bool:
        """Whether it could be done; if not, the log grows, and it is tried again."""
        try:
            checkpoint(connection)
        except StoreError as error:
            if self._working:
                log.error("the write-ahead log can't be folded in: %s", error)  # noqa: TRY400
            self._working = False
            return False
        self._working = True
        return True
