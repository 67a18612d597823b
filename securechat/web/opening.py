"""Begins a browser's connection: TLS, then requests of HTTP, and then perhaps a WebSocket.

One object for each connection; its I/O thread only. Nothing of HTTP gets further than here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from selectors import EVENT_READ, EVENT_WRITE
from typing import Final

from securechat.net import transport
from securechat.net.connection import ENDED, Connection, Opening
from securechat.net.errors import CheckedError, EndedError, LostError
from securechat.net.framing import Framing
from securechat.net.opening import TlsOpening
from securechat.web.http import HttpConnection, Rules, Stage
from securechat.web.websocket import WebSocketFraming

log = logging.getLogger(__name__)

REQUEST_SECONDS: Final = 5.0
"""From accept to the end of the first answer, and from each answer to the end of the next one."""


class WebOpening(Opening):
    """See Opening.

    tls: how TLS begins. rules: what is served. stays: called before a WebSocket is opened; raises
    LostError when there is no room for it.
    """

    seconds = REQUEST_SECONDS

    def __init__(self, tls: TlsOpening, rules: Rules, stays: Callable[[Connection], None]) -> None:
        self._tls = tls
        self._has_tls = False
        self._stays = stays
        self._http = HttpConnection(rules, self._no_room)
        self._connection: Connection | None = None
        self.renewed = False

    def framing(self) -> Framing:
        """That of the WebSocket."""
        return WebSocketFraming(self._http.opcode, self._http.came)

    def step(self, connection: Connection) -> int:
        """See Opening."""
        if not self._has_tls:
            if wanted := self._tls.step(connection):
                return wanted
            self._has_tls = True
            self._connection = connection
        if connection.out and not transport.send(connection):
            return EVENT_WRITE
        if self._http.stage is Stage.REQUESTS and not self._answer(connection):
            return EVENT_READ
        if connection.out and not transport.send(connection):
            return EVENT_WRITE
        if self._http.stage is Stage.REQUESTS:
            # One answer a step: of many requests that came together the others wait their turn.
            return EVENT_WRITE
        return 0 if self._http.stage is Stage.WEBSOCKET else ENDED

    def _answer(self, connection: Connection) -> bool:
        """Whether there is an answer to send, or may be more to read. Raises LostError."""
        answer = self._http.receive(b"")  # of what has come already
        more = False
        if not answer:
            heard = transport.receive(connection, freely=False)
            answer = self._http.receive(heard.data) if heard.data else b""
            if heard.ended and not answer:
                raise self._gone(heard.ended)
            more = heard.more
        if answer:
            connection.out.append(answer)
            connection.out_bytes += len(answer)
            self.renewed = True
        return bool(answer) or more or self._http.stage is not Stage.REQUESTS

    def _gone(self, reason: str) -> LostError:
        served = self._http.answered and self._http.between
        return CheckedError(reason) if served else EndedError(reason)

    def _no_room(self) -> str:
        assert self._connection is not None  # noqa: S101 - requests come behind TLS
        try:
            self._stays(self._connection)
        except LostError as lost:
            # For the log alone: it tells of others.
            log.warning("refused %s a WebSocket: %s", self._connection.address, lost)
            return "all connections are in use, or those from your address; try again later"
        return ""

    def explain(self, connection: Connection) -> None:
        """See Opening: to something without TLS nothing is said."""

    def too_late(self) -> LostError:
        """See Opening."""
        if not self._has_tls:
            return self._tls.too_late()
        if self._http.answered and self._http.between:
            return CheckedError("asked for nothing more")
        return LostError("the request, or taking its answer, took too long")
