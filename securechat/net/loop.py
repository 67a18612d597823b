"""The I/O thread: who may be read, who can be written, who must go, and when. It knows no rules.

Every connection belongs to one I/O thread for life, as a TLS connection must not be used from
two. Orders come in through a queue and a waker; what is read goes out in one batch per turn.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from securechat.common.named_thread import NamedThread
from securechat.net import transport
from securechat.net.connection import Connection, Phase
from securechat.net.driver import Callbacks, Steps
from securechat.net.poller import READ, TIME
from securechat.net.throttle import IoLimits

log = logging.getLogger(__name__)

UNAUTHENTICATED_SECONDS = 0.002
"""Of each turn, for those who have not logged in: two to four handshakes. It is what a crowd of
them may add to the time that a member's line takes; who is alone has the turns one after another.
"""

BEHIND_SECONDS = 0.001
"""Between two turns while the strangers have to wait: a pause in which the others catch up."""


class IoThread(Steps, NamedThread):
    """number: which of the I/O threads. context: for the server's side of TLS."""

    def __init__(
        self, number: int, context: ssl.SSLContext, limits: IoLimits, call: Callbacks
    ) -> None:
        NamedThread.__init__(self, f"io-{number}")
        Steps.__init__(self, context, limits, call)
        self.number = number
        self._handle = call.handle
        self._orders: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._arrivals: deque[tuple[Callable[[Connection], None], Connection]] = deque()
        """Orders that are about strangers, and wait as they do."""
        self._given = self._obeyed = 0
        """How many orders there were, and how many of them are done."""
        self._stopping = False
        self.task: tuple[Connection] | None = None
        """The connection that is being attended to, another tuple each time; for the guard."""

    # Any thread

    def adopt(self, connection: Connection) -> None:
        """Take over an accepted connection, whose socket doesn't block."""
        self._arrivals.append((self._adopt, connection))
        self._waker.wake()

    def deliver(self, deliveries: Sequence[tuple[Sequence[object], bytes]]) -> None:
        """Write (connections of this thread, bytes) in their order."""
        self._give(self._deliver, deliveries)

    def has_written(self, connection: Connection) -> bool:
        """Whether all that was delivered to a connection has been taken by its socket and, where
        that can be known, by the peer's. Of one that the peer has closed: before it did.

        Told to the thread that delivers; to any other it would be a guess.
        """
        obeyed, taken = self._obeyed, transport.all_acknowledged(connection)
        if connection.phase is Phase.CLOSED:  # asked last: its thread may close it meanwhile
            obeyed, taken = connection.obeyed, True
        return obeyed == self._given and not connection.out_bytes and taken

    def trust(self, connection: object) -> None:
        """Let a connection of this thread speak at the full rate: it is a member's now."""
        self._give(self._trust, connection)

    def close(self, closings: Sequence[tuple[object, str]]) -> None:
        """Close (connection, reason) once what was delivered to it before is written."""
        self._give(self._close_all, closings)

    def make_room(self, connection: Connection) -> None:
        """Drop a connection of this thread, unless it has logged in meanwhile."""
        self._arrivals.append((self._make_room, connection))
        self._waker.wake()

    def use(self, context: ssl.SSLContext) -> None:
        """Take another context for the handshakes to come; what is open stays as it is."""
        self._context = context

    def stop(self) -> None:
        """End the thread: all connections get what waits for them, within the drain time."""
        self._give(self._begin_stop, None)

    def _give(self, action: Callable[[Any], None], argument: object) -> None:
        self._given += 1
        self._orders.append((action, argument))
        self._waker.wake()

    # This thread only, from here on

    def run(self) -> None:
        """The loop."""
        try:
            while self._connections or self._arrivals or not self._stopping:
                self._turn()
        except BaseException as error:
            self._call.failed(error)
        finally:
            self._waker.close()
            self._poller.close()

    def _turn(self) -> None:
        self._waker.sleep()
        ready = self._poller.wait(self._patience())
        self._waker.woken()
        self._now = time.monotonic()
        self._obey()
        again, self._again = self._again, set()
        for key, events in ready:
            connection = key.data
            if connection is None:
                self._waker.drain()
            else:
                if connection in again:
                    again.discard(connection)
                    events |= READ
                self._attend(connection, events)
        for connection in again:
            self._attend(connection, READ)
        for connection in self._poller.due(self._now):
            self._attend(connection, TIME)
        if self._backlog and self._backlog.next_look <= self._now:
            self._look_at_the_slow()
        self._hand_on()
        if self._unauthenticated_wait() and not self._call.behind():
            self._attend_unauthenticated()
            self._hand_on()

    def _obey(self) -> None:
        """Deliveries that have piled up are one: who is in several gets them in one write."""
        orders, deliver = self._orders, self._deliver
        while orders:
            action, argument = orders.popleft()
            count = 1
            if action == deliver and orders and orders[0][0] == deliver:
                argument = list(argument)
                while orders and orders[0][0] == deliver:
                    argument += orders.popleft()[1]
                    count += 1
            action(argument)
            self._obeyed += count

    def _unauthenticated_wait(self) -> bool:
        return bool(self._arrivals or self._waiting)

    def _patience(self) -> float | None:
        """How long to wait for something to happen."""
        if self._unauthenticated_wait():
            if self._call.behind():
                time.sleep(BEHIND_SECONDS)  # not in the wait, which strangers would end at once
            return 0.0
        if self._orders or self._again:
            return 0.0
        return max(0.0, self._backlog.next_look - time.monotonic()) if self._backlog else None

    def _hand_on(self) -> None:
        if self._inputs:
            inputs, self._inputs = self._inputs, []
            self._handle(inputs)

    def _attend(self, connection: Connection, events: int) -> None:
        """Members at once; strangers after all of the members, and only for a while."""
        if connection.trusted:
            self._guarded(connection, events)
            return
        if connection.phase is Phase.RAW:
            self._watch(connection, 0)  # or it would be seen again in each turn that it waits
        self._waiting[connection] = self._waiting.get(connection, 0) | events

    def _attend_unauthenticated(self) -> None:
        """Half of the time at most for those who come and go; at least one step of either kind."""
        now = time.monotonic()
        half, end = now + UNAUTHENTICATED_SECONDS / 2, now + UNAUTHENTICATED_SECONDS
        while self._arrivals:
            action, connection = self._arrivals.popleft()
            action(connection)
            if time.monotonic() >= half:
                break
        while self._waiting:
            connection, events = self._waiting.popitem(last=False)
            self._guarded(connection, events)
            if time.monotonic() >= end:
                break

    def _guarded(self, connection: Connection, events: int) -> None:
        """Whatever one connection brings up costs only that connection."""
        self.task = (connection,)
        try:
            self._on_event(connection, events)
        except Exception:
            log.exception("a bug: connection from %s is closed", connection.address)
            self._drop(connection, "internal error")
        self.task = None

    def _on_event(self, connection: Connection, events: int) -> None:
        phase = connection.phase
        if phase is Phase.OPEN:
            if events & TIME:
                self._resume(connection)
            if connection.out:
                self._flush(connection)
            if events & READ & connection.interest:  # neither paused nor lost meanwhile
                self._read(connection)
        elif events & TIME:
            self._too_late(connection)
        elif phase is Phase.RAW:
            self._first_byte(connection)
        elif phase is Phase.HANDSHAKE:
            self._handshake(connection)
        elif phase is Phase.DRAINING:
            self._flush(connection)
        elif phase is Phase.LINGERING:
            self._await_end(connection)

    def _too_late(self, connection: Connection) -> None:
        if connection.phase <= Phase.HANDSHAKE:
            self._refuse(connection, "the TLS handshake took too long")
        elif (
            self._stopping or connection.phase is Phase.LINGERING or not self._drain_on(connection)
        ):
            self._drop(connection, connection.close_reason)

    # Orders

    def _adopt(self, connection: Connection) -> None:
        self._connections.add(connection)
        if self._stopping:
            self._drop(connection, "server is stopping")
            return
        self._watch(connection, READ)
        self._set_timer(connection, self._limits.handshake_seconds)

    def _close_all(self, closings: Iterable[tuple[Connection, str]]) -> None:
        for connection, reason in closings:
            self._close(connection, reason)

    def _begin_stop(self, _: None) -> None:
        self._stopping = True
        for connection in list(self._connections):
            self._close(connection, "server is stopping")
