"""What an I/O thread does at one connection: its beginning, reading, writing, its end.

How far each step comes and what is waited for next; when it is whose turn is io_loop.py's matter.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass

from securechat.common.waker import Waker
from securechat.irc.framing import LineBuffer
from securechat.net import transport
from securechat.net.backlog import Backlog
from securechat.net.connection import Closed, Connection, Input, Lines, Opened, Phase, Taken
from securechat.net.poller import READ, WRITE, Poller
from securechat.net.throttle import IoLimits, Rate, TokenBucket
from securechat.net.transport import LostError, PlaintextError

log = logging.getLogger(__name__)

STUCK_SECONDS = 0.25
"""Until TLS is tried again at a peer that takes none of its answers."""

BUSY_SECONDS, MOST_BUSY_SECONDS = 0.02, 0.25
"""Until it is looked again whether the hub has come to what a connection has said: the longer, the
more of it there is at the connection's rate.
"""

MOST_CHARGED_SECONDS = 0.002
"""For one read: Python's garbage collection may fall into anybody's, and take ten times as long."""

HINTS = Rate(lines=10.0, burst=100.0)
"""Of those who speak no TLS so many are told why they are closed; a flood of them is not."""

NO_ROOM = b"ERROR :Closing link: Too many connections that have not logged in; please try again\r\n"


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Whom an I/O thread tells what; all are called in that thread.

    handle: takes what was read. behind: whether so much waits there that strangers are not to be
    read. trusted: each connection that is a member's from now on. released: each that is gone.
    failed: the bug that the thread dies of.
    """

    handle: Callable[[list[Input]], None]
    behind: Callable[[], bool]
    trusted: Callable[[Connection], None]
    released: Callable[[Connection], None]
    failed: Callable[[BaseException], None]


class Steps:
    """context: for the server's side of TLS."""

    def __init__(self, context: ssl.SSLContext, limits: IoLimits, call: Callbacks) -> None:
        self._context = context
        self._limits = limits
        self._call = call
        self._waker = Waker()
        self._poller = Poller(self._waker.receiver)
        self._watch = self._poller.watch
        self._hints = TokenBucket(HINTS, 0.0)
        self._inputs: list[Input] = []
        self._again: set[Connection] = set()
        """Who may have more in TLS than any selector knows of."""
        self._waiting: OrderedDict[Connection, int] = OrderedDict()
        """Who has not logged in and awaits its turn, with what has happened there."""
        self._backlog = Backlog(limits, transport.taken)
        self._connections: set[Connection] = set()
        self._now = 0.0
        self._obeyed = 0

    def _set_timer(self, connection: Connection, seconds: float) -> None:
        self._poller.set_deadline(connection, self._now + seconds)

    # Beginning

    def _first_byte(self, connection: Connection) -> None:
        """Who speaks anything but TLS gets one line at most, and another in the log."""
        try:
            if not transport.tls_begins(connection):
                self._watch(connection, READ)
                return
            self._watch(connection, 0)
            transport.begin_tls(connection, self._context)
        except LostError as lost:
            if isinstance(lost, PlaintextError) and self._hints.available(self._now):
                self._hints.spend(1)
                transport.say_tls_only(connection)
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
        self._poller.forget_deadline(connection)
        connection.buffer = LineBuffer()
        connection.bucket = TokenBucket(self._limits.unauthenticated_rate, self._now)
        self._inputs.append(Opened(connection))
        self._watch(connection, READ)
        self._read(connection)  # the first lines may have come with the handshake's last record

    def _refuse(self, connection: Connection, reason: str) -> None:
        address, port = connection.address, connection.port
        log.info("refused %s port %d: %s", address, port, reason)
        self._drop(connection, reason)

    def _trust(self, connection: Connection) -> None:
        if connection.phase is not Phase.OPEN or connection.bucket is None:
            return
        connection.trusted = True
        self._call.trusted(connection)
        connection.bucket.change(self._limits.rate, self._now)
        if not connection.interest & READ:
            self._set_timer(connection, 0.0)

    # Reading

    def _read(self, connection: Connection) -> None:
        began = time.thread_time()
        heard = transport.receive(connection, freely=connection.trusted)
        if heard.more:
            self._again.add(connection)
        seconds = min(time.thread_time() - began, MOST_CHARGED_SECONDS)
        self._take(connection, heard.data, seconds)
        if heard.ended:
            self._drop(connection, heard.ended)
        elif heard.stuck:
            self._pause(connection, STUCK_SECONDS)

    def _take(self, connection: Connection, data: bytes, seconds: float = 0.0) -> bool:
        """Hand on the lines that the rate allows; False when the others must wait. seconds: of CPU
        that it took to read the data.
        """
        buffer, bucket = connection.buffer, connection.bucket
        assert buffer is not None  # noqa: S101 - set with Phase.OPEN
        assert bucket is not None  # noqa: S101
        # What the hub has not come to yet counts: it may be long in doing what was said at once.
        unheard = connection.handed - connection.done
        space = max(0, bucket.burst - unheard)
        lines = buffer.feed(data, min(space, bucket.available(self._now)))
        bucket.spend(buffer.weight, seconds)
        if lines:
            connection.handed += len(lines)
            self._inputs.append(Lines(connection, lines))
        if not buffer.has_line and not bucket.in_debt:
            return True
        busy = min(max(BUSY_SECONDS, bucket.seconds_of(unheard) / 4), MOST_BUSY_SECONDS)
        self._pause(connection, max(bucket.wait(), 0.0 if space else busy))
        return False

    def _pause(self, connection: Connection, seconds: float) -> None:
        """Too fast: nothing is dropped, and nothing more is read until what waits has passed."""
        self._again.discard(connection)
        self._watch(connection, connection.interest & ~READ)
        self._set_timer(connection, seconds)

    def _resume(self, connection: Connection) -> None:
        if self._take(connection, b""):
            self._poller.forget_deadline(connection)
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

    # Writing

    def _deliver(self, deliveries: Sequence[tuple[Sequence[Connection], bytes]]) -> None:
        """Each connection gets one write: at once, or when the last of its deliveries is known."""
        twice = _served_twice(deliveries) if len(deliveries) > 1 else frozenset()
        fresh: list[Connection] = []
        for connections, data in deliveries:
            once = connections
            if not twice.isdisjoint(connections):
                fresh += _queue([one for one in connections if one in twice], data)
                once = [one for one in connections if one not in twice]
            fresh += transport.send_at_once(once, data)
        for connection in fresh:
            if connection not in self._backlog:  # or the selector tells when it can take more
                self._flush(connection)
        if self._backlog:
            for verdict in self._backlog.overfull(self._now):
                self._drop(*verdict)

    def _look_at_the_slow(self) -> None:
        for connection, verdict in self._backlog.look(self._now):
            if verdict is not None:
                self._drop(*verdict)
            elif connection.phase is Phase.OPEN:
                self._inputs.append(Taken(connection))

    def _flush(self, connection: Connection) -> None:
        try:
            if not transport.send(connection):
                self._block(connection)
                return
        except LostError as lost:
            self._hear_out(connection, str(lost))
            return
        if connection in self._backlog:
            self._backlog.discard(connection)
            self._watch(connection, connection.interest & ~WRITE)
        if connection.phase is Phase.DRAINING:
            self._say_goodbye(connection)

    def _block(self, connection: Connection) -> None:
        if connection not in self._backlog:
            self._backlog.add(connection, self._now)
            self._watch(connection, connection.interest | WRITE)

    # Ending

    def _close(self, connection: Connection, reason: str) -> None:
        if connection.phase is not Phase.OPEN:
            if connection.phase < Phase.OPEN:
                self._drop(connection, reason)
            return
        connection.phase = Phase.DRAINING
        connection.close_reason = reason
        connection.buffer = None
        self._again.discard(connection)
        self._watch(connection, WRITE if connection.out else 0)
        self._set_timer(connection, self._limits.drain_seconds)
        connection.drained_by = self._now + self._limits.most_drain_seconds
        if connection in self._backlog:
            self._backlog.add(connection, self._now)
        self._flush(connection)

    def _drain_on(self, connection: Connection) -> bool:
        """Whether one that is to be closed has more time to take its last output."""
        if self._now > connection.drained_by or not self._backlog.goes_on(connection, self._now):
            return False
        self._set_timer(connection, self._limits.drain_seconds)
        return True

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

    def _make_room(self, connection: Connection) -> None:
        """A stranger goes at once, with a word if that can be said without waiting."""
        if connection.trusted:
            return  # it has logged in meanwhile
        if connection.phase < Phase.OPEN:
            self._refuse(connection, "too many connections that have not logged in")
            return
        if connection.phase is Phase.OPEN and not connection.out:
            connection.out.append(NO_ROOM)
            with suppress(LostError):
                transport.send(connection)
        self._drop(connection, "made room for a newer one, as it had not logged in")

    def _drop(self, connection: Connection, reason: str) -> None:
        """Close at once and forget."""
        if connection.phase is Phase.CLOSED:
            return
        opened = connection.phase >= Phase.OPEN
        # A reset looks like an end when another call has been told of it: much may be on its way.
        if reason == transport.CLOSED_BY_CLIENT and transport.had_all(connection):
            connection.obeyed = self._obeyed
        connection.phase = Phase.CLOSED
        self._watch(connection, 0)
        self._poller.forget_deadline(connection)
        connection.sock.close()
        connection.out.clear()
        connection.buffer = None
        self._again.discard(connection)
        self._backlog.discard(connection)
        self._connections.discard(connection)
        self._call.released(connection)
        if opened:
            self._inputs.append(Closed(connection, reason))


def _served_twice(deliveries: Iterable[tuple[Sequence[Connection], bytes]]) -> Set[Connection]:
    """Who gets more than one of them."""
    seen: set[Connection] = set()
    twice: set[Connection] = set()
    for connections, _ in deliveries:
        twice.update(seen.intersection(connections))
        seen.update(connections)
    return twice


def _queue(connections: Iterable[Connection], data: bytes) -> list[Connection]:
    """Put it where their output waits. Returns those that had nothing waiting before."""
    fresh = []
    for connection in connections:
        if not connection.out:
            if connection.phase is not Phase.OPEN:
                continue  # its end is said: what comes now is for nobody
            fresh.append(connection)
        connection.out.append(data)
        connection.out_bytes += len(data)
    return fresh
