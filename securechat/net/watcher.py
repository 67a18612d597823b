"""What an I/O thread waits for: its connections' sockets, its waker, and deadlines."""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import time
from collections.abc import Iterator

from securechat.net.connection import Connection

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Watcher:
    """waker: a socket that ends a wait when it can be read. I/O thread only, once that runs."""

    def __init__(self, waker: socket.socket) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(waker, READ)
        self._timers: list[tuple[float, int, Connection]] = []
        self._order = itertools.count()

    def wait(self, *, long: bool) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready, with the connection, or None for the waker, as its key's data.

        long: until something is, or until the next deadline; else only what is so now.
        """
        return self._selector.select(self._until_next() if long else 0.0)

    def watch(self, connection: Connection, interest: int) -> None:
        """Wait for READ, WRITE, both or nothing of a connection."""
        before = connection.interest
        if interest == before:
            return
        connection.interest = interest
        if not before:
            self._selector.register(connection.sock, interest, connection)
        elif not interest:
            self._selector.unregister(connection.sock)
        else:
            self._selector.modify(connection.sock, interest, connection)

    def set_deadline(self, connection: Connection, at: float) -> None:
        """The connection's one deadline, in seconds of the monotonic clock; an earlier one is
        forgotten.
        """
        connection.deadline = at
        heapq.heappush(self._timers, (at, next(self._order), connection))

    def due(self, now: float) -> Iterator[Connection]:
        """Whose deadline has come, each once."""
        timers = self._timers
        while timers and timers[0][0] <= now:
            deadline, _, connection = heapq.heappop(timers)
            if connection.deadline == deadline:
                yield connection

    def close(self) -> None:
        """Watch nothing any more."""
        self._selector.close()

    def _until_next(self) -> float | None:
        if not self._timers:
            return None
        return max(0.0, self._timers[0][0] - time.monotonic())
