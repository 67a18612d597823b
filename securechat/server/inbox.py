"""What waits for the hub, with a bound: I/O threads that fill it faster than the hub empties it
wait, and so stop reading, and so TCP slows the senders down. Unauthenticated connections are not
read long before.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from securechat.core.jobs import Answer
from securechat.core.model.entities import Session
from securechat.net.address_blocks import address_block_of
from securechat.net.connection import Input, Lines
from securechat.server.allowance import Allowance
from securechat.server.input_queue import FairInputQueue, count_lines

MAX_QUEUED = 20_000
"""Lines that may wait: some tenths of a second of the hub's work, and at most 90 MiB."""

UNAUTHENTICATED_WAIT = 1000
"""The same of those who have not logged in, who then are not read, and hold up no I/O thread: there
may be many of them, and the room that all wait for is for those who have.
"""


class Stop(NamedTuple):
    """End the hub once everybody has been told."""

    reason: str


class Wake(NamedTuple):
    """Look what others have done."""


WAKE = Wake()

Order = Answer | Stop | Wake


class _Batch(NamedTuple):
    """What an I/O thread has read in a turn. The counts stay what they were, whoever logs in."""

    inputs: list[Input]
    lines: int
    of_unauthenticated: int


class Inbox:
    """Any thread puts, the hub takes.

    authenticated: what those who have logged in say. logins: of accounts, the rest of their logins,
    and ends. unauthenticated: of those who have not logged in. answers: the workers'. allowance:
    what the accounts draw on.
    """

    def __init__(self, allowance: Allowance | None = None) -> None:
        self._queue: queue.SimpleQueue[_Batch | Order] = queue.SimpleQueue()
        self._room = threading.Condition()
        self._queued = 0
        self._queued_unauthenticated = 0
        self._gathered = 0
        self._open = True
        self.authenticated = FairInputQueue(allowance)
        self.logins = FairInputQueue()
        self.unauthenticated = FairInputQueue()
        self.answers: deque[Answer] = deque()

    def put(self, order: Order) -> None:
        """Never waits: there is at most one answer for each session."""
        self._queue.put(order)

    def put_inputs(self, inputs: list[Input]) -> None:
        """From an I/O thread; waits while too much is queued."""
        # Before they are put: the hub may take them, and log somebody in, at once.
        counts = [(count_lines(event), event.connection.authenticated) for event in inputs]
        lines = sum(count for count, _ in counts)
        of_unauthenticated = sum(count for count, known in counts if not known)
        self._queue.put(_Batch(inputs, lines, of_unauthenticated))
        with self._room:
            self._queued += lines
            self._queued_unauthenticated += of_unauthenticated
            # After they were put: so nothing that has been read is lost, and what a thread puts at
            # once is bounded.
            while self.waiting > MAX_QUEUED and self._open:
                self._room.wait()

    @property
    def waiting(self) -> int:
        """Lines that wait for the hub. Any thread."""
        return self._queued + self._gathered

    def behind(self) -> bool:
        """Whether unauthenticated connections have to wait, for what others of them have said. Any
        thread.
        """
        # Read without the lock: a figure that is a moment old does no harm.
        waiting = self._queued_unauthenticated + self.unauthenticated.lines
        return self._open and waiting > UNAUTHENTICATED_WAIT

    def close(self) -> None:
        """The hub takes no more: nobody waits for it. Any thread."""
        with self._room:
            self._open = False
            self._room.notify_all()

    # Hub thread only, from here on

    @property
    def has_work(self) -> bool:
        """Whether something has come that is not done."""
        waits = self.authenticated or self.logins or self.unauthenticated or self.answers
        return bool(waits)

    def gather(self, seconds: float) -> Stop | None:
        """Take in all that has come; waits so long for the first when nothing is left from before.
        Returns the order to stop, if it has come.
        """
        left = self.has_work
        stop = None
        lines = of_unauthenticated = 0
        for item in self._new(0.0 if left else max(0.0, seconds)):
            if isinstance(item, _Batch):
                lines += item.lines
                of_unauthenticated += item.of_unauthenticated
                for event in item.inputs:
                    inputs, party = self.place(event)
                    inputs.add(party, event)
            elif isinstance(item, Stop):
                stop = item
            elif isinstance(item, Wake):
                continue
            else:
                self.answers.append(item)
        with self._room:
            # What was taken from the queue still counts, as gathered, until the hub has come to it.
            full = self.waiting > MAX_QUEUED
            self._queued -= lines
            self._queued_unauthenticated -= of_unauthenticated
            self._gathered = (
                self.authenticated.lines + self.logins.lines + self.unauthenticated.lines
            )
            if full:
                self._room.notify_all()
        return stop

    def _new(self, seconds: float) -> Iterator[_Batch | Order]:
        """All that is in the queue; waits so long for the first."""
        try:
            # Only for the first one: what has come meanwhile is there already.
            yield self._queue.get(timeout=seconds)
            while True:
                yield self._queue.get_nowait()
        except queue.Empty:
            return

    def place(self, event: Input) -> tuple[FairInputQueue, object]:
        """Where a connection's input belongs, and as whose."""
        connection = event.connection
        session = connection.owner
        account = session.account if isinstance(session, Session) else None
        party = address_block_of(connection.address) if account is None else account
        # Whoever it is now: it is not overtaken by itself.
        if connection in self.authenticated.inputs:
            return self.authenticated, party
        if connection in self.logins.inputs:
            return self.logins, party
        if account is None or connection in self.unauthenticated.inputs:
            return self.unauthenticated, party
        speaks = isinstance(event, Lines) and session in account.sessions
        return (self.authenticated if speaks else self.logins), party
