"""The thread that erases what is older than it may be, while the hub goes on.

It writes by a connection of its own, in short batches, and the hub learns of each as of what an
administrator erases: by the table of changes.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from securechat.common.threads import NamedThread
from securechat.store.errors import StoreError
from securechat.store.sqlite.database import open_database
from securechat.store.sqlite.retention import expire

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 600.0
"""Between two runs. One that finds nothing costs some reads for each channel and conversation."""

FIRST_SECONDS = 5.0
"""After the start, when all clients come at once."""


class _StoppedError(Exception):
    """The server ends; what is left waits for its next start."""


class Retention(NamedThread):
    """database: its path. keep_days: for what has no age of its own; 0 for ever. failed: takes what
    the thread dies of. clock: the milliseconds since 1970 (UTC).
    """

    def __init__(
        self,
        database: Path,
        keep_days: int,
        failed: Callable[[BaseException], None],
        clock: Callable[[], float] = lambda: time.time() * 1000,
    ) -> None:
        super().__init__("retention")
        self._database = database
        self._keep_days = keep_days
        self._failed = failed
        self._wall_clock = clock
        self._stopping = threading.Event()
        self._working = True

    def stop(self) -> None:
        """End the thread, between two batches. Any thread may call."""
        self._stopping.set()

    def run(self) -> None:
        """The loop."""
        try:
            connection = open_database(self._database)
            try:
                self._pause(FIRST_SECONDS)
                while True:
                    self._run_once(connection)
                    self._pause(INTERVAL_SECONDS)
            finally:
                connection.close()
        except _StoppedError:
            pass
        except BaseException as error:
            self._failed(error)

    def _run_once(self, connection: sqlite3.Connection) -> None:
        try:
            count = expire(connection, self._keep_days, int(self._wall_clock()), self._pause)
        except StoreError as error:  # as where another program holds the database
            if self._working:
                log.error("what is too old is not erased: %s", error)  # noqa: TRY400
            self._working = False
            return
        self._working = True
        if count:
            log.info("%d entries of the history were too old and are erased", count)

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _StoppedError
