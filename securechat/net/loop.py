"""The I/O thread: it decides which connection is attended to when, and knows no rules of the chat.

Every connection belongs to one I/O thread for life, as a TLS connection must not be used from
two. Orders come in through a queue and a waker; what is read goes out in one batch per turn.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from securechat.common.threads import NamedThread, Waker
from securechat.net import transport
from securechat.net.connection import Connection, Input, Opening, Phase
from securechat.net.driver import ConnectionDriver
from securechat.net.poller import READ, TIME, Poller
from securechat.net.throttle import IoLimits

log = logging.getLogger(__name__)

# Of each turn, for unauthenticated connections: two to four handshakes. It is what a crowd of them
# may add to the time that an authenticated client's line takes; one that is alone has the turns one
# after another.
UNAUTHENTICATED_SECONDS = 0.002

# Between two turns while the unauthenticated have to wait: a pause in which the hub catches up.
BEHIND_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Whom an I/O thread tells what; all are called in that thread.

    handle: takes what was read. behind: whether so much waits there that unauthenticated
    connections are not to be read. served: takes each connection that has had an answer before its
    first line. authenticated: each connection on which somebody has
    logged in. released: each that is gone. failed: the bug that the thread dies of.
    """

    handle: Callable[[list[Input]], None]
    behind: Callable[[], bool]
    served: Callable[[Connection], None]
    authenticated: Callable[[Connection], None]
    released: Callable[[Connection], None]
    failed: Callable[[BaseException], None]


class IoThread(NamedThread):
    """Has a ConnectionDriver do what is due at each connection, and is its Loop (which nobody else
    may call).

    number: which of the I/O threads.
    """

    def __init__(self, number: int, limits: IoLimits, call: Callbacks) -> None:
        super().__init__(f"io-{number}")
        self.number = number
        self._call = call
        self._handle = call.handle
        self._waker = Waker()
        self._poller = Poller(self._waker.receiver)
        self.watch = self._poller.watch
        self.forget_timer = self._poller.forget_deadline
        self._inputs: list[Input] = []
        self.emit = self._inputs.append
        self._again: set[Connection] = set()
        """Who may have more in TLS than any selector knows of."""
        self.look_again, self.look_no_more = self._again.add, self._again.discard
        self._waiting: OrderedDict[Connection, int] = OrderedDict()
        """Who has not logged in and awaits its turn, with what has happened there."""
        self._orders: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._arrivals: deque[tuple[Callable[[Connection], None], Connection]] = deque()
        """Orders about unauthenticated connections, which wait as these do."""
        self._given = self.obeyed = 0
        """How many orders there were, and how many of them are done."""
        self.now = 0.0
        self.task: tuple[Connection] | None = None
        """The connection that is being attended to; for the guard."""
        self.driver = ConnectionDriver(self, limits, call.served, call.authenticated, call.released)

    # Any thread

    def adopt(self, connection: Connection, opening: Opening) -> None:
        """Take over an accepted connection, whose socket doesn't block. opening: how it begins, as
        its listener has it.
        """
        connection.opening = opening
        self._arrivals.append((self.driver.adopt, connection))
        self._waker.wake()

    def deliver(self, deliveries: Sequence[tuple[Sequence[object], bytes]]) -> None:
        """Write (connections of this thread, bytes) in their order."""
        self._give(self.driver.deliver, deliveries)

    def has_written(self, connection: Connection) -> bool:
        """Whether all that was delivered to a connection has been taken by its socket and, where
        that can be known, by the peer's. Of one that the peer has closed: before it did.

        Told to the thread that delivers; to any other it would be a guess.
        """
        obeyed, taken = self.obeyed, transport.all_acknowledged(connection)
        if connection.phase is Phase.CLOSED:  # asked last: its thread may close it meanwhile
            obeyed, taken = connection.obeyed, True
        return obeyed == self._given and not connection.out_bytes and taken

    def mark_authenticated(self, connection: object) -> None:
        """Somebody has logged in on a connection of this thread: let it speak at the full rate."""
        self._give(self.driver.mark_authenticated, connection)

    def close(self, closings: Sequence[tuple[object, str]]) -> None:
        """Close (connection, reason) once what was delivered to it before is written."""
        self._give(self.driver.close, closings)

    def make_room(self, connection: Connection) -> None:
        """Drop a connection of this thread, unless it has logged in meanwhile."""
        self._arrivals.append((self.driver.make_room, connection))
        self._waker.wake()

    def take_limits(self, limits: IoLimits) -> None:
        """Go on with other limits."""
        self._give(self.driver.take_limits, limits)

    def stop(self) -> None:
        """End the thread: all connections get what waits for them, within the drain time."""
        self._give(lambda _: self.driver.stop(), None)

    def _give(self, action: Callable[[Any], None], argument: object) -> None:
        self._given += 1
        self._orders.append((action, argument))
        self._waker.wake()

    # This thread only, from here on

    def run(self) -> None:
        """The loop."""
        try:
            driver = self.driver
            while driver.connections or self._arrivals or not driver.stopping:
                self._turn()
        except BaseException as error:
            self._call.failed(error)
        finally:
            self._waker.close()
            self._poller.close()

    def set_timer(self, connection: Connection, seconds: float) -> None:
        """See Loop."""
        self._poller.set_deadline(connection, self.now + seconds)

    def _turn(self) -> None:
        self._waker.sleep()
        ready = self._poller.wait(self._patience())
        self._waker.woken()
        self.now = time.monotonic()  # once a turn, as it is asked for often
        self._obey()  # output goes out before more input is read
        self.driver.meter.begin()
        again = self._again.copy()  # what is read below may ask for the next turn again
        self._again.clear()
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
        for connection in self._poller.due(self.now):
            self._attend(connection, TIME)
        backlog = self.driver.backlog
        if backlog and backlog.next_look <= self.now:
            self.driver.look_at_the_slow()
        self._hand_on()  # before the handshakes below, which may take as long as they are given
        if self._unauthenticated_wait() and not self._call.behind():
            self._attend_unauthenticated()
            self._hand_on()

    def _obey(self) -> None:
        """Deliveries that have piled up are one: who is in several gets them in one write."""
        orders, deliver = self._orders, self.driver.deliver
        while orders:
            action, argument = orders.popleft()
            count = 1
            # == and not `is`: each time that a method is taken from its object it is a new one.
            if action == deliver and orders and orders[0][0] == deliver:
                argument = list(argument)
                while orders and orders[0][0] == deliver:
                    argument += orders.popleft()[1]
                    count += 1
            action(argument)
            self.obeyed += count

    def _unauthenticated_wait(self) -> bool:
        return bool(self._arrivals or self._waiting)

    def _patience(self) -> float | None:
        """Seconds to wait for something to happen, None for ever."""
        if self._unauthenticated_wait():
            if self._call.behind():
                time.sleep(BEHIND_SECONDS)  # not in the wait, which a flood would end at once
            return 0.0
        if self._orders or self._again:
            return 0.0
        backlog = self.driver.backlog
        return max(0.0, backlog.next_look - time.monotonic()) if backlog else None

    def _hand_on(self) -> None:
        if self._inputs:
            inputs = self._inputs.copy()
            self._inputs.clear()
            self._handle(inputs)

    def _attend(self, connection: Connection, events: int) -> None:
        """Authenticated ones at once; the others after all of them, and only for a while."""
        if connection.authenticated:
            self._guarded(connection, events)
            return
        if connection.phase is Phase.RAW:
            self.watch(connection, 0)  # or it would be seen again in each turn that it waits
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
        """Attend to a connection; a bug that it brings up costs only that connection."""
        # A new tuple each time: by that the guard tells that a connection was left meanwhile.
        self.task = (connection,)
        try:
            self.driver.attend(connection, events)
        except Exception:  # others' connections go on
            log.exception("a bug: connection from %s is closed", connection.address)
            self.driver.drop(connection, "internal error")
        self.task = None
