"""Events on their way from the listener thread to the screen's.

The listener waits while the screen stands still (an editor is open, the terminal is stopped): the
mailbox behind it drops what is too much then, and says so.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from securechat.client.session.events.base import ClientEvent

MAX_WAITING: Final = 5000
"""Events that wait for the screen; the largest page of history has some hundred."""


class Handover:
    """wake: called when there is something to take, on the listener thread; must not wait."""

    def __init__(self, wake: Callable[[], None], limit: int = MAX_WAITING) -> None:
        self._wake = wake
        self._limit = limit
        self._waiting: deque[ClientEvent] = deque()
        self._changed = threading.Condition()
        self._lifted = False

    def put(self, events: Sequence[ClientEvent]) -> None:
        """Hand events on, once there is room. Listener thread; the first time the screen's."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._limit or self._lifted)
            if self._lifted:
                return
            self._waiting.extend(events)
        self._wake()

    def take(self) -> ClientEvent | None:
        """The next event; None when there is none. The screen's thread."""
        with self._changed:
            if not self._waiting:
                return None
            event = self._waiting.popleft()
            if len(self._waiting) < self._limit:
                self._changed.notify_all()
            return event

    def lift(self) -> None:
        """Nobody waits for the screen any more: it ends."""
        with self._changed:
            self._lifted = True
            self._changed.notify_all()
