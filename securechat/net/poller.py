"""Waits for an I/O thread's sockets, its waker, and deadlines."""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import time
from collections.abc import Iterator

from securechat.net.connection import Connection

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
TIME = 4
"""A deadline has come: an event beside the selectors' two."""

# Forgotten deadlines that may lie about before it is worth while to throw them away.
SPARE_TIMERS = 256


class Poller:
    """Waits for sockets and deadlines. I/O thread only, once that runs.

    waker: a socket that ends a wait when it can be read.
    """

    def __init__(self, waker: socket.socket) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(waker, READ)
        self._timers: list[tuple[float, int, Connection]] = []
        self._order = itertools.count()  # so that connections, which have no order, aren't compared
        self._forgotten = 0
        """How many of the timers are not their connection's deadline any more."""

    def wait(self, most: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait, and return what is ready: keys whose data is the connection, or None for the waker.

        most: seconds to wait for something, None without end; the next deadline ends it as well.
        """
        if most != 0.0 and self._timers:
            until_next = max(0.0, self._timers[0][0] - time.monotonic())
            most = until_next if most is None else min(most, until_next)
        return self._selector.select(most)

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
        self.forget_deadline(connection)
        connection.deadline = at
        heapq.heappush(self._timers, (at, next(self._order), connection))

    def forget_deadline(self, connection: Connection) -> None:
        """The connection has none any more."""
        if not connection.deadline:
            return
        connection.deadline = 0.0
        # It stays in the heap, as to find it there costs a look at each; due() passes it over.
        self._forgotten += 1
        if self._forgotten > max(SPARE_TIMERS, len(self._timers) // 2):
            self._timers = [timer for timer in self._timers if timer[0] == timer[2].deadline]
            heapq.heapify(self._timers)
            self._forgotten = 0

    def due(self, now: float) -> Iterator[Connection]:
        """The connections whose deadline has come, each once."""
        while self._timers and self._timers[0][0] <= now:
            deadline, _, connection = heapq.heappop(self._timers)
            if connection.deadline == deadline:
                connection.deadline = 0.0
                yield connection
            else:
                self._forgotten -= 1

    def close(self) -> None:
        """Watch nothing any more."""
        self._selector.close()
