"""What a client tells, for a command that waits for answers. Main thread; the listener thread puts
the events into a queue.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from typing import TypeVar

from securechat.client.exits import UnreachableError
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Ready, Stopped
from securechat.client.wire.receiver import Client

Event = TypeVar("Event", bound=ClientEvent)

PATIENCE = 30.0
"""Seconds for an answer: it waits for others' answers at a busy server."""


class Heard:
    """Takes the events of a client that is logged in, from the login on."""

    def __init__(self, client: Client) -> None:
        self._events: queue.SimpleQueue[ClientEvent] = queue.SimpleQueue()
        client.attach(self._take)

    def _take(self, events: Sequence[ClientEvent]) -> None:
        for event in events:
            self._events.put(event)

    def next(self, *kinds: type[Event], patience: float = PATIENCE) -> Event:
        """The next event of one of these kinds; the others are dropped. patience: in seconds.

        Raises UnreachableError when there is none.
        """
        until = time.monotonic() + patience
        while True:
            try:
                # One deadline for all: a hostile server could tell other things for ever.
                event = self._events.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                text = f"the server has not answered in {patience:.0f} s"
                raise UnreachableError(text) from None
            if isinstance(event, kinds):
                return event
            if isinstance(event, Stopped):
                raise UnreachableError(event.text or "the connection has ended")

    def login(self) -> list[ClientEvent]:
        """All that the server told of itself up to where we are ready. Raises UnreachableError."""
        told: list[ClientEvent] = []
        while not isinstance(event := self.next(ClientEvent), Ready):
            told.append(event)
            if isinstance(event, Stopped):
                raise UnreachableError(event.text or "the connection has ended")
        return told
