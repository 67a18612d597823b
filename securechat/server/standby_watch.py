"""The thread that tells why nothing goes on while PostgreSQL waits for a standby: who stores
something there, at a start or later, hears nothing until one has confirmed it. And that none is
waited for any more, which nobody would notice otherwise.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from securechat.common.threads import BackgroundThread
from securechat.store.errors import StoreError
from securechat.store.postgres.location import PostgresLocation

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5

LATE_SECONDS = 1.5
"""What goes on does so each second; after so long it is looked for the reason."""

ALONE_SECONDS = 20.0
"""So often it is asked whether a commit waits for another machine at all: what manages PostgreSQL
may take all names out of synchronous_standby_names, such as Patroni, unless it is strict.
"""

PATIENT_SECONDS = 3.0
"""A standby that is restarted, or a slow network, holds things up for less."""


class StandbyWatch(BackgroundThread):
    """database: where it is."""

    def __init__(self, database: PostgresLocation, failed: Callable[[BaseException], None]) -> None:
        super().__init__("standby watch", failed)
        self._database = database
        began = time.monotonic()
        self.gone_on_at: Callable[[], float] = lambda: began
        """When something was last known to go on (time.monotonic()), to be set once a hub runs that
        knows; nothing is asked of the database before that is long ago.
        """
        self.unconfirmed_at = float("-inf")
        """When a commit was last seen to wait for a standby while nothing went on
        (time.monotonic()). Any thread may look.
        """
        self.is_alone = False
        """Whether no other machine confirms what is stored. Any thread may look."""

    def work(self) -> None:
        """The loop."""
        # Only now, as psycopg is needed for it.
        from securechat.store.postgres.database import waits_for_standby

        is_told, looked_at = False, time.monotonic()
        while self.pause(LOOK_SECONDS):
            now = time.monotonic()
            late = now - self.gone_on_at()
            if late < LATE_SECONDS:
                is_told = False
                if now - looked_at > ALONE_SECONDS:
                    looked_at = now
                    self._look_whether_alone()
            elif not is_told:
                try:
                    waits = waits_for_standby(self._database)
                except StoreError:  # that it can't be reached others tell
                    continue
                if waits:
                    self.unconfirmed_at = time.monotonic()
                is_told = bool(waits) and late >= PATIENT_SECONDS
                if is_told:
                    log.warning(
                        "no standby of %s confirms what is stored there, and nothing goes on until "
                        "one does (synchronous_standby_names): have one connect to %s again, or, "
                        "where another server is the primary by now, end that one",
                        self._database,
                        waits,
                    )

    def _look_whether_alone(self) -> None:
        from securechat.store.postgres.database import lacks_standby

        before = self.is_alone
        try:
            self.is_alone = lacks_standby(self._database)
        except StoreError:  # that it can't be reached others tell
            return
        if self.is_alone and not before:
            log.warning(
                "%s waits for no standby any more (synchronous_standby_names): who loses its "
                "machine loses messages that are acknowledged from now on",
                self._database,
            )
        elif before and not self.is_alone:
            log.warning("%s waits for a standby again", self._database)
