"""What a program has asked of the server, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from securechat.client.api.values import Message
from securechat.client.exits import ClientError

T = TypeVar("T")


class Pending(Generic[T]):
    """Something that the server is to do. Any thread may call."""

    def __init__(self) -> None:
        self._future: Future[T] = Future()
        self._lock = threading.Lock()
        self._decided = False
        self.deciding: Callable[[], bool] = lambda: False
        """Whether this thread is the one that decides it, and so must not wait for it."""

    def __repr__(self) -> str:
        """How far it has come, without what was said."""
        state = "waiting"
        if self.done():
            error = self._future.exception()
            state = "done" if error is None else f"{type(error).__name__}: {error}"
        return f"<{type(self).__name__} {state}>"

    def done(self) -> bool:
        """Whether it is known how it ended."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> T:
        """Wait, at most timeout seconds, and return what has come of it. None: as long as it takes,
        over lost connections.

        Raises RefusedError when the server refused it, UnreachableError when nobody will ever know,
        and TimeoutError.
        """
        if not self.done() and self.deciding():
            raise RuntimeError("a callback can't wait for a result, which comes behind it")
        return self._future.result(timeout)

    def when_done(self, callback: Callable[[Pending[T]], object]) -> None:
        """Call callback once it is known how it ended: on the client's own thread, which holds no
        lock meanwhile, or at once, when it is known already. It may send; it must not wait long.
        """
        self._future.add_done_callback(lambda _future: callback(self))

    # -- for who decides it

    def decide(self, outcome: T | ClientError) -> None:
        """It ended so; what comes later counts no more. Any thread, without a lock of ours."""
        with self._lock:
            if self._decided:
                return
            self._decided = True
        if isinstance(outcome, ClientError):
            self._future.set_exception(outcome)
        else:
            self._future.set_result(outcome)


class Delivery(Pending[Message]):
    """A message of ours on its way; result() is the message as it is on the server's disk, the
    first of them where a long text became several.
    """

    @property
    def messages(self) -> tuple[Message, ...]:
        """All that it became, once it is done; () where it failed."""
        return self._messages if self.done() else ()

    _messages: tuple[Message, ...] = ()

    def stored(self, messages: tuple[Message, ...]) -> None:
        """All of it is stored. Listener thread."""
        self._messages = messages
        self.decide(messages[0])
