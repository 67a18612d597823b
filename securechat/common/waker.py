"""Wakes a thread that waits in select().

A byte in a socket pair makes select() return. It is written only while the thread sleeps, or may
be about to: the sleeper says so first and then looks at its queue once more; a producer queues
first and then looks whether the sleeper sleeps. So one of the two always sees the other, and a
busy thread costs its producers no system call.

A new waker sleeps. A thread that waits by wait(), or calls reset() after each select(), needs to
say nothing more: every wake() ends the wait that is on, or the next one.
"""

from __future__ import annotations

import contextlib
import selectors
import socket


class Waker:
    """wake() is anybody's, everything else is the sleeper's.

    receiver: can be read after wake(); for the sleeper's selector.
    """

    def __init__(self) -> None:
        self.receiver, self._sender = socket.socketpair()
        self.receiver.setblocking(False)
        self._sender.setblocking(False)
        self._sleeping = True

    def sleep(self) -> None:
        """About to look at the queue for the last time before select()."""
        self._sleeping = True

    def woken(self) -> None:
        """select() has returned; until sleep(), wake() does nothing."""
        self._sleeping = False

    def drain(self) -> None:
        """Take the bytes out, when select() names the receiver."""
        with contextlib.suppress(BlockingIOError):
            self.receiver.recv(4096)

    def reset(self) -> None:
        """Forget all calls of wake() so far, before a look at the queue; the next one counts."""
        self.drain()
        # Last: a byte that came in between would be taken out, and no other would follow it.
        self.sleep()

    def wait(self, timeout: float | None) -> None:
        """Sleep until wake(), at most timeout seconds, None for ever; then as after reset()."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.receiver, selectors.EVENT_READ)
            selector.select(timeout)
        self.reset()

    def wake(self) -> None:
        """Have select() return, if the thread is in it. Any thread may call."""
        if self._sleeping:
            self._sleeping = False
            with contextlib.suppress(OSError):  # full, which wakes as well; or closed
                self._sender.send(b"\0")

    def close(self) -> None:
        """Release both ends; wake() does no harm afterwards."""
        self.receiver.close()
        self._sender.close()
