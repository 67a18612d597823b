"""Wakes a thread that waits in select().

A byte in a socket pair makes select() return. It is written only while the thread sleeps: the
sleeper says so first and then looks at its queue once more; a producer queues first and then looks
whether the sleeper sleeps. So one of the two always sees the other, and a busy thread costs its
producers no system call.
"""

from __future__ import annotations

import contextlib
import socket


class Waker:
    """sleep() and woken() are the sleeper's, wake() is anybody's."""

    def __init__(self) -> None:
        self.receiver, self._sender = socket.socketpair()
        self.receiver.setblocking(False)
        self._sender.setblocking(False)
        self._sleeping = False

    def sleep(self) -> None:
        """About to look at the queue for the last time before select()."""
        self._sleeping = True

    def woken(self) -> None:
        """select() has returned."""
        self._sleeping = False

    def drain(self) -> None:
        """Take the bytes out, when select() names the receiver."""
        with contextlib.suppress(BlockingIOError):
            self.receiver.recv(4096)

    def wake(self) -> None:
        """Have select() return, if the thread is in it."""
        if self._sleeping:
            self._sleeping = False
            with contextlib.suppress(BlockingIOError, OSError):
                self._sender.send(b"\0")  # a full buffer wakes as well

    def close(self) -> None:
        self.receiver.close()
        self._sender.close()
