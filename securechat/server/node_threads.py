"""The threads of a node beside its hub: one hears when other nodes have done something, and one
ends the node when nobody can have heard of it for long.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing

from securechat.common.threads import BackgroundThread
from securechat.server.commit import MustEndError
from securechat.store.errors import StoreError
from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.node_connection import TurnListener

log = logging.getLogger(__name__)

FENCE_SECONDS = 8.0
"""The others take a node for dead after ten seconds, and nobody is to be served what is older."""

LOOK_SECONDS = 0.5

RETRY_SECONDS = 1.0


class TurnWaker(BackgroundThread):
    """database: where the nodes' is. wake: tells the hub that there is something to take up."""

    def __init__(
        self,
        database: PostgresLocation,
        wake: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__("turn waker", failed)
        self._database = database
        self._wake = wake

    def work(self) -> None:
        """The loop. Without it the hub looks by itself, some times a second."""
        rest = 0.0
        while self.pause(rest):
            try:
                with closing(TurnListener(self._database)) as listener:
                    if self.in_order():
                        log.warning("other nodes are heard of at once again")
                    self._listen(listener)
            except StoreError as error:
                if self.trouble():
                    log.warning("other nodes are heard of later than usual: %s", error)
                rest = RETRY_SECONDS

    def _listen(self, listener: TurnListener) -> None:
        while self.pause(0.0):
            if listener.wait(LOOK_SECONDS):
                self._wake()


class Fence(BackgroundThread):
    """heard_at: when the node has last told the others that it is there (time.monotonic()). cut:
    ends all its connections, without the hub, which may stand still.
    """

    def __init__(
        self,
        heard_at: Callable[[], float],
        cut: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__("fence", failed)
        self._heard_at = heard_at
        self._cut = cut

    def work(self) -> None:
        """The loop."""
        while self.pause(LOOK_SECONDS):
            silent = time.monotonic() - self._heard_at()
            if silent > FENCE_SECONDS:
                self._cut()
                raise MustEndError(
                    f"the other nodes have not heard of this one for {silent:.0f} seconds, as it "
                    "does not reach the database or no standby of that confirms what it stores; it "
                    "may begin again"
                )
