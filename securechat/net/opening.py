"""Begins connections: does all that comes before the first line. I/O thread only.

Each listener names an Opening for its connections. Here it is TLS and then lines; that of
securechat.web has HTTP behind TLS, and a framing of its own.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE

from securechat.net.connection import Connection, Opening, Phase
from securechat.net.errors import EndedError, LostError, WrongProtocolError
from securechat.net.framing import Framing, LineFraming
from securechat.net.tls import client_fingerprint
from securechat.net.transport import RECORD, reason_of

TLS_HANDSHAKE = 0x16
"""The first byte of any TLS connection (RFC 8446, section 5.1, ContentType)."""

TLS_ONLY = b"ERROR :TLS only; connect with TLS on this port\r\n"
"""All that ever travels in plaintext, and it is the same for everybody."""

TYPED = frozenset(b"\t\r\n" + bytes(range(0x20, 0x7F)))
"""Bytes that a chat client's first line may begin with."""

# How a browser or scanner begins: it would take our line for an answer of HTTP/0.9.
WEB_METHODS = (
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DEL",
    b"OPTIONS",
    b"CONN",
    b"TRACE",
    b"PAT",
    b"PRI",
)


class TlsOpening(Opening):
    """TLS from the first byte. One object serves all connections of a listener.

    context: for the server's side of TLS. framing: makes what cuts the bytes of one connection
    into lines.
    """

    seconds: float | None = None
    renewed = False

    def __init__(
        self, context: ssl.SSLContext, framing: Callable[[], Framing] = LineFraming
    ) -> None:
        self.context = context
        """Of the handshakes to come."""
        self.framing = framing

    def use(self, context: ssl.SSLContext) -> None:
        """Take another context for the handshakes to come; what is open stays as it is. Any thread
        may call.
        """
        self.context = context  # one assignment, which needs no lock

    def step(self, connection: Connection) -> int:
        """First byte, then the handshake. See Opening."""
        if connection.phase is Phase.RAW:
            if not tls_begins(connection):
                return EVENT_READ
            begin_tls(connection, self.context)
            connection.phase = Phase.HANDSHAKE
        return handshake(connection)

    def explain(self, connection: Connection) -> None:
        """One line in plaintext, to what looks like a client. See Opening."""
        say_tls_only(connection)

    def too_late(self) -> LostError:
        """See Opening."""
        return LostError("the TLS handshake took too long")


def tls_begins(connection: Connection) -> bool:
    """Whether the first byte is there, and is TLS. Raises LostError."""
    try:
        first = connection.sock.recv(1, socket.MSG_PEEK)  # it is left there for OpenSSL
    except BlockingIOError:
        return False
    except OSError as error:
        raise EndedError(f"connection lost ({error.strerror})") from None
    if not first:
        raise EndedError("closed by the client before TLS began")
    if first[0] != TLS_HANDSHAKE:
        raise WrongProtocolError("plaintext; this server speaks TLS only")
    return True


def say_tls_only(connection: Connection) -> None:
    """Send one line to a peer that began without TLS and may be a person's client, which shows it.

    Of what it said only so much is looked at as tells a client from a browser or another program.
    """
    with suppress(OSError):  # it has gone
        # Taken off the socket, as for an unread byte the kernel would reset the connection, and the
        # line be lost.
        said = connection.sock.recv(RECORD)
        if said[0] in TYPED and not said.startswith(WEB_METHODS):
            connection.sock.send(TLS_ONLY)
            connection.sock.shutdown(socket.SHUT_WR)


def begin_tls(connection: Connection, context: ssl.SSLContext) -> None:
    """Put TLS over the socket, which no selector may know any more. Raises LostError."""
    try:
        # Not on connect, which Python refuses where the socket doesn't block.
        tls = context.wrap_socket(connection.sock, server_side=True, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        raise LostError(f"connection lost ({error})") from None
    connection.sock = connection.tls = tls


def handshake(connection: Connection) -> int:
    """Go on with the handshake. Returns what to watch for until the next step, 0 when TLS stands.

    Raises LostError.
    """
    tls = connection.tls
    if tls is None:
        raise RuntimeError("TLS has not begun")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return EVENT_READ
    except ssl.SSLWantWriteError:
        return EVENT_WRITE
    except (OSError, ValueError) as error:
        raise LostError(f"TLS handshake failed: {reason_of(error)}") from None
    connection.fingerprint = client_fingerprint(tls)
    return 0
