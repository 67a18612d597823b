"""Passes lines on between a WebSocket of the page and the server's TLS port. One thread each."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
from typing import Final

from websockets.frames import CloseCode

from securechat.client.open.stand_in import StandIn
from securechat.client.wire.stream import MAX_INCOMING, RECORD
from securechat.irc.framing import TOO_LONG, LineBuffer
from securechat.web.websocket import WebSocketFraming

HELD_BYTES: Final = 1 << 18
"""Of what one side has sent and the other hasn't taken; then the first one is no longer read."""

LAST_SECONDS: Final = 2.0
"""For the peer of a WebSocket to take what is left, and to close its half."""

GOING_AWAY: Final = b"\x88\x02" + struct.pack("!H", CloseCode.GOING_AWAY)
"""The command has ended: whoever is at its port later is somebody else, so the page must not come
back (RFC 6455, section 7.4.1).
"""

TOO_LONG_LINE: Final = b":securechat 417 * :Input line was too long\r\n"


class Tunnel:
    """Both ends, which belong to it from now on, and don't block.

    ending: can be read when all is to end.
    """

    def __init__(
        self,
        browser: socket.socket,
        framing: WebSocketFraming,
        server: ssl.SSLSocket,
        stand_in: StandIn,
        ending: socket.socket,
    ) -> None:
        browser.setblocking(False)
        server.setblocking(False)
        self._browser, self._server, self._ending = browser, server, ending
        self._framing = framing
        self._stand_in = stand_in
        self._lines = LineBuffer(MAX_INCOMING)
        self._to_browser = bytearray()
        self._to_server = bytearray()
        self.hung_up = False
        """Whether it was the server that has closed."""

    def run(self) -> None:
        """Until one of the ends has closed, or all ends."""
        last = self._framing.farewell
        with contextlib.suppress(OSError):  # of the browser: it has gone
            goes_on = self._from_browser(b"")  # what came together with the handshake
            while goes_on and self._pass_on():
                if self._wait():
                    last = GOING_AWAY
                    break
        self._end(last)

    def _pass_on(self) -> bool:
        """What can be; whether both ends are there. Raises OSError for the browser's."""
        if len(self._to_server) < HELD_BYTES and not self._hear_browser():
            return False
        try:
            there = len(self._to_browser) >= HELD_BYTES or self._hear_server()
            _send(self._server, self._to_server)
        except OSError:
            there = False
        self.hung_up = not there
        _send(self._browser, self._to_browser)
        return there

    def _wait(self) -> bool:
        """Until there is something to do; whether all is to end."""
        reads, writes = [self._ending], []
        if len(self._to_server) < HELD_BYTES:
            reads.append(self._browser)
        hears_server = len(self._to_browser) < HELD_BYTES
        if hears_server:
            reads.append(self._server)
        if self._to_browser:
            writes.append(self._browser)
        if self._to_server:
            writes.append(self._server)
        # What TLS has decrypted already, select() doesn't know of.
        at_once = hears_server and self._server.pending()
        ready, _, _ = select.select(reads, writes, [], 0 if at_once else None)
        return self._ending in ready

    def _hear_browser(self) -> bool:
        try:
            data = self._browser.recv(RECORD)
        except BlockingIOError:
            return True
        return bool(data) and self._from_browser(data)

    def _from_browser(self, data: bytes) -> bool:
        """Whether the WebSocket goes on."""
        for line in self._framing.feed(data):
            if line is TOO_LONG:
                self._to_browser += self._framing.join([TOO_LONG_LINE])
                continue
            for one in self._stand_in.put_in(line):
                self._to_server += one + b"\r\n"
        self._to_browser += self._framing.answer
        return not self._framing.ended

    def _hear_server(self) -> bool:
        try:
            data = self._server.recv(RECORD)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        # Browsers hang up on text that isn't UTF-8.
        self._to_browser += self._framing.join(
            line.decode(errors="replace").encode() + b"\r\n"
            for line in self._lines.feed(data)
            if line is not TOO_LONG
        )
        return bool(data)

    def _end(self, last: bytes) -> None:
        with self._server, contextlib.suppress(OSError, ValueError):  # it may be lost long since
            self._server.settimeout(LAST_SECONDS)
            self._server.sendall(self._to_server)  # what was said last before a tab was closed
            self._server.setblocking(False)
            self._server.unwrap()
        finish(self._browser, bytes(self._to_browser) + (b"" if self._framing.ended else last))


def refuse(browser: socket.socket, framing: WebSocketFraming, text: str) -> None:
    """End a WebSocket that leads nowhere, and say why."""
    said = framing.join([f"ERROR :{' '.join(text.split())}\r\n".encode()])
    finish(browser, said + framing.farewell)


def finish(browser: socket.socket, last: bytes) -> None:
    """Send what is left, wait a little for the other half to close, and close."""
    with browser, contextlib.suppress(OSError):
        browser.settimeout(LAST_SECONDS)
        browser.sendall(last)
        # To close while there is something unread would throw away what was just sent.
        browser.shutdown(socket.SHUT_WR)
        while browser.recv(RECORD):
            pass


def _send(end: socket.socket, waiting: bytearray) -> None:
    while waiting:
        try:
            sent = end.send(bytes(waiting[:RECORD]))
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        del waiting[:sent]
