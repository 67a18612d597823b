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
from securechat.net.admission import address_block_of
from securechat.net.connection import Input, Lines
from securechat.server.allowance import Allowance
from securechat.server.input_queue import FairInputQueue, count_lines

MAX_QUEUED = 20_000
"""Lines that may wait: some tenths of a second of the hub's work, and at most 90 MiB."""

UNAUTHENTICATED_WAIT = 1000
"""The same of those who have not logged in, who then are not read, and hold up no I/O thread: there
may be many of them, and what all may wait for is the members' channel.
"""


class Stop(NamedTuple):
    """End the hub once everybody has been told."""

    reason: str


Order = Answer | Stop


class _Batch(NamedTuple):
    """What an I/O thread has read in a turn. The counts stay what they were, whoever logs in."""

    inputs: list[Input]
    lines: int
    of_unauthenticated: int


class Inbox:
    """Any thread puts, the hub takes. members: what they say. door: of accounts, the rest of their
    logins, and ends. strangers: of who has not logged in. answers: the workers'. allowance: what
    the members' accounts draw on.
    """

    def __init__(self, allowance: Allowance | None = None) -> None:
        self._queue: queue.SimpleQueue[_Batch | Order] = queue.SimpleQueue()
        self._channel = threading.Condition()
        self._queued = 0
        self._queued_unauthenticated = 0
        self._gathered = 0
        self._open = True
        self.members = FairInputQueue(allowance)
        self.logins = FairInputQueue()
        self.unauthenticated = FairInputQueue()
        self.answers: deque[Answer] = deque()

    def put(self, order: Order) -> None:
        """Never waits: there is at most one answer for each session."""
        self._queue.put(order)

    def put_inputs(self, inputs: list[Input]) -> None:
        """From an I/O thread; waits while too much is queued."""
        counts = [(count_lines(event), event.connection.trusted) for event in inputs]
        lines = sum(count for count, _ in counts)
        of_unauthenticated = sum(count for count, trusted in counts if not trusted)
        self._queue.put(_Batch(inputs, lines, of_unauthenticated))
        with self._channel:
            self._queued += lines
            self._queued_unauthenticated += of_unauthenticated
            while self._waiting > MAX_QUEUED and self._open:
                self._channel.wait()

    @property
    def _waiting(self) -> int:
        return self._queued + self._gathered

    def behind(self) -> bool:
        """Whether strangers have to wait, for what others of them have said. Any thread."""
        waiting = self._queued_unauthenticated + self.unauthenticated.lines
        return self._open and waiting > UNAUTHENTICATED_WAIT

    def close(self) -> None:
        """The hub takes no more: nobody waits for it. Any thread."""
        with self._channel:
            self._open = False
            self._channel.notify_all()

    # Hub thread only, from here on

    def gather(self, seconds: float) -> Stop | None:
        """Take in all that has come; waits so long for the first when nothing is left from before.
        Returns the order to stop, if it has come.
        """
        left = self.members or self.logins or self.unauthenticated or self.answers
        stop = None
        lines = of_unauthenticated = 0
        for item in self._new(0.0 if left else max(0.0, seconds)):
            if isinstance(item, _Batch):
                lines += item.lines
                of_unauthenticated += item.of_unauthenticated
                for event in item.inputs:
                    agenda, party = self.place(event)
                    agenda.add(party, event)
            elif isinstance(item, Stop):
                stop = item
            else:
                self.answers.append(item)
        with self._channel:
            full = self._waiting > MAX_QUEUED
            self._queued -= lines
            self._queued_unauthenticated -= of_unauthenticated
            self._gathered = self.members.lines + self.logins.lines + self.unauthenticated.lines
            if full:
                self._channel.notify_all()
        return stop

    def _new(self, seconds: float) -> Iterator[_Batch | Order]:
        """All that is in the queue; waits so long for the first."""
        try:
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
        for agenda in (self.members, self.logins, self.unauthenticated):
            if connection in agenda.inputs:  # whoever it is now: it is not overtaken by itself
                return agenda, party
        if account is None:
            return self.unauthenticated, party
        speaks = isinstance(event, Lines) and session in account.sessions
        return (self.members if speaks else self.logins), party
