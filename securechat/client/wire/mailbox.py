"""Events on their way from the receiving thread to who shows them.

Who puts them never waits: what takes them may be a terminal that stands still, and the connection
lives on meanwhile. Nothing is called under a lock, so a sink may send, or attach another one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from securechat.client.session.events.answers import CommandDone, CommandRefused
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Lost, Overrun, Ready, Stopped
from securechat.client.session.events.deliveries import Queued, Rejected, Stored, Unconfirmed
from securechat.client.session.events.history import (
    HistoryPage,
    MentionsTold,
    RangeTold,
    SearchPage,
    SearchRefused,
)

# Events kept until somebody takes them: more than the largest replay.
MAX_KEPT = 12_000

# Events handed on at once, so that who shows them can look at the keyboard in between.
MAX_BATCH = 500

_NEVER_DROPPED = (
    *(
        CommandDone,
        CommandRefused,
        HistoryPage,
        Lost,
        MentionsTold,
        Queued,
        RangeTold,
        Ready,
        Rejected,
        SearchPage,
        SearchRefused,
        Stopped,
        Stored,
    ),
    Unconfirmed,
)
"""Answers to what we have done ourselves: so many can't be made by others."""

Sink = Callable[[Sequence[ClientEvent]], None]
"""Takes events, on the listener thread."""


class Mailbox:
    """Keeps events in their order, and hands them on by a thread of its own. Any thread may call,
    except where a docstring says otherwise. failed: called with what a sink has raised, which is a
    bug; nothing is handed on any more then.
    """

    def __init__(
        self, failed: Callable[[Exception], None] = lambda _error: None, limit: int = MAX_KEPT
    ) -> None:
        self._failed = failed
        self._limit = limit
        self._kept: deque[ClientEvent] = deque()
        self._saved: list[ClientEvent] = []
        """What stood among those that were dropped, and never is; older than _kept."""
        self._dropped = 0
        self._changed = threading.Condition()
        self._sink: Sink | None = None
        self._busy = False
        self._listener: threading.Thread | None = None

    def put(self, events: Sequence[ClientEvent]) -> None:
        """Hand events on. When more wait than the limit the oldest are dropped, but those that
        nothing can tell again, and an Overrun tells how many.
        """
        with self._changed:
            self._kept += events
            while len(self._kept) > self._limit:
                oldest = self._kept.popleft()
                if isinstance(oldest, _NEVER_DROPPED):
                    self._saved.append(oldest)
                else:
                    self._dropped += 1
            self._changed.notify_all()

    def attach(self, sink: Sink) -> None:
        """Events go to sink from now on, beginning with those that wait. The first sink gets these
        on the thread that calls.
        """
        if self._listener is None and self._waits:
            with self._changed:
                waiting = self._batch(MAX_KEPT)
            sink(waiting)  # before the first line is typed, which may need to know where we are
        with self._changed:
            self._sink = sink
            if self._listener is None:
                # A daemon, as it may hang in a write to a terminal that stands still.
                self._listener = threading.Thread(target=self._run, name="listener", daemon=True)
                self._listener.start()
            self._changed.notify_all()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until all events were taken; whether they were. timeout: in seconds."""
        if threading.current_thread() is self._listener:
            return True
        with self._changed:
            return self._changed.wait_for(lambda: self._idle, timeout)

    @property
    def _idle(self) -> bool:
        return self._sink is None or not (self._waits or self._busy)

    @property
    def _waits(self) -> bool:
        return bool(self._kept or self._saved or self._dropped)

    def _batch(self, limit: int = MAX_BATCH) -> list[ClientEvent]:
        """What is handed on next."""
        batch, self._saved = self._saved, []
        if self._dropped:
            batch.append(Overrun(self._dropped))
            self._dropped = 0
        while self._kept and len(batch) < limit:
            batch.append(self._kept.popleft())
        return batch

    def _run(self) -> None:
        """The listener thread."""
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._sink is not None and self._waits)
                batch = self._batch()
                sink, self._busy = self._sink, True
            try:
                if sink:
                    sink(batch)
            except Exception as error:
                self._end()
                self._failed(error)
                return
            if batch and isinstance(batch[-1], Stopped):
                self._end()
                return

    def _end(self) -> None:
        with self._changed:
            self._sink, self._busy = None, False
            self._changed.notify_all()
