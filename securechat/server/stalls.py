"""What has held all up for seconds is told when it has passed, so that who asks later why nothing
went on finds why. What goes on for longer others tell while it lasts. Hub thread only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from securechat.store.errors import HeldError, StoreError
from securechat.store.sqlite.database import BUSY_SECONDS

log = logging.getLogger(__name__)

LONG_SECONDS = 2.0
"""Shorter ones come with a busy machine, and nobody asks about them."""

HELD = "another node or program held the database"
SILENT = "the database didn't answer"
STORING = "it took so long to store something, as with a slow disk or network"
UNCONFIRMED = "no standby of the database confirmed what was stored"
BUSY = "this process didn't get on, as on a machine that is paused or has too much to do"


class Stalls:
    """clock: in seconds; monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.unconfirmed_at: Callable[[], float] = lambda: float("-inf")
        """When a commit was last seen to wait for a standby, by that clock."""
        self._began: float | None = None
        self._spent: dict[str, float] = {}

    def begin(self) -> None:
        """There may be something to do. Once more before it is done it means nothing."""
        if self._began is None:
            self._began = self.clock()

    def waited(self, seconds: float, error: StoreError | None = None) -> None:
        """So long somebody else was waited for, in vain where there is an error."""
        # Nobody is waited for longer than that: then it was the answer that took so long.
        is_held = seconds < BUSY_SECONDS + 0.5 if error is None else isinstance(error, HeldError)
        self._spend(HELD if is_held else SILENT, seconds)

    def stored(self, seconds: float) -> None:
        """So long it took to store something."""
        self._spend(STORING, seconds)

    def _spend(self, why: str, seconds: float) -> None:
        self._spent[why] = self._spent.get(why, 0.0) + seconds

    def end(self) -> None:
        """What there was to do is done, or can't be: who waited for it waits no more."""
        if self._began is not None:
            seconds = self.clock() - self._began
            if seconds >= LONG_SECONDS:
                why = self._why(self._began, seconds)
                log.warning("nothing went on for %.1f seconds: %s", seconds, why)
        self._began = None
        self._spent.clear()

    def _why(self, began: float, seconds: float) -> str:
        # Others may have been waited for because they waited for it.
        if self.unconfirmed_at() >= began:
            return UNCONFIRMED
        why = max(self._spent, key=lambda why: self._spent[why], default=BUSY)
        return why if self._spent.get(why, 0.0) >= seconds / 2 else BUSY
