"""An I/O thread without rules behind it: what it reads is collected, and clients talk to it."""

from __future__ import annotations

import contextlib
import gc
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

from securechat.net.connection import Closed, Connection, Input, Lines, Opened
from securechat.net.loop import Callbacks, IoThread
from securechat.net.opening import TlsOpening
from securechat.net.throttle import IoLimits, Rate

PATIENCE = 20.0
"""Seconds until a test gives up waiting."""

FREELY = Rate(lines=1e6, burst=1e6)

SMALL = 4096
"""A kernel buffer that is soon full."""


def at(rate: Rate) -> IoLimits:
    """One rate for all, and as much output."""
    return IoLimits(rate=rate, unauthenticated_rate=rate, unauthenticated_out_bytes=1 << 20)


class Visit(NamedTuple):
    """Both ends of a connection: the server's, and the client's TLS socket."""

    connection: Connection
    client: ssl.SSLSocket

    def says(self, *lines: str) -> None:
        self.client.sendall("".join(line + "\r\n" for line in lines).encode())

    def hears(self, size: int) -> bytes:
        """So many bytes, fewer when the server ends before."""
        data = b""
        while len(data) < size:
            piece = self.client.recv(size - len(data))
            if not piece:
                break
            data += piece
        return data

    def hears_the_end(self) -> bytes:
        """Everything up to the server's close_notify; an end without one is an error."""
        data = b""
        while piece := self.client.recv(65536):
            data += piece
        return data

    def resets(self) -> None:
        """Gone without a word, as when the machine behind it dies."""
        linger = b"\1\0\0\0\0\0\0\0"
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.client.close()


class IoUnderTest:
    """server, client: the contexts of both sides."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext, limits: IoLimits) -> None:
        self._client = client
        self.inputs: queue.SimpleQueue[Input] = queue.SimpleQueue()
        self.released: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self.behind = False
        self.keeps_up = True
        """Whether what was handed on counts as done."""
        self.authenticated: list[Connection] = []
        self.failures: list[BaseException] = []
        self.on_line: Callable[[Connection, bytes], None] = lambda connection, line: None
        call = Callbacks(
            self._take,
            lambda: self.behind,
            lambda connection: None,
            self.authenticated.append,
            self.released.put,
            self.failures.append,
        )
        self.opening = TlsOpening(server)
        self.thread = IoThread(0, limits, call)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.thread.start()

    def _take(self, inputs: list[Input]) -> None:
        for item in inputs:
            self.inputs.put(item)
            if isinstance(item, Lines):
                item.connection.done += len(item.lines) if self.keeps_up else 0
                for line in item.lines:
                    self.on_line(item.connection, line)

    def close(self) -> None:
        self.thread.stop()
        for end in self._ends:
            end.close()
        self.thread.join(PATIENCE)
        self._listener.close()
        assert not self.thread.alive

    def knocks(self, *, small: bool = False) -> tuple[Connection, socket.socket]:
        """A TCP connection that the thread has been given. small: with small kernel buffers."""
        raw = socket.socket()
        raw.settimeout(PATIENCE)
        if small:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        raw.connect(self._listener.getsockname())
        accepted, (address, port) = self._listener.accept()
        if small:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        accepted.setblocking(False)
        connection = Connection(accepted, address, port, 0)
        self.thread.adopt(connection, self.opening)
        self._ends.append(raw)
        return connection, raw

    def visit(self, *, small: bool = False) -> Visit:
        """A connection with TLS, whose Opened has come."""
        connection, raw = self.knocks(small=small)
        client = self._client.wrap_socket(
            raw, server_hostname="localhost", suppress_ragged_eofs=False
        )
        self._ends.append(client)
        assert self.next() == Opened(connection)
        return Visit(connection, client)

    def next(self) -> Input:
        """The next thing that was read."""
        return self.inputs.get(timeout=PATIENCE)

    def lines(self, visit: Visit, count: int) -> list[bytes]:
        """So many lines of one connection, which is the only one that speaks."""
        lines: list[bytes] = []
        while len(lines) < count:
            item = self.next()
            assert isinstance(item, Lines)
            assert item.connection is visit.connection
            lines += item.lines
        return lines

    def end(self, visit: Visit) -> str:
        """Why the connection is gone, which is the next thing to be heard."""
        item = self.next()
        assert isinstance(item, Closed)
        assert item.connection is visit.connection
        return item.reason

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Meanwhile the thread does nothing: what is sent lies ready for it, all at once."""
        holding, go = threading.Event(), threading.Event()

        def hold(connection: Connection, line: bytes) -> None:
            # Not at an earlier line, whose turn may not be over: nobody would open the visit.
            if line == b"hold the thread":
                holding.set()
                assert go.wait(PATIENCE)

        before, self.on_line = self.on_line, hold
        visit = self.visit()
        visit.says("hold the thread")
        assert holding.wait(PATIENCE)
        self.on_line = before
        try:
            yield
        finally:
            go.set()
        assert self.lines(visit, 1) == [b"hold the thread"]

    def settles(self, visit: Visit) -> None:
        """Returns when the thread has done all that it was told before."""
        visit.says("settled?")
        assert self.lines(visit, 1) == [b"settled?"]


@contextlib.contextmanager
def io_under_test(
    server: ssl.SSLContext, client: ssl.SSLContext, limits: IoLimits | None = None
) -> Iterator[IoUnderTest]:
    """A running I/O thread, with no bound on the rate unless limits say so."""
    # A collection looks through all that the tests have loaded, in the middle of anybody's read.
    # The reader is charged for it: where a rate is tiny, nothing more is heard of them. A server
    # tames the collector at its start.
    gc.disable()
    opened = IoUnderTest(server, client, limits or at(FREELY))
    try:
        yield opened
    finally:
        opened.close()
        gc.enable()
    assert opened.failures == []
