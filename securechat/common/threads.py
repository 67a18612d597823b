"""Threads: one with a name that owns something, and what wakes one that waits in select()."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

CAN_TELL_CPU = hasattr(time, "pthread_getcpuclockid")
"""Whether this system tells how much CPU a single thread has used: Linux does, macOS doesn't."""


class NamedThread(ABC):
    """Subclasses write run(), which is the thread's life. Any thread may call the other methods."""

    def __init__(self, name: str) -> None:
        # Held and not inherited, so that no attribute of a subclass hides one of Thread's own.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._clock: int | None = None

    @abstractmethod
    def run(self) -> None:
        """The thread's life."""

    def _run(self) -> None:
        if CAN_TELL_CPU:
            # By the thread itself, as to ask for that of one that has ended may crash.
            self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self.run()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until it has ended, at most so long."""
        if self._thread.ident is not None:  # join() raises for one that has never begun
            self._thread.join(seconds)

    @property
    def alive(self) -> bool:
        """Whether it has begun and not ended."""
        return self._thread.is_alive()

    def cpu_seconds(self) -> float:
        """CPU time that it has used; 0.0 when it doesn't run, or the system can't tell."""
        try:
            return 0.0 if self._clock is None else time.clock_gettime(self._clock)
        except OSError:  # it has ended
            return 0.0


class BackgroundThread(NamedThread):
    """Works beside the others, with pauses, until it is stopped. Subclasses write work().

    failed: called in this thread with the bug that it dies of: nobody would see that it is missing.
    """

    def __init__(self, name: str, failed: Callable[[BaseException], None]) -> None:
        super().__init__(name)
        self._failed = failed
        self._stopping = threading.Event()
        self._in_order = True
        """Whether its work was done the last time it was tried."""

    def stop(self) -> None:
        """End the thread, at its next pause. Any thread may call."""
        self._stopping.set()

    def run(self) -> None:
        """The thread's life."""
        try:
            self.work()
        except BaseException as error:
            self._failed(error)

    @abstractmethod
    def work(self) -> None:
        """The loop, up to the pause that says so. This thread only."""

    def pause(self, seconds: float) -> bool:
        """Rest; False when the thread is to end. This thread only."""
        return not self._stopping.wait(seconds)

    def trouble(self) -> bool:
        """The work could not be done; whether that is to be told: once, until it works again."""
        first, self._in_order = self._in_order, False
        return first

    def in_order(self) -> bool:
        """The work could be done; whether that is to be told, as there was trouble before."""
        before, self._in_order = self._in_order, True
        return not before


class Waker:
    """Wakes a thread that waits in select(), by a byte in a socket pair.

    Any thread may call wake(); only the one that waits may call the other methods. receiver: can be
    read after wake(); for the selector of the thread that waits.

    A thread that calls sleep() before select() and woken() behind it costs its producers no system
    call while it is busy. A thread that waits by wait(), or calls reset() after each select(),
    needs neither: every wake() ends the wait that is on, or the next one.
    """

    def __init__(self) -> None:
        self.receiver, self._sender = socket.socketpair()
        self.receiver.setblocking(False)
        self._sender.setblocking(False)
        # From the beginning, so that a wake() before the first wait() ends that wait.
        self._sleeping = True

    def sleep(self) -> None:
        """About to look at the queue for the last time before select()."""
        # The sleeper sets this first and then looks at its queue; a producer queues first and then
        # reads it in wake(). So one of the two always sees what the other has done.
        self._sleeping = True

    def woken(self) -> None:
        """select() has returned; until sleep(), wake() does nothing."""
        self._sleeping = False

    def drain(self) -> None:
        """Take the bytes out, when select() names the receiver."""
        # More than 4096 can't do harm: what is left makes the next select() return at once.
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
            # Two producers may have read it at once and write a byte each, which does no harm: the
            # second wakes the sleeper once for nothing.
            self._sleeping = False
            with contextlib.suppress(OSError):  # full, which wakes as well; or closed
                self._sender.send(b"\0")

    def close(self) -> None:
        """Release both ends; wake() does no harm afterwards."""
        self.receiver.close()
        self._sender.close()
