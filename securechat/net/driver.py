"""Drives the connections of one I/O thread: their beginning, reading, writing, their end. I/O
thread only.

The driver knows how far each step comes and what is waited for next. Whose turn it is, and when, is
the loop's matter (securechat.net.loop); what the driver needs of it is the class Loop.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from securechat.common.cpu_meter import CpuMeter
from securechat.net import transport
from securechat.net.backlog import Backlog
from securechat.net.connection import (
    ENDED,
    Closed,
    Connection,
    Input,
    Lines,
    Opened,
    Opening,
    Phase,
    Taken,
)
from securechat.net.errors import CheckedError, LostError, WrongProtocolError
from securechat.net.framing import Framing
from securechat.net.poller import READ, TIME, WRITE
from securechat.net.throttle import IoLimits, Rate, TokenBucket

log = logging.getLogger(__name__)

STUCK_SECONDS = 0.25
"""Until TLS is tried again at a peer that takes none of its answers."""

BUSY_SECONDS, MOST_BUSY_SECONDS = 0.02, 0.25
"""How long a connection is not read when the hub has not come to what it has said; at least, and at
most. In between it is the longer the more of that there is, at the connection's rate.
"""

# Seconds of CPU for one read: Python's garbage collection may fall into anybody's read, and take
# ten times as long.
MOST_CHARGED_SECONDS = 0.002

# How many peers that speak something else are told what is spoken here: people's programs, and not
# a flood of connections.
HINTS = Rate(lines=10.0, burst=100.0)

NO_ROOM = b"ERROR :Closing link: Too many connections that have not logged in; please try again\r\n"


class Loop(Protocol):
    """What a driver needs of the loop that holds it."""

    now: float
    """When this turn began, in seconds of the monotonic clock."""
    obeyed: int
    """How many orders are done."""

    def watch(self, connection: Connection, interest: int) -> None:
        """Attend to a connection when its socket is ready to READ, to WRITE, either, or never."""

    def set_timer(self, connection: Connection, seconds: float) -> None:
        """Attend to it with TIME after so many seconds; an earlier timer of it is forgotten."""

    def forget_timer(self, connection: Connection) -> None:
        """It has no timer any more."""

    def look_again(self, connection: Connection) -> None:
        """Attend to it in the next turn: TLS may hold more than any selector knows of."""

    def look_no_more(self, connection: Connection) -> None:
        """Take look_again() back."""

    def emit(self, item: Input) -> None:
        """Hand on what was read, or what has become of a connection, with this turn's batch."""


class ConnectionDriver:
    """Does what is due at a connection, and says what to wait for next.

    loop: the one that holds the driver. served: called with each connection whose opening has done
    something whole and goes on. authenticated: with each that somebody has logged in on. released:
    with each that is gone.
    """

    def __init__(
        self,
        loop: Loop,
        limits: IoLimits,
        served: Callable[[Connection], None],
        authenticated: Callable[[Connection], None],
        released: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        # Bound once: they are called for every batch of lines that comes.
        self._watch = loop.watch
        self._set_timer = loop.set_timer
        self._emit = loop.emit
        self.limits = limits
        self._served = served
        self._authenticated = authenticated
        self._released = released
        self.meter = CpuMeter()
        """Of reading; the loop has it begin anew each turn."""
        self._hints = TokenBucket(HINTS, 0.0)
        self.backlog = Backlog(limits, transport.taken)
        """Whose output waits."""
        self.connections: set[Connection] = set()
        """All of the thread's."""
        self.read_bytes = self.refused = self.slow = 0
        """Since the start, for any thread to look at: bytes without TLS, beginnings that led to
        nothing, and those that read too slowly.
        """
        self.stopping = False

    def attend(self, connection: Connection, events: int) -> None:
        """Do what is to be done at a connection. events: READ, WRITE and TIME, whichever came."""
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
        elif phase < Phase.OPEN:
            self._begin(connection)
        elif phase is Phase.DRAINING:
            self._flush(connection)
        elif phase is Phase.LINGERING:
            self._await_end(connection)

    # Beginning

    def adopt(self, connection: Connection) -> None:
        """Take over a connection, whose opening is set and whose socket doesn't block."""
        self.connections.add(connection)
        if self.stopping:
            self.drop(connection, "server is stopping")
            return
        self._watch(connection, READ)
        self._give_time(connection, connection.opening)

    def _give_time(self, connection: Connection, opening: Opening | None) -> None:
        seconds = opening.seconds if opening is not None else None
        self._set_timer(connection, self.limits.handshake_seconds if seconds is None else seconds)

    def _begin(self, connection: Connection) -> None:
        """One step of the opening that the listener has named."""
        opening = connection.opening
        assert opening is not None  # noqa: S101 - set until Phase.OPEN
        if connection.phase is Phase.RAW:
            # The opening may replace the socket, which no selector may know then.
            self._watch(connection, 0)
        try:
            wanted = opening.step(connection)
        except LostError as lost:
            if isinstance(lost, WrongProtocolError) and self._hints.available(self._loop.now):
                self._hints.spend(1)
                opening.explain(connection)
            self._refuse(connection, lost)
            return
        if wanted == ENDED:
            self._say_goodbye(connection)
        elif wanted:
            self._watch(connection, wanted)
            if opening.renewed:
                opening.renewed = False
                self._served(connection)
                self._give_time(connection, opening)
        else:
            self._open(connection, opening)

    def _open(self, connection: Connection, opening: Opening) -> None:
        connection.phase = Phase.OPEN
        connection.opening = None
        self._loop.forget_timer(connection)
        connection.framing = opening.framing()
        connection.join = connection.framing.join
        connection.bucket = TokenBucket(self.limits.unauthenticated_rate, self._loop.now)
        self._emit(Opened(connection))
        self._watch(connection, READ)
        self._read(connection)  # the first lines may have come with the handshake's last record

    def _refuse(self, connection: Connection, lost: LostError) -> None:
        address, port, reason = connection.address, connection.port, str(lost)
        if isinstance(lost, CheckedError):
            log.debug("ended %s port %d: %s", address, port, reason)
        else:
            log.info("refused %s port %d: %s", address, port, reason)
            self.refused += 1
        self.drop(connection, reason)

    def mark_authenticated(self, connection: Connection) -> None:
        """Somebody has logged in on it: let it speak at the full rate."""
        # The order was on its way while the connection may have ended.
        if connection.phase is not Phase.OPEN:
            return
        connection.authenticated = True
        self._authenticated(connection)
        self._take_rate(connection)

    def take_limits(self, limits: IoLimits) -> None:
        """Go on with other limits, at the connections too that are there."""
        self.limits = self.backlog.limits = limits
        for connection in self.connections:
            self._take_rate(connection)

    def _take_rate(self, connection: Connection) -> None:
        if connection.phase is not Phase.OPEN or connection.bucket is None:
            return
        if connection.authenticated:
            connection.bucket.change(self.limits.rate, self._loop.now)
            if not connection.interest & READ:
                self._set_timer(connection, 0.0)  # it waits at the old rate, perhaps for long

    # Reading

    def _read(self, connection: Connection) -> None:
        began = time.monotonic()
        heard = transport.receive(connection, freely=connection.authenticated)
        if heard.more:
            self._loop.look_again(connection)
        seconds = min(self.meter.seconds(began), MOST_CHARGED_SECONDS)
        self.read_bytes += len(heard.data)
        # Before its end: what it said last, such as a QUIT, counts.
        self._take(connection, heard.data, seconds)
        if heard.ended:
            self.drop(connection, heard.ended)
        elif heard.stuck and connection.phase is Phase.OPEN:
            self._pause(connection, STUCK_SECONDS)

    def _take(self, connection: Connection, data: bytes, seconds: float = 0.0) -> bool:
        """Hand on the lines that the rate allows; False when the others must wait. seconds: of CPU
        that it took to read the data.
        """
        framing, bucket = connection.framing, connection.bucket
        assert framing is not None  # noqa: S101 - set with Phase.OPEN
        assert bucket is not None  # noqa: S101
        # What the hub has not come to yet counts: it may be long in doing what was said at once.
        unheard = connection.handed - connection.done
        space = max(0, bucket.burst - unheard)
        lines = framing.feed(data, min(space, bucket.available(self._loop.now)))
        bucket.spend(framing.weight, seconds)
        if lines:
            connection.handed += len(lines)
            self._emit(Lines(connection, lines))
        if (framing.answer or framing.ended) and not self._answer(connection, framing):
            return False
        if not framing.has_line and not bucket.in_debt:
            return True
        busy = min(max(BUSY_SECONDS, bucket.seconds_of(unheard) / 4), MOST_BUSY_SECONDS)
        self._pause(connection, max(bucket.wait(), 0.0 if space else busy))
        return False

    def _answer(self, connection: Connection, framing: Framing) -> bool:
        """Tell the peer what its framing has to say; whether the connection goes on."""
        if framing.ended:
            self._note_end(connection, framing.ended)
        if framing.answer:
            self.deliver([((connection,), framing.answer)])
        if framing.ended:
            self._close(connection, framing.ended)
        return connection.phase is Phase.OPEN

    def _pause(self, connection: Connection, seconds: float) -> None:
        """Read no more of it for a while, as it is too fast or its TLS is stuck."""
        # Nothing is dropped: what it sends meanwhile fills its own buffers, and then it waits.
        self._loop.look_no_more(connection)
        self._watch(connection, connection.interest & ~READ)
        self._set_timer(connection, seconds)

    def _resume(self, connection: Connection) -> None:
        if self._take(connection, b""):
            self._loop.forget_timer(connection)
            self._watch(connection, connection.interest | READ)
            self._loop.look_again(connection)

    def _hear_out(self, connection: Connection, reason: str) -> None:
        """Drop a connection whose peer takes nothing more, after what it said before."""
        # As far as its rate allows: who wants all of it to count says QUIT and waits for the end.
        if connection.phase is Phase.OPEN:
            if connection.interest & READ:
                self._read(connection)
            else:
                self._take(connection, b"")
        self.drop(connection, reason)

    # Writing

    def deliver(self, deliveries: Sequence[tuple[Sequence[Connection], bytes]]) -> None:
        """Write (connections, bytes) in their order.

        Each connection gets one write: at once, or when the last of its deliveries is known.
        """
        # Two writes would be two TLS records and two system calls, which cost more than the bytes.
        twice = transport.served_twice(deliveries) if len(deliveries) > 1 else frozenset()
        fresh: list[Connection] = []
        for connections, data in deliveries:
            once = connections
            if not twice.isdisjoint(connections):
                fresh += transport.queue([one for one in connections if one in twice], data)
                once = [one for one in connections if one not in twice]
            fresh += transport.send_at_once(once, data)
        for connection in fresh:
            if connection not in self.backlog:  # or the selector tells when it can take more
                self._flush(connection)
        if self.backlog:
            for verdict in self.backlog.overfull(self._loop.now):
                self.slow += 1
                self.drop(*verdict)

    def look_at_the_slow(self) -> None:
        """Drop those whose time has come and who took too little of what waits for them."""
        for connection, verdict in self.backlog.look(self._loop.now):
            if verdict is not None:
                self.slow += 1
                self.drop(*verdict)
            elif connection.phase is Phase.OPEN:
                self._emit(Taken(connection))

    def _flush(self, connection: Connection) -> None:
        try:
            if not transport.send(connection):
                self._block(connection)
                return
        except LostError as lost:
            self._hear_out(connection, str(lost))
            return
        if connection in self.backlog:
            self.backlog.discard(connection)
            self._watch(connection, connection.interest & ~WRITE)
        if connection.phase is Phase.DRAINING:
            self._say_goodbye(connection)

    def _block(self, connection: Connection) -> None:
        if connection not in self.backlog:
            self.backlog.add(connection, self._loop.now)
            self._watch(connection, connection.interest | WRITE)

    # Ending

    def stop(self) -> None:
        """Close all; they get what waits for them, within the drain time. None comes any more."""
        self.stopping = True
        for connection in list(self.connections):
            self._close(connection, "server is stopping")

    def close(self, closings: Iterable[tuple[Connection, str]]) -> None:
        """Close (connection, reason) once what waits for it is written."""
        for connection, reason in closings:
            self._close(connection, reason)

    def _close(self, connection: Connection, reason: str) -> None:
        if connection.phase is not Phase.OPEN:
            if connection.phase < Phase.OPEN:
                self.drop(connection, reason)
            return
        if connection.framing is not None and (farewell := connection.framing.farewell):
            connection.out.append(farewell)
            connection.out_bytes += len(farewell)
        connection.phase = Phase.DRAINING
        connection.close_reason = reason
        connection.framing = None  # the lines in it are for nobody now
        self._loop.look_no_more(connection)
        self._watch(connection, WRITE if connection.out else 0)
        self._set_timer(connection, self.limits.drain_seconds)
        connection.drained_by = self._loop.now + self.limits.most_drain_seconds
        if connection in self.backlog:
            self.backlog.add(connection, self._loop.now)  # it is judged anew, by its last output
        self._flush(connection)

    def _note_end(self, connection: Connection, reason: str) -> None:
        """Note what the peer had when it ended the connection in order, if it did."""
        # A reset looks like an end when another call has been told of it: much may be on its way.
        # After the end of a WebSocket it is sent nothing more, though its socket goes on a while.
        if (
            reason == transport.CLOSED_BY_CLIENT
            and connection.phase is Phase.OPEN
            and transport.had_all(connection)
        ):
            connection.obeyed = self._loop.obeyed

    def _too_late(self, connection: Connection) -> None:
        phase = connection.phase
        if phase < Phase.OPEN:
            assert connection.opening is not None  # noqa: S101 - set until Phase.OPEN
            self._refuse(connection, connection.opening.too_late())
        elif self.stopping or phase is Phase.LINGERING or not self._drain_on(connection):
            self.drop(connection, connection.close_reason)

    def _drain_on(self, connection: Connection) -> bool:
        """Whether one that is to be closed has more time to take its last output."""
        now = self._loop.now
        if now > connection.drained_by or not self.backlog.goes_on(connection, now):
            return False
        self._set_timer(connection, self.limits.drain_seconds)
        return True

    def _say_goodbye(self, connection: Connection) -> None:
        """Say our end, and wait for the peer's."""
        # What it still sends is read and thrown away: for an unread byte the kernel would reset the
        # connection (RFC 1122, section 4.2.2.13), and the peer lose our last words.
        connection.phase = Phase.LINGERING
        try:
            transport.say_goodbye(connection)
        except LostError:
            self.drop(connection, connection.close_reason)
            return
        self._watch(connection, READ)
        self._set_timer(connection, self.limits.linger_seconds)

    def _await_end(self, connection: Connection) -> None:
        if transport.throw_away(connection):
            self.drop(connection, connection.close_reason)

    def make_room(self, connection: Connection) -> None:
        """Drop one that has not logged in, with a word if that can be said without waiting."""
        if connection.authenticated:
            return  # it has logged in meanwhile
        if connection.phase < Phase.OPEN:
            self._refuse(connection, LostError("too many connections that have not logged in"))
            return
        if connection.phase is Phase.OPEN and not connection.out:
            connection.out.append(connection.join([NO_ROOM]))
            with suppress(LostError):  # it is dropped in any case
                transport.send(connection)
        self.drop(connection, "made room for a newer one, as it had not logged in")

    def drop(self, connection: Connection, reason: str) -> None:
        """Close at once and forget."""
        if connection.phase is Phase.CLOSED:
            return
        opened = connection.opening is None  # Opened was told of it
        self._note_end(connection, reason)
        connection.phase = Phase.CLOSED
        # Before close(): the next socket that opens may get the same number.
        self._watch(connection, 0)
        self._loop.forget_timer(connection)
        connection.sock.close()
        connection.out.clear()
        connection.framing = None
        self._loop.look_no_more(connection)
        self.backlog.discard(connection)
        self.connections.discard(connection)
        self._released(connection)
        if opened:
            self._emit(Closed(connection, reason))
