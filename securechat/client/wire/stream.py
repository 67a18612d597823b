"""One TLS connection, bytes to messages and back. Only the receiving thread may use it, as an
`ssl.SSLSocket` must not be read by one thread while another one writes.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
from collections.abc import Sequence

from securechat.common.threads import Waker
from securechat.irc.framing import TOO_LONG, LineBuffer
from securechat.irc.message import Message, MessageError, parse

# Bytes of one line: 8,191 of tags and 512 of body (message-tags), and room for sloppy servers.
MAX_INCOMING = 16384

# Bytes of a line behind its tags; 510 by the specification. Longer ones are passed over.
MAX_BODY = 4096

# Bytes that wait to be sent: a server that asks and never reads would have us keep them all.
MAX_UNSENT = 4 << 20

RECORD = 16384
"""Bytes of one TLS record, read or written at once (RFC 8446, section 5.1)."""

# Records read before what they say is dealt with, so that no PING among them has to wait long.
READS_A_TURN = 16


WATCH = {
    "TCP_KEEPIDLE": 10,  # seconds of silence until the system asks
    "TCP_KEEPINTVL": 5,  # seconds from question to question
    "TCP_KEEPCNT": 3,  # questions without an answer
    "TCP_USER_TIMEOUT": 20_000,  # milliseconds in which what was sent has to arrive
}
"""How a host that has lost its power or its network is noticed, where the server may be found
elsewhere: within 25 seconds, and not in the minute and a half of our own PING (liveness.py).
"""


class ConnectionLostError(Exception):
    """The connection is gone; the text says how."""


class Wire:
    """A connection to the server, as messages.

    tls: connected and past its handshake; it belongs to the Wire from now on. waker: ends wait().
    """

    def __init__(self, tls: ssl.SSLSocket, waker: Waker) -> None:
        tls.setblocking(False)
        self._tls = tls
        self._waker = waker
        self._lines = LineBuffer(MAX_INCOMING)
        self._unsent = bytearray()
        # How the connection ended, kept until what came before it has been dealt with. TLS may end
        # while TCP stays open, and then no selector would wake us a second time for it.
        self._ended = ""
        self._selector = selectors.DefaultSelector()
        self._selector.register(tls, selectors.EVENT_READ)
        self._selector.register(waker.receiver, selectors.EVENT_READ)

    def wait(self, timeout: float | None) -> None:
        """Wait until there may be something to read, room to write, or a call of wake()."""
        wish = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._selector.modify(self._tls, wish)
        # What TLS has decrypted already, no selector knows of.
        self._selector.select(0 if self._ended or self._tls.pending() else timeout)
        self._waker.reset()  # before the inbox is looked at: what comes later wakes again

    def read(self) -> list[Message]:
        """The messages that have arrived, perhaps none. Raises ConnectionLostError."""
        if self._ended:
            raise ConnectionLostError(self._ended)
        messages: list[Message] = []
        for _ in range(READS_A_TURN):
            try:
                data = self._tls.recv(RECORD)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError as error:
                self._ended = reason_of(error)
                break
            if not data:
                self._ended = "the server closed the connection"
                break
            messages += [message for line in self._lines.feed(data) if (message := _message(line))]
        return messages

    def write(self, lines: Sequence[str]) -> None:
        """Send lines, now or when there is room. Raises ConnectionLostError."""
        for line in lines:
            # What was typed or piped may hold lone surrogates, which have no UTF-8.
            self._unsent += line.encode(errors="replace") + b"\r\n"
        self.flush()
        if len(self._unsent) > MAX_UNSENT:
            raise ConnectionLostError("the server doesn't read what we send")

    def flush(self) -> None:
        """Send what there is room for. Raises ConnectionLostError."""
        while self._unsent:
            try:
                sent = self._tls.send(bytes(self._unsent[:RECORD]))
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                raise ConnectionLostError(reason_of(error)) from None
            del self._unsent[:sent]

    def watch(self) -> None:
        """See watch()."""
        watch(self._tls)

    def close(self) -> None:
        """Close the connection, whatever its state."""
        self._selector.close()
        with contextlib.suppress(OSError, ValueError):  # it may be lost long since
            self._tls.setblocking(False)
            self._tls.unwrap()  # says that this end is the true one; the answer isn't awaited
        self._tls.close()


def reason_of(error: OSError) -> str:
    """An error of a socket or of TLS in a few words, without numbers and brackets."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return "TLS: " + (error.reason or str(error)).replace("_", " ").lower()
    return (error.strerror or str(error) or type(error).__name__).lower()


def _message(line: bytes) -> Message | None:
    """The message in line; None for what is no message."""
    # Passed over and not told of: there is nothing sensible to show.
    body_at = line.find(b" ") + 1 if line[:1] == b"@" else 0
    if line is TOO_LONG or len(line) - body_at > MAX_BODY:
        return None
    try:
        return parse(line.decode(errors="replace"))
    except MessageError:
        return None


def watch(tls: ssl.SSLSocket) -> None:
    """Have the system look whether the host is still there: that costs neither side's program
    anything. As far as this system can.
    """
    tls.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in WATCH.items():
        if (option := getattr(socket, name, None)) is not None:
            tls.setsockopt(socket.IPPROTO_TCP, option, value)
