"""The thread that erases what is older than it may be, while the hub goes on.

It writes by a connection of its own, in short batches, and the hub learns of each as of what an
administrator erases: by the table of changes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing, suppress

from securechat.common.threads import BackgroundThread
from securechat.store.database import Location, open_database
from securechat.store.errors import StoreError
from securechat.store.sql.retention import expire

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 600.0
"""Between two runs. One that finds nothing costs some reads for each channel and conversation."""

FIRST_SECONDS = 5.0
"""After the start, when all clients come at once."""


class _StoppedError(Exception):
    """The server ends; what is left waits for its next start."""


class Retention(BackgroundThread):
    """database: where it is. keep_days: for what has no age of its own; 0 for ever; any thread may
    set it, for the next run. failed: takes what the thread dies of. clock: the milliseconds since
    1970 (UTC). is_due: whether it is this server's work, where there are several; any thread.
    """

    def __init__(
        self,
        database: Location,
        keep_days: int,
        failed: Callable[[BaseException], None],
        clock: Callable[[], float] = lambda: time.time() * 1000,
        is_due: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__("retention", failed)
        self._database = database
        self.keep_days = keep_days
        self._wall_clock = clock
        self._is_due = is_due

    def work(self) -> None:
        """The loop; it ends between two batches."""
        with suppress(_StoppedError):
            self._pause(FIRST_SECONDS)
            while True:
                if self._is_due():
                    self._run_once()
                self._pause(INTERVAL_SECONDS)

    def _run_once(self) -> None:
        try:
            with closing(open_database(self._database)) as connection:
                now_ms = int(self._wall_clock())
                count = expire(connection, self.keep_days, now_ms, self._pause)
        except StoreError as error:  # as where another program holds the database
            if self.trouble():
                log.error("what is too old is not erased: %s", error)  # noqa: TRY400
            return
        self.in_order()
        if count:
            log.info("%d entries of the history were too old and are erased", count)

    def _pause(self, seconds: float) -> None:
        if not self.pause(seconds):
            raise _StoppedError
