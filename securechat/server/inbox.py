"""What waits for the hub, with a bound: I/O threads that fill it faster than the hub empties it
wait, and so stop reading, and so TCP slows the senders down.
"""

from __future__ import annotations

import queue
import threading
from typing import NamedTuple

from securechat.core.jobs import Answer
from securechat.net.connection import Input, Lines

MAX_LINES = 2000
"""Lines in one turn: more would make the first of them wait for long."""

MAX_QUEUED = 20_000
"""Lines that may wait: some tenths of a second of the hub's work, and at most 90 MiB."""


class Stop(NamedTuple):
    """End the hub once everybody has been told."""

    reason: str


Item = list[Input] | Answer | Stop


class Inbox:
    """Any thread puts, the hub takes."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._room = threading.Condition()
        self._lines = 0
        self._open = True

    def put(self, item: Answer | Stop) -> None:
        """Never waits: there is at most one answer for each session."""
        self._queue.put(item)

    def put_inputs(self, inputs: list[Input]) -> None:
        """From an I/O thread; waits while too much is queued."""
        self._queue.put(inputs)
        with self._room:
            self._lines += _count(inputs)
            while self._lines > MAX_QUEUED and self._open:
                self._room.wait()

    def take(self, seconds: float) -> list[Item]:
        """What has come, up to MAX_LINES lines or a batch more; waits so long for the first."""
        try:
            items = [self._queue.get(timeout=max(0.0, seconds))]
        except queue.Empty:
            return []
        lines = _count(items[0])
        while lines < MAX_LINES:
            try:
                items.append(self._queue.get_nowait())
            except queue.Empty:
                break
            lines += _count(items[-1])
        with self._room:
            full = self._lines > MAX_QUEUED
            self._lines -= lines
            if full:
                self._room.notify_all()
        return items

    def close(self) -> None:
        """The hub takes no more: nobody waits for it."""
        with self._room:
            self._open = False
            self._room.notify_all()


def _count(item: Item) -> int:
    if not isinstance(item, list):
        return 0
    return sum(len(event.lines) for event in item if isinstance(event, Lines))
