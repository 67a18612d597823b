"""The port on this machine's loopback, and who is let in there. Main thread, but for stop()."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from securechat.client.open.page import LOOPBACK
from securechat.client.open.visits import MOST_VISITS, Entry, Visit

BACKLOG: Final = 32
LAST_SECONDS: Final = 3.0
"""For all visits to end."""


class LoopbackPort:
    """A listening socket of this machine alone, at a free port. Raises OSError.

    ending: can be read once stop() was called. is_foreign: whether a connection isn't let in.
    """

    def __init__(self, is_foreign: Callable[[socket.socket], bool]) -> None:
        self._listening = socket.create_server((LOOPBACK, 0), backlog=BACKLOG)
        self._listening.setblocking(False)
        self.number: int = self._listening.getsockname()[1]
        self.ending, self._stop = socket.socketpair()
        self._is_foreign = is_foreign
        self._visits: set[Visit] = set()
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Have serve() end. Any thread, and signals."""
        with contextlib.suppress(OSError):
            self._stop.send(b"\0")  # it is never read, so all who look at it see it

    def serve(self, entry: Entry) -> None:
        """Let browsers in until stop()."""
        number = 0
        while True:
            ready, _, _ = select.select([self._listening, self.ending], [], [])
            if self.ending in ready:
                break
            try:
                browser, _address = self._listening.accept()
            except OSError:  # it has gone, or there are no more open files
                time.sleep(0.01)
                continue
            number += 1
            self._let_in(browser, number, entry)

    def _let_in(self, browser: socket.socket, number: int, entry: Entry) -> None:
        browser.setblocking(True)
        with self._lock:
            full = len(self._visits) >= MOST_VISITS
        if full or self._is_foreign(browser):
            browser.close()
            return
        browser.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        visit = Visit(number, browser, entry, self._left)
        with self._lock:
            self._visits.add(visit)
        visit.start()

    def _left(self, visit: Visit) -> None:
        with self._lock:
            self._visits.discard(visit)

    def close(self) -> None:
        """End all visits."""
        self.stop()
        self._listening.close()
        until = time.monotonic() + LAST_SECONDS
        with self._lock:
            visits = list(self._visits)
        for visit in visits:
            visit.join(max(0.0, until - time.monotonic()))
