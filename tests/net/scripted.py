"""Connections over scripted sockets, and over a pair of them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import cast

from securechat.net.connection import Connection

Step = bytes | int | Exception


class Script:
    """A socket whose calls end as written: bytes that come, numbers of bytes that went, errors."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.sent: list[bytes | memoryview] = []

    def _next(self) -> bytes | int:
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = self._next()
        assert isinstance(data, bytes)
        assert len(data) <= size
        return data

    def send(self, data: bytes) -> int:
        self.sent.append(data)
        went = self._next()
        assert isinstance(went, int)
        return went


def scripted(*steps: Step) -> tuple[Connection, Script]:
    script = Script(*steps)
    return Connection(cast(socket.socket, script), "192.0.2.1", 4711, 0), script


@contextlib.contextmanager
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection without TLS, and its peer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield Connection(ours, "192.0.2.1", 4711, 0), theirs


@contextlib.contextmanager
def pair_over_tcp() -> Iterator[tuple[Connection, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname(), timeout=20)
        ours, _ = listener.accept()
    with peer:
        ours.setblocking(False)
        yield Connection(ours, "127.0.0.1", 4711, 0), peer
