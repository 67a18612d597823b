"""Watches the I/O threads, and frees one that a peer holds fast.

OpenSSL reads TLS's own messages, such as KeyUpdate (RFC 8446, section 4.6.3), as long as there are
any, before it gives the thread back: a peer that sends them without end keeps the thread to itself.
Python can't tell OpenSSL to stop after some, so another thread looks, and hangs up on the peer.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

from securechat.common.threads import BackgroundThread
from securechat.net.connection import Connection
from securechat.net.loop import IoThread

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.02

# Seconds of CPU for what is done at one connection at a time. The most that is ever needed, reading
# and writing all that the limits allow, takes some milliseconds.
MOST_SECONDS = 0.03


class Guard(BackgroundThread):
    """The guard's thread.

    io: the threads to watch. caught: called in this thread, with each connection that has held one
    of them. failed: called in this thread, with the bug that it dies of.
    """

    def __init__(
        self,
        io: Sequence[IoThread],
        caught: Callable[[Connection], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__("guard", failed)
        self._watched = [_Watched(thread) for thread in io]
        self._caught = caught

    def work(self) -> None:
        """The loop."""
        while self.pause(LOOK_SECONDS):
            for watched in self._watched:
                connection = watched.holder()
                if connection is not None:
                    self._hang_up(connection)

    def _hang_up(self, connection: Connection) -> None:
        """Have the kernel end the connection, which the thread that reads it sees at once."""
        self._caught(connection)
        log.warning(
            "hung up on %s port %d, whose TLS kept a thread busy",
            connection.address,
            connection.port,
        )
        with suppress(OSError):  # it has gone by itself
            # The plain socket's method: that of SSLSocket takes the TLS object away, which the I/O
            # thread is in the middle of using.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


class _Watched:
    """An I/O thread and what it was seen doing."""

    def __init__(self, thread: IoThread) -> None:
        self._thread = thread
        self._task: tuple[Connection] | None = None
        self._since = 0.0

    def holder(self) -> Connection | None:
        """The connection that the thread has been at for too long by now; each once."""
        # CPU and not time: a thread that others keep from running is held by nobody.
        task, cpu = self._thread.task, self._thread.cpu_seconds()
        if task is not self._task:
            self._task, self._since = task, cpu
        elif task is not None and cpu - self._since > MOST_SECONDS:
            self._since = float("inf")  # so that it is told of only once
            return task[0]
        return None
