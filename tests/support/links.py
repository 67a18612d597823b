"""What the client of the tests is connected by: lines go in, lines come out."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from securechat.core.model.entities import Session
from securechat.irc.message import MAX_BODY_BYTES, parse

PATIENCE = 20.0
"""Seconds until a test gives up waiting for a line."""


class Link(Protocol):
    """What a client is connected by. settles: whether all that follows from a line has come when
    send() returns; else a client has to ask with a PING.
    """

    settles: bool

    def send(self, lines: Sequence[bytes]) -> None:
        """Send lines, each without CR LF."""

    def receive(self) -> str:
        """The next line, without CR LF; waits for it. Raises EOFError when the server has closed,
        and TimeoutError after PATIENCE.
        """

    def has_more(self) -> bool:
        """Whether receive() has something to tell at once."""

    def close(self, reason: str) -> None:
        """End the connection. reason: what the server makes of it; without one the usual."""

    @property
    def session(self) -> Session:
        """What the rules know the connection as, where they run in this process."""


class TlsLink:
    """A socket with TLS. source: the address to come from, such as any other one of 127.0.0.0/8.
    before: bytes that stand before TLS, as a balancer sends them. patience: seconds of waiting.
    """

    settles = False

    def __init__(
        self,
        port: int,
        ca: Path,
        *,
        host: str = "127.0.0.1",
        certificate: Path | None = None,
        source: str = "",
        before: bytes = b"",
        patience: float = PATIENCE,
    ) -> None:
        context = ssl.create_default_context(cafile=str(ca))
        if certificate is not None:
            context.load_cert_chain(certificate)
        raw = socket.create_connection((host, port), patience, (source, 0) if source else None)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.sendall(before)
        self.sock = context.wrap_socket(raw, server_hostname="localhost")
        self._rest = b""
        self._lines: deque[bytes] = deque()

    def send(self, lines: Sequence[bytes]) -> None:
        self.sock.sendall(b"".join(line + b"\r\n" for line in lines))

    def receive(self) -> str:
        while not self._lines:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("the server has closed the connection")
            *lines, self._rest = (self._rest + data).split(b"\r\n")
            self._lines.extend(lines)
        return checked(self._lines.popleft().decode())

    def has_more(self) -> bool:
        """Part of a line, or an end, counts too."""
        if self._lines or self.sock.pending():
            return True
        return bool(select.select([self.sock], [], [], 0)[0])

    def close(self, reason: str = "") -> None:
        with contextlib.suppress(OSError):
            self.sock.close()

    @property
    def session(self) -> Session:
        raise TypeError("whoever comes by a socket has no session that a test can look at")


def checked(line: str) -> str:
    """Every line that is delivered has to be one that a client can read."""
    body = line.partition(" ")[2] if line.startswith("@") else line
    assert len(body.encode()) <= MAX_BODY_BYTES, f"too long for the protocol: {line}"
    assert parse(line).command, line
    return line
