"""A link that becomes a WebSocket behind TLS (RFC 6455), as the page's does."""

from __future__ import annotations

import select
import ssl
from collections.abc import Iterable
from functools import lru_cache

from benchlib.link import Address, Link, LostError

HANDSHAKE = (
    "GET /socket HTTP/1.1\r\n"
    "Host: {host}:{port}\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: text.ircv3.net\r\n\r\n"
)

TEXT, CLOSE = 1, 8
FIN = MASKED = 0x80
TWO_BYTES = 126
"""In the place of a length: that it stands in the next two bytes."""

KEY = b"\0\0\0\0"
"""Of the mask: the server's work is the same for any, and there is none for the load."""


class WebLink(Link):
    """A Link that gives lines of IRC, each with its end, out of messages, and makes messages of
    lines.
    """

    __slots__ = ("_asked", "_open", "_request", "_rest")

    def __init__(self, address: Address, context: ssl.SSLContext, epoll: select.epoll) -> None:
        super().__init__(address, context, epoll)
        self._request = HANDSHAKE.format(host=address.host, port=address.port).encode()
        self._asked = False
        self._rest = b""
        self._open = False

    @property
    def is_open(self) -> bool:
        """See Link."""
        return self._open

    def ready(self, events: int) -> bytes:
        """See Link. Raises LostError also for a server that opens no WebSocket."""
        data = super().ready(events)
        if not self.secured:
            return b""
        if not self._asked:
            self._asked = True
            super().send([self._request])
        self._rest += data
        if not self._open:
            self._await_answer()
        return self._lines() if self._open and self._rest else b""

    def _await_answer(self) -> None:
        head, end, rest = self._rest.partition(b"\r\n\r\n")
        if end:
            if not head.startswith(b"HTTP/1.1 101 "):
                raise LostError(f"no WebSocket: {head[:40].decode(errors='replace')}")
            self._open, self._rest = True, rest

    def _lines(self) -> bytes:
        """What the messages say that have wholly come."""
        lines, self._rest = unframed(self._rest)
        return lines

    def send(self, lines: Iterable[bytes]) -> None:
        """See Link."""
        super().send([_framed(line[:-2]) for line in lines])


@lru_cache(maxsize=64)
def unframed(data: bytes) -> tuple[bytes, bytes]:
    """The messages of whole frames as lines, and what is left. Raises LostError.

    The members of a room get the same bytes: once made out, they are not the load's work again.
    """
    at, lines = 0, []
    while len(data) - at >= 4:
        size, start = data[at + 1], at + 2
        if size == TWO_BYTES:
            size, start = data[at + 2] << 8 | data[at + 3], at + 4
        end = start + size
        if end > len(data):
            break
        opcode = data[at] & 0x0F
        if opcode == TEXT:
            lines.append(data[start:end])
        elif opcode != CLOSE:  # behind which the server closes
            raise LostError(f"the server sent a frame of opcode {opcode}")
        at = end
    return b"".join([line + b"\r\n" for line in lines]), data[at:]


def _framed(data: bytes) -> bytes:
    size = len(data)
    if size < TWO_BYTES:
        return bytes((FIN | TEXT, MASKED | size)) + KEY + data
    return bytes((FIN | TEXT, MASKED | TWO_BYTES)) + size.to_bytes(2, "big") + KEY + data
