"""The I/O thread: TLS handshakes, reading, splitting into lines, writing. It knows no rules.

Every connection belongs to one I/O thread for life, as a TLS connection must not be used from
two. Orders come in through a queue and a waker; what is read goes out in one batch per turn.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from securechat.irc.framing import LineBuffer
from securechat.net.connection import Closed, Connection, Input, Lines, Opened, Phase
from securechat.net.thread import Owner
from securechat.net.throttle import Rate, TokenBucket
from securechat.net.waker import Waker

log = logging.getLogger(__name__)

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

RECORD = 16384
"""The most that one TLS record holds, and so what one recv() gives (RFC 8446, section 5.1)."""

MAX_RECORDS = 64
"""Records read from one connection in one turn: a client sends a record a line, and reading few of
them at a time costs several times as much in all."""

MAX_READ = 65536
"""Bytes read from one connection in one turn, so that nobody fills the memory or the turn."""

TLS_HANDSHAKE = 0x16
"""The first byte of any TLS connection (RFC 8446, section 5.1, ContentType)."""


DEFAULT_RATE = Rate(lines=20.0, burst=100.0)


@dataclass(frozen=True, slots=True)
class IoLimits:
    """handshake_seconds: from accept to a finished handshake. out_bytes: unsent output of one
    connection. rate: of its lines. drain_seconds: for the last output of one that is closed.
    """

    handshake_seconds: float = 10.0
    out_bytes: int = 1 << 20
    rate: Rate = DEFAULT_RATE
    drain_seconds: float = 5.0
    linger_seconds: float = 2.0


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
        self._selector = selectors.DefaultSelector()
        self._waker = Waker()
        self._orders: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._inputs: list[Input] = []
        self._again: set[Connection] = set()
        self._blocked: set[Connection] = set()
        self._timers: list[tuple[float, int, Connection]] = []
        self._order = itertools.count()
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
            self._selector.register(self._waker.receiver, READ)
            while not (self._stopping and not self._connections):
                self._turn()
        except BaseException as error:
            self._failed(error)
        finally:
            self._waker.close()
            self._selector.close()

    def _turn(self) -> None:
        self._waker.sleep()
        timeout = 0.0 if self._orders or self._again else self._next_timer()
        ready = self._selector.select(timeout)
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
        self._run_timers()
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
            if events & READ and connection.phase is Phase.OPEN and not connection.backlog:
                self._read(connection)
        elif phase is Phase.RAW:
            self._first_byte(connection)
        elif phase is Phase.HANDSHAKE:
            self._handshake(connection)
        elif phase is Phase.DRAINING:
            self._flush(connection)
        elif phase is Phase.LINGERING:
            self._discard(connection)

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
            first = connection.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError as error:
            self._refuse(connection, f"connection lost ({error.strerror})")
            return
        if not first:
            self._refuse(connection, "closed by the client before TLS began")
        elif first[0] != TLS_HANDSHAKE:
            self._refuse(connection, "plaintext; this server speaks TLS only")
        else:
            self._begin_tls(connection)

    def _begin_tls(self, connection: Connection) -> None:
        self._watch(connection, 0)
        try:
            tls = self._context.wrap_socket(
                connection.sock, server_side=True, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as error:
            self._refuse(connection, f"connection lost ({error})")
            return
        connection.sock = connection.tls = tls
        connection.phase = Phase.HANDSHAKE
        self._handshake(connection)

    def _handshake(self, connection: Connection) -> None:
        tls = _tls(connection)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            self._watch(connection, READ)
        except ssl.SSLWantWriteError:
            self._watch(connection, WRITE)
        except (OSError, ValueError) as error:
            self._refuse(connection, f"TLS handshake failed: {_reason(error)}")
        else:
            self._open(connection)

    def _open(self, connection: Connection) -> None:
        connection.phase = Phase.OPEN
        connection.deadline = 0.0
        connection.buffer = LineBuffer()
        connection.bucket = TokenBucket(self._limits.rate, self._now)
        connection.certificate_name = _common_name(_tls(connection))
        self._inputs.append(Opened(connection))
        self._watch(connection, READ)
        self._read(connection)  # the first lines may have come with the handshake's last record

    def _refuse(self, connection: Connection, reason: str) -> None:
        log.info("refused %s port %d: %s", connection.address, connection.port, reason)
        self._drop(connection, reason)

    # Reading

    def _read(self, connection: Connection) -> None:
        chunks, size, records, reason = [], 0, 0, ""
        recv = connection.sock.recv
        while records < MAX_RECORDS and size < MAX_READ:
            try:
                data = recv(RECORD)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except (OSError, ValueError) as error:
                reason = _reason(error)
                break
            if not data:
                reason = "closed by the client"
                break
            chunks.append(data)
            size += len(data)
            records += 1
        else:
            self._again.add(connection)  # TLS may hold more that select() doesn't know of
        if chunks:
            self._split(connection, chunks[0] if len(chunks) == 1 else b"".join(chunks))
        if reason:
            self._finish_reading(connection, reason)

    def _split(self, connection: Connection, data: bytes) -> None:
        assert connection.buffer is not None  # noqa: S101 - set with Phase.OPEN
        assert connection.bucket is not None  # noqa: S101
        lines = connection.buffer.feed(data)
        granted = connection.bucket.take(len(lines), self._now)
        if granted < len(lines):
            connection.backlog = deque(lines[granted:])
            del lines[granted:]
            self._pause(connection)
        if lines:
            self._inputs.append(Lines(connection, lines))

    def _pause(self, connection: Connection) -> None:
        """Too fast: nothing is dropped, nothing more is read until the backlog has passed."""
        assert connection.bucket is not None  # noqa: S101
        self._again.discard(connection)
        self._watch(connection, connection.interest & ~READ)
        self._set_timer(connection, connection.bucket.wait(len(connection.backlog or ())))

    def _resume(self, connection: Connection) -> None:
        backlog, bucket = connection.backlog, connection.bucket
        if backlog is None or bucket is None:
            return
        granted = bucket.take(len(backlog), self._now)
        if granted:
            taken = [backlog.popleft() for _ in range(granted)]
            self._inputs.append(Lines(connection, taken))
        if backlog:
            self._pause(connection)
            return
        connection.backlog = None
        connection.deadline = 0.0
        self._watch(connection, connection.interest | READ)
        self._again.add(connection)

    def _finish_reading(self, connection: Connection, reason: str) -> None:
        """The peer has ended: its last lines, one read's worth at most, still count."""
        if connection.backlog:
            self._inputs.append(Lines(connection, list(connection.backlog)))
        self._drop(connection, reason)

    def _hear_out(self, connection: Connection, reason: str) -> None:
        """The peer takes nothing more; what it said before it went still counts."""
        if connection.phase is Phase.OPEN and not connection.backlog:
            self._read(connection)
        self._finish_reading(connection, reason)

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
        out = connection.out
        while out:
            if not connection.blocked and len(out) > 1:
                out[:] = [b"".join(out)]
            # A write that TLS could not finish is repeated with the same bytes, as it must be.
            try:
                sent = connection.sock.send(out[0])
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                self._block(connection)
                return
            except (OSError, ValueError) as error:
                self._hear_out(connection, _reason(error))
                return
            connection.blocked = False
            connection.out_bytes -= sent
            if sent < len(out[0]):
                out[0] = out[0][sent:]
            else:
                del out[0]
        if connection in self._blocked:
            self._blocked.discard(connection)
            self._watch(connection, connection.interest & ~WRITE)
        if connection.phase is Phase.DRAINING:
            self._say_goodbye(connection)

    def _block(self, connection: Connection) -> None:
        connection.blocked = True
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
        connection.backlog = None
        self._again.discard(connection)
        self._watch(connection, WRITE if connection.blocked else 0)
        self._set_timer(connection, self._limits.drain_seconds)
        self._flush(connection)

    def _say_goodbye(self, connection: Connection) -> None:
        """close_notify and FIN; then what the peer still sends is read and thrown away, as an
        unread byte would make the kernel reset the connection and the peer lose our last words.
        """
        connection.phase = Phase.LINGERING
        with suppress(OSError, ValueError):  # WantRead: the peer's close_notify isn't there yet
            _tls(connection).unwrap()
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(connection, connection.close_reason)
            return
        self._watch(connection, READ)
        self._set_timer(connection, self._limits.linger_seconds)

    def _discard(self, connection: Connection) -> None:
        for _ in range(MAX_RECORDS):  # who sends without end must not keep the thread here
            try:
                if not connection.sock.recv(RECORD):
                    break
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                return
            except (OSError, ValueError):
                break
        else:
            return
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
        connection.backlog = None
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

    # Watching and timing

    def _watch(self, connection: Connection, interest: int) -> None:
        before = connection.interest
        if interest == before:
            return
        connection.interest = interest
        if not before:
            self._selector.register(connection.sock, interest, connection)
        elif not interest:
            self._selector.unregister(connection.sock)
        else:
            self._selector.modify(connection.sock, interest, connection)

    def _set_timer(self, connection: Connection, seconds: float) -> None:
        """The connection's one deadline; an earlier one is forgotten."""
        connection.deadline = self._now + seconds
        heapq.heappush(self._timers, (connection.deadline, next(self._order), connection))

    def _next_timer(self) -> float | None:
        if not self._timers:
            return None
        return max(0.0, self._timers[0][0] - time.monotonic())

    def _run_timers(self) -> None:
        timers = self._timers
        while timers and timers[0][0] <= self._now:
            deadline, _, connection = heapq.heappop(timers)
            if connection.deadline == deadline:
                self._guarded(self._on_deadline, connection, 0)

    def _on_deadline(self, connection: Connection, _: int) -> None:
        phase = connection.phase
        if phase is Phase.OPEN:
            self._resume(connection)
        elif phase <= Phase.HANDSHAKE:
            self._refuse(connection, "the TLS handshake took too long")
        else:
            self._drop(connection, connection.close_reason)


def _tls(connection: Connection) -> ssl.SSLSocket:
    if connection.tls is None:
        raise RuntimeError("TLS has not begun")
    return connection.tls


def _reason(error: Exception) -> str:
    """A short text for the log; what a peer sent is never in it."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS error").replace("_", " ").lower()
    return str(getattr(error, "strerror", None) or "connection lost").lower()


def _common_name(tls: ssl.SSLSocket) -> str | None:
    """The name in a client certificate that the handshake has verified."""
    certificate: Any = tls.getpeercert()
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName":
                return str(value)
    return None
