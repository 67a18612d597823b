"""What a browser does: it asks for pages, and talks by a WebSocket."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.frames import CLOSE, PING, PONG, TEXT, masked
from tests.support.links import TlsLink, checked

HANDSHAKE = {
    "Host": "chat.test",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "text.ircv3.net",
}


def request(target: str = "/", method: str = "GET", **headers: str) -> bytes:
    """A request of HTTP/1.1, with a host."""
    lines = [f"{name}: {value}" for name, value in {"Host": "chat.test", **headers}.items()]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode()


def handshake(**headers: str) -> bytes:
    """The request for a WebSocket; headers beside those that it needs."""
    return request("/socket", **{**HANDSHAKE, **headers})


class Answer(NamedTuple):
    """head: with the status, as text. body: what came behind it, of the length that it says."""

    head: str
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.split(" ")[1])


class Browser:
    """One connection of a browser, before it is a WebSocket. options: of TlsLink."""

    def __init__(self, port: int, ca: Path, **options: Any) -> None:
        self.sock: ssl.SSLSocket = TlsLink(port, ca, **options).sock
        self.rest = b""

    def asks(self, data: bytes) -> Answer:
        """The answer to a request. Raises EOFError when there is none."""
        self.sock.sendall(data)
        return self.hears()

    def hears(self) -> Answer:
        """The next answer. Raises EOFError when there is none."""
        while b"\r\n\r\n" not in self.rest:
            self._receive()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        text = head.decode("ascii")
        _, _, size = text.lower().partition("content-length: ")
        length = int(size.split("\r\n")[0]) if size else 0
        while len(self.rest) < length:
            self._receive()
        body, self.rest = self.rest[:length], self.rest[length:]
        return Answer(text, body)

    def _receive(self) -> None:
        try:
            data = self.sock.recv(65536)
        except (ssl.SSLEOFError, ConnectionError):
            data = b""
        if not data:
            raise EOFError("the server has closed the connection")
        self.rest += data

    def hears_the_end(self) -> bytes:
        """All until the server closes, in order or not."""
        try:
            while True:
                self._receive()
        except EOFError:
            return self.rest

    def close(self) -> None:
        self.sock.close()


class WebLink(TlsLink):
    """A WebSocket: a line is a message. pongs, closed: what came beside them. Options as of
    TlsLink, and headers of the handshake.
    """

    def __init__(
        self, port: int, ca: Path, *, headers: dict[str, str] | None = None, **options: Any
    ) -> None:
        browser = Browser(port, ca, **options)
        answer = browser.asks(handshake(**(headers or {})))
        if answer.status != 101:
            raise ConnectionError(answer.head)
        self.sock = browser.sock
        self._rest = browser.rest
        self._lines = []  # type: ignore[assignment]
        self.pongs: list[bytes] = []
        self.closed: bytes | None = None

    def send(self, lines: Sequence[bytes]) -> None:
        self.sock.sendall(b"".join(map(masked, lines)))

    def receive(self) -> str:
        while True:
            frame = self._next()
            if frame is None:
                data = self.sock.recv(65536)
                if not data:
                    raise EOFError("the server has closed the connection")
                self._rest += data
                continue
            opcode, payload = frame
            if opcode == TEXT:
                return checked(payload.decode())
            if opcode == CLOSE:
                self.closed = payload
            elif opcode == PONG:
                self.pongs.append(payload)
            else:
                assert opcode == PING
                self.sock.sendall(masked(payload, PONG))

    def _next(self) -> tuple[int, bytes] | None:
        """The first frame that has wholly come."""
        rest = self._rest
        if len(rest) < 2:
            return None
        size, start = rest[1], 2
        if size == 126:
            size, start = int.from_bytes(rest[2:4], "big"), 4
        assert size < 1 << 16
        if len(rest) < start + size:
            return None
        self._rest = rest[start + size :]
        return rest[0] & 0x0F, rest[start : start + size]

    def has_more(self) -> bool:
        return bool(self._rest) or super().has_more()
