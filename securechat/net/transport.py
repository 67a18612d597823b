"""Reads, writes and ends the socket of an open connection. I/O thread only.

Nothing here waits, watches or decides: each function does what can be done at once and says how
far it came. A connection that is lost on the way is a LostError.
"""

from __future__ import annotations

import fcntl
import socket
import ssl
import sys
import termios
from collections.abc import Iterable, Sequence, Set
from contextlib import suppress
from typing import NamedTuple

from securechat.net.connection import Connection, Phase
from securechat.net.errors import LostError

RECORD = 16384
"""The most that one TLS record holds, and so what one recv() gives (RFC 8446, section 5.1)."""

# Records read from one connection in one turn: a client sends a record a line, and reading few of
# them at a time costs several times as much in all.
MAX_RECORDS = 64

# Bytes read from one connection in one turn, so that nobody fills the memory or the turn.
MAX_READ = 65536

# The same of one who has not logged in; and bytes as one record has, so that a thousand of them,
# each with what it may not say yet, take some 20 MiB.
UNAUTHENTICATED_RECORDS = 16

CLOSED_BY_CLIENT = "closed by the client"

ALERT = 31
"""Bytes of a TLS alert on the wire: 31 in TLS 1.2, 24 in TLS 1.3. Every line takes more."""

# Bytes written to one connection in one turn, of megabytes that may wait for it: less than a
# millisecond, then it is the others' turn.
MAX_WRITE = 1 << 18

# Bytes that TLS is given at once: of a larger write nobody could say how far it has come before all
# of it is done, and it couldn't be given up for another.
PART = 1 << 16

BYTES_ACKED = slice(120, 128)
"""Where Linux has them in its struct tcp_info."""


class Heard(NamedTuple):
    """What was read. data: what has come. more: whether TLS may hold more that no selector knows
    of. stuck: whether TLS has something to say first that the peer doesn't take. ended: how, if it
    has.
    """

    data: bytes
    more: bool = False
    stuck: bool = False
    ended: str = ""


def receive(connection: Connection, *, freely: bool = True) -> Heard:
    """Read what has come, up to what a turn has room for; more of it when `freely` is true."""
    most_bytes, most_records = (
        (MAX_READ, MAX_RECORDS) if freely else (RECORD, UNAUTHENTICATED_RECORDS)
    )
    chunks, size = [], 0
    recv = connection.sock.recv
    more, stuck, ended = False, False, ""
    while True:
        try:
            data = recv(RECORD)
        except ssl.SSLWantReadError:
            break
        except ssl.SSLWantWriteError:  # as for the answer to a KeyUpdate
            stuck = True
            break
        except (OSError, ValueError) as error:
            ended = reason_of(error)
            break
        if not data:
            ended = CLOSED_BY_CLIENT
            break
        chunks.append(data)
        size += len(data)
        if size >= most_bytes or len(chunks) >= most_records:
            more = True
            break
    return Heard(chunks[0] if len(chunks) == 1 else b"".join(chunks), more, stuck, ended)


def send(connection: Connection) -> bool:
    """Write what waits, so much as a turn has room for; whether it was all. Raises LostError."""
    out = connection.out
    left = MAX_WRITE
    while out:
        if left <= 0:
            return False
        if not connection.blocked and len(out) > 1 and len(out[0]) < RECORD:
            _join(out, connection.out_bytes)
        # A write that TLS could not finish is repeated with the same bytes, as it must be.
        part = out[0] if len(out[0]) <= PART else memoryview(out[0])[:PART]
        try:
            sent = connection.sock.send(part)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            connection.blocked = True
            return False
        except (OSError, ValueError) as error:
            raise LostError(reason_of(error)) from None
        connection.blocked = False
        connection.out_bytes -= sent
        connection.sent += sent
        left -= sent
        if sent < len(out[0]):
            out[0] = memoryview(out[0])[sent:]  # no copy: there may be megabytes left
        else:
            del out[0]
    return True


def _join(out: list[bytes | memoryview], size: int) -> None:
    """Make one of what waits, or of as much of it as fills some records."""
    count = len(out)
    if size > PART:
        size = count = 0
        while count < len(out) and size < PART:
            size += len(out[count])
            count += 1
    out[:count] = [b"".join(out[:count])]


def taken(connection: Connection) -> int:
    """Bytes that the peer's system has taken by now; what our own has, where that can't be told."""
    # What only our own system has doesn't count: it takes megabytes for a peer that reads nothing.
    try:
        info = connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_ACKED.stop)
    except (OSError, AttributeError):  # it is lost, or this is no Linux
        return connection.sent
    if len(info) < BYTES_ACKED.stop:  # a kernel that doesn't count it yet
        return connection.sent
    return int.from_bytes(info[BYTES_ACKED], sys.byteorder)


def send_at_once(connections: Iterable[Connection], data: bytes) -> list[Connection]:
    """Write the same bytes to all that have nothing waiting; with the others they wait. Returns
    those for whom it could not be done, and who have them waiting now.
    """
    # In a channel this is nearly all that is ever written, and nobody has anything waiting: hence
    # no queue in between.
    failed, size = [], len(data)
    part = data if size <= PART else memoryview(data)[:PART]
    for connection in connections:
        sent = 0
        if not connection.out:
            if connection.phase is not Phase.OPEN:
                continue  # its end is said: what comes now is for nobody
            try:
                sent = connection.sock.send(part)
                if sent == size:
                    continue
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                connection.blocked = True
            except (OSError, ValueError):
                pass  # it is lost, as the next try shows
            failed.append(connection)
        connection.out.append(memoryview(data)[sent:] if sent else data)
        connection.out_bytes += size - sent
    return failed


def served_twice(deliveries: Iterable[tuple[Sequence[Connection], bytes]]) -> Set[Connection]:
    """The connections that get more than one of the deliveries."""
    seen: set[Connection] = set()
    twice: set[Connection] = set()
    for connections, _ in deliveries:
        twice.update(seen.intersection(connections))
        seen.update(connections)
    return twice


def queue(connections: Iterable[Connection], data: bytes) -> list[Connection]:
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


def all_acknowledged(connection: Connection) -> bool:
    """Whether the peer's kernel has acknowledged every byte that ours has taken; true also where
    this system can't tell.
    """
    # What it has not was on its way while the peer said what we have heard.
    return not _unacknowledged(connection)


def had_all(connection: Connection) -> bool:
    """all_acknowledged(), for a peer that has just ended."""
    # OpenSSL answers an end without close_notify with an alert of its own, which nobody
    # acknowledges any more.
    return _unacknowledged(connection) <= ALERT


def _unacknowledged(connection: Connection) -> int:
    """Bytes that the peer's kernel has not acknowledged; 0 where this system can't tell."""
    try:
        found = fcntl.ioctl(connection.sock.fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError):
        return 0
    return int.from_bytes(found, sys.byteorder)


def say_goodbye(connection: Connection) -> None:
    """close_notify and FIN. Raises LostError."""
    with suppress(OSError, ValueError):  # WantRead: the peer's close_notify isn't there yet
        _tls(connection).unwrap()
    try:
        connection.sock.shutdown(socket.SHUT_WR)
    except OSError as error:
        raise LostError(reason_of(error)) from None


def throw_away(connection: Connection) -> bool:
    """Read some of what a peer still sends after the end; whether its own end has come."""
    for _ in range(MAX_RECORDS):  # who sends without end must not keep the thread here
        try:
            if not connection.sock.recv(RECORD):
                return True
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return False
        except (OSError, ValueError):
            return True
    return False


def _tls(connection: Connection) -> ssl.SSLSocket:
    if connection.tls is None:
        raise RuntimeError("TLS has not begun")
    return connection.tls


def reason_of(error: Exception) -> str:
    """Why a connection is lost, in a few words for the log."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS error").replace("_", " ").lower()
    return str(getattr(error, "strerror", None) or "connection lost").lower()
