"""Events that wait for who iterates over the messages."""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic

from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Overrun
from securechat.client.session.events.messages import Removed, Said

# Messages, and removals, that wait. When there are more they are left out, and fetched from the
# server's history once the others are dealt with; some hundred bytes each.
MAX_WAITING = 5000


class Inbox:
    """Any thread puts, one thread gets."""

    def __init__(self, limit: int = MAX_WAITING) -> None:
        self._limit = limit
        self._waiting: deque[ClientEvent] = deque()
        self._overrun = False
        self._changed = threading.Condition()

    def put(self, event: ClientEvent) -> None:
        """Never waits."""
        with self._changed:
            # What is removed is in no history that is fetched later.
            if isinstance(event, Said | Removed):
                if not self._overrun and len(self._waiting) >= self._limit:
                    self._overrun = True
                    self._waiting.append(Overrun(1))
                if self._overrun:
                    return
            self._waiting.append(event)
            self._changed.notify_all()

    def empty(self) -> bool:
        """Whether get() would wait."""
        with self._changed:
            return not self._waiting

    def get(self, timeout: float | None) -> ClientEvent | None:
        """The next one; None when none has come in timeout seconds."""
        until = None if timeout is None else monotonic() + timeout
        with self._changed:
            while not self._waiting:
                left = None if until is None else until - monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            event = self._waiting.popleft()
            if isinstance(event, Overrun):
                self._overrun = False
            return event
