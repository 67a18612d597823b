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

from securechat.irc.framing import LineBuffer
from securechat.net import transport
from securechat.net.connection import Closed, Connection, Input, Lines, Opened, Phase
from securechat.net.limits import IoLimits
from securechat.net.thread import Owner
from securechat.net.throttle import TokenBucket
from securechat.net.transport import LostError
from securechat.net.waker import Waker
from securechat.net.watcher import READ, WRITE, Watcher

log = logging.getLogger(__name__)


class IoThread(Owner):
    """number: which of the I/O threads. context: for the server's side of TLS. handle: takes what
    was read, called in this thread. released: called with each connection that is gone.
    """

    def __init__(
        self,
        number: int,
        context: ssl.SSLContext,
        limits: IoLimits,
        handle: Callable[[list[Input]], None],
        released: Callable[[Connection], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__(f"io-{number}")
        self.number = number
        self._context = context
        self._limits = limits
        self._handle = handle
        self._released = released
        self._failed = failed
        self._waker = Waker()
        self._watcher = Watcher(self._waker.receiver)
        self._watch = self._watcher.watch
        self._orders: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._inputs: list[Input] = []
        self._again: set[Connection] = set()
        self._blocked: set[Connection] = set()
        self._connections: set[Connection] = set()
        self._now = 0.0
        self._stopping = False

    # Any thread

    def adopt(self, connection: Connection) -> None:
        """Take over an accepted connection, whose socket doesn't block."""
        self._give(self._adopt, connection)

    def deliver(self, deliveries: Sequence[tuple[Sequence[object], bytes]]) -> None:
        """Write (connections of this thread, bytes) in their order."""
        self._give(self._deliver, deliveries)

    def trust(self, connection: object) -> None:
        """Let a connection of this thread speak at the full rate: it is a member's now."""
        self._give(self._trust, connection)

    def close(self, closings: Sequence[tuple[object, str]]) -> None:
        """Close (connection, reason) once what was delivered to it before is written."""
        self._give(self._close_all, closings)

    def use(self, context: ssl.SSLContext) -> None:
        """Take another context for the handshakes to come; what is open stays as it is."""
        self._context = context

    def stop(self) -> None:
        """End the thread: all connections get what waits for them, within the drain time."""
        self._give(self._begin_stop, None)

    def _give(self, action: Callable[[Any], None], argument: object) -> None:
        self._orders.append((action, argument))
        self._waker.wake()

    # This thread only, from here on

    def run(self) -> None:
        """The loop."""
        try:
            while not (self._stopping and not self._connections):
                self._turn()
        except BaseException as error:
            self._failed(error)
        finally:
            self._waker.close()
            self._watcher.close()

    def _turn(self) -> None:
        self._waker.sleep()
        ready = self._watcher.wait(long=not self._orders and not self._again)
        self._waker.woken()
        self._now = time.monotonic()
        while self._orders:
            action, argument = self._orders.popleft()
            action(argument)
        again, self._again = self._again, set()
        for key, events in ready:
            connection = key.data
            if connection is None:
                self._waker.drain()
            else:
                if connection in again:
                    again.discard(connection)
                    events |= READ
                self._guarded(self._on_event, connection, events)
        for connection in again:
            self._guarded(self._on_event, connection, READ)
        for connection in self._watcher.due(self._now):
            self._guarded(self._on_deadline, connection, 0)
        if self._inputs:
            inputs, self._inputs = self._inputs, []
            self._handle(inputs)

    def _guarded(
        self, action: Callable[[Connection, int], None], connection: Connection, events: int
    ) -> None:
        """Whatever one connection brings up costs only that connection."""
        try:
            action(connection, events)
        except Exception:
            log.exception("a bug: connection from %s is closed", connection.address)
            self._drop(connection, "internal error")

    def _on_event(self, connection: Connection, events: int) -> None:
        phase = connection.phase
        if phase is Phase.OPEN:
            if connection.blocked:
                self._flush(connection)
            if events & READ & connection.interest:  # neither paused nor lost meanwhile
                self._read(connection)
        elif phase is Phase.RAW:
            self._first_byte(connection)
        elif phase is Phase.HANDSHAKE:
            self._handshake(connection)
        elif phase is Phase.DRAINING:
            self._flush(connection)
        elif phase is Phase.LINGERING:
            self._await_end(connection)

    # Beginning

    def _adopt(self, connection: Connection) -> None:
        self._connections.add(connection)
        if self._stopping:
            self._drop(connection, "server is stopping")
            return
        self._watch(connection, READ)
        self._set_timer(connection, self._limits.handshake_seconds)

    def _first_byte(self, connection: Connection) -> None:
        """Who speaks anything but TLS gets not a byte, and a line in the log."""
        try:
            if not transport.tls_begins(connection):
                return
            self._watch(connection, 0)
            transport.begin_tls(connection, self._context)
        except LostError as lost:
            self._refuse(connection, str(lost))
            return
        connection.phase = Phase.HANDSHAKE
        self._handshake(connection)

    def _handshake(self, connection: Connection) -> None:
        try:
            wanted = transport.handshake(connection)
        except LostError as lost:
            self._refuse(connection, str(lost))
            return
        if wanted:
            self._watch(connection, wanted)
        else:
            self._open(connection)

    def _open(self, connection: Connection) -> None:
        connection.phase = Phase.OPEN
        connection.deadline = 0.0
        connection.buffer = LineBuffer()
        connection.bucket = TokenBucket(self._limits.stranger_rate, self._now)
        self._inputs.append(Opened(connection))
        self._watch(connection, READ)
        self._read(connection)  # the first lines may have come with the handshake's last record

    def _refuse(self, connection: Connection, reason: str) -> None:
        log.info("refused %s port %d: %s", connection.address, connection.port, reason)
        self._drop(connection, reason)

    # Reading

    def _read(self, connection: Connection) -> None:
        data, more, ended = transport.receive(connection)
        if more:
            self._again.add(connection)
        if data:
            self._take(connection, data)
        if ended:
            self._drop(connection, ended)

    def _take(self, connection: Connection, data: bytes) -> bool:
        """Hand on the lines that the rate allows; False when the others must wait."""
        buffer, bucket = connection.buffer, connection.bucket
        assert buffer is not None  # noqa: S101 - set with Phase.OPEN
        assert bucket is not None  # noqa: S101
        lines = buffer.feed(data, bucket.available(self._now))
        bucket.spend(buffer.weight)
        if lines:
            self._inputs.append(Lines(connection, lines))
        if not buffer.has_line and not bucket.in_debt:
            return True
        self._pause(connection, bucket.wait())
        return False

    def _pause(self, connection: Connection, seconds: float) -> None:
        """Too fast: nothing is dropped, and nothing more is read until what waits has passed."""
        self._again.discard(connection)
        self._watch(connection, connection.interest & ~READ)
        self._set_timer(connection, seconds)

    def _resume(self, connection: Connection) -> None:
        if self._take(connection, b""):
            connection.deadline = 0.0
            self._watch(connection, connection.interest | READ)
            self._again.add(connection)

    def _hear_out(self, connection: Connection, reason: str) -> None:
        """The peer takes nothing more. What it said before it went counts as far as its rate
        allows: who wants all of it to count says QUIT and waits for the end.
        """
        if connection.phase is Phase.OPEN:
            if connection.interest & READ:
                self._read(connection)
            else:
                self._take(connection, b"")
        self._drop(connection, reason)

    def _trust(self, connection: Connection) -> None:
        if connection.phase is not Phase.OPEN or connection.bucket is None:
            return
        connection.bucket.change(self._limits.rate, self._now)
        if not connection.interest & READ:
            self._set_timer(connection, 0.0)

    # Writing

    def _deliver(self, deliveries: Iterable[tuple[Sequence[Connection], bytes]]) -> None:
        fresh = []
        for connections, data in deliveries:
            size = len(data)
            for connection in connections:
                if not connection.out:
                    if connection.phase is not Phase.OPEN:
                        continue  # its end is said: what comes now is for nobody
                    fresh.append(connection)
                connection.out.append(data)
                connection.out_bytes += size
        flush = self._flush
        for connection in fresh:
            flush(connection)
        if self._blocked:
            self._check_blocked()

    def _check_blocked(self) -> None:
        limit = self._limits.out_bytes
        for connection in [c for c in self._blocked if c.out_bytes > limit]:
            self._drop(connection, f"reads too slowly: {connection.out_bytes} bytes unsent")

    def _flush(self, connection: Connection) -> None:
        try:
            if not transport.send(connection):
                self._block(connection)
                return
        except LostError as lost:
            self._hear_out(connection, str(lost))
            return
        if connection in self._blocked:
            self._blocked.discard(connection)
            self._watch(connection, connection.interest & ~WRITE)
        if connection.phase is Phase.DRAINING:
            self._say_goodbye(connection)

    def _block(self, connection: Connection) -> None:
        if connection not in self._blocked:
            self._blocked.add(connection)
            self._watch(connection, connection.interest | WRITE)

    # Ending

    def _close_all(self, closings: Iterable[tuple[Connection, str]]) -> None:
        for connection, reason in closings:
            self._close(connection, reason)

    def _close(self, connection: Connection, reason: str) -> None:
        if connection.phase is not Phase.OPEN:
            if connection.phase < Phase.OPEN:
                self._drop(connection, reason)
            return
        connection.phase = Phase.DRAINING
        connection.close_reason = reason
        connection.buffer = None
        self._again.discard(connection)
        self._watch(connection, WRITE if connection.blocked else 0)
        self._set_timer(connection, self._limits.drain_seconds)
        self._flush(connection)

    def _say_goodbye(self, connection: Connection) -> None:
        """Our end; then what the peer still sends is read and thrown away, as an unread byte would
        make the kernel reset the connection and the peer lose our last words.
        """
        connection.phase = Phase.LINGERING
        try:
            transport.say_goodbye(connection)
        except LostError:
            self._drop(connection, connection.close_reason)
            return
        self._watch(connection, READ)
        self._set_timer(connection, self._limits.linger_seconds)

    def _await_end(self, connection: Connection) -> None:
        if transport.throw_away(connection):
            self._drop(connection, connection.close_reason)

    def _drop(self, connection: Connection, reason: str) -> None:
        """Close at once and forget."""
        if connection.phase is Phase.CLOSED:
            return
        opened = connection.phase >= Phase.OPEN
        connection.phase = Phase.CLOSED
        self._watch(connection, 0)
        connection.sock.close()
        connection.out.clear()
        connection.buffer = None
        self._again.discard(connection)
        self._blocked.discard(connection)
        self._connections.discard(connection)
        self._released(connection)
        if opened:
            self._inputs.append(Closed(connection, reason))

    def _begin_stop(self, _: None) -> None:
        self._stopping = True
        for connection in list(self._connections):
            self._close(connection, "server is stopping")

    # Time

    def _set_timer(self, connection: Connection, seconds: float) -> None:
        self._watcher.set_deadline(connection, self._now + seconds)

    def _on_deadline(self, connection: Connection, _: int) -> None:
        phase = connection.phase
        if phase is Phase.OPEN:
            self._resume(connection)
        elif phase <= Phase.HANDSHAKE:
            self._refuse(connection, "the TLS handshake took too long")
        else:
            self._drop(connection, connection.close_reason)
