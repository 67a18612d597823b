"""What comes to the port: requests for the page, and its WebSockets. A thread for each."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Final

from securechat.client.exits import CertificateError, UnreachableError
from securechat.client.open.stand_in import StandIn
from securechat.client.open.tunnel import Tunnel, refuse
from securechat.client.wire.receiver import STEADY
from securechat.common.language import translated
from securechat.common.record import State, field
from securechat.common.threads import NamedThread
from securechat.web.http import HttpConnection, Rules, Stage
from securechat.web.websocket import WebSocketFraming

MOST_VISITS: Final = 64
"""Connections at once: a browser opens six for a tab's files, and one for its talk."""

MOST_TUNNELS: Final = 16
"""Tabs that talk at once."""

REQUEST_SECONDS: Final = 5.0
"""For the whole of a request, and for taking its answer."""

IDLE_SECONDS: Final = 60.0
"""That a connection is kept for a next request."""

READ_BYTES: Final = 1 << 16


class Entry(State):
    """What all visits share.

    rules: what is served. dial: opens a verified connection to the server; raises UnreachableError
    or CertificateError. refused: is told why that failed; by any thread. ending: can be read when
    all is to end. dropped: is told that a server has hung up at once; by any thread.
    """

    rules: Rules
    stand_in: StandIn
    dial: Callable[[], ssl.SSLSocket]
    refused: Callable[[str], None]
    ending: socket.socket
    dropped: Callable[[], None] = lambda: None
    tunnels: threading.Semaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_TUNNELS)
    )


class Visit(NamedThread):
    """One connection of a browser. number: for the thread's name. left: called at its end."""

    def __init__(
        self, number: int, browser: socket.socket, entry: Entry, left: Callable[[Visit], None]
    ) -> None:
        super().__init__(f"page-{number}")
        self._browser = browser
        self._entry = entry
        self._left = left
        self._has_tunnel = False

    def run(self) -> None:
        """The thread's life."""
        try:
            with self._browser:
                http = HttpConnection(self._entry.rules, self._no_room)
                with contextlib.suppress(OSError):
                    if self._converse(http):
                        self._talk(WebSocketFraming(http.opcode, http.came))
        finally:
            if self._has_tunnel:
                self._entry.tunnels.release()
            self._left(self)

    def _no_room(self) -> str:
        self._has_tunnel = self._entry.tunnels.acquire(blocking=False)
        return "" if self._has_tunnel else "too many tabs of this page are open"

    def _converse(self, http: HttpConnection) -> bool:
        """Answer requests; whether a WebSocket has come of it. Raises OSError."""
        until = time.monotonic() + IDLE_SECONDS
        while http.stage is Stage.REQUESTS:
            answer = http.receive(b"")  # of what has come already
            if not answer:
                data = self._hear(until)
                if not data:
                    return False
                if http.between:
                    until = time.monotonic() + REQUEST_SECONDS
                answer = http.receive(data)
            if answer:
                self._browser.settimeout(REQUEST_SECONDS)
                self._browser.sendall(answer)
                until = time.monotonic() + IDLE_SECONDS
        return http.stage is Stage.WEBSOCKET

    def _hear(self, until: float) -> bytes:
        """What comes; nothing when it ends, or all is to end, or it is too late."""
        both = [self._browser, self._entry.ending]
        ready, _, _ = select.select(both, [], [], max(0.0, until - time.monotonic()))
        if self._entry.ending in ready or not ready:
            return b""
        return self._browser.recv(READ_BYTES)

    def _talk(self, framing: WebSocketFraming) -> None:
        # Only now, and not before the WebSocket is open: a page is told nothing of why that failed.
        try:
            server = self._entry.dial()
        except (UnreachableError, CertificateError) as error:
            text = translated(error)
            self._entry.refused(text)
            refuse(self._browser, framing, text)
            return
        entry = self._entry
        tunnel = Tunnel(self._browser, framing, server, entry.stand_in, entry.ending)
        began = time.monotonic()
        tunnel.run()
        if tunnel.hung_up and time.monotonic() - began < STEADY:
            entry.dropped()
