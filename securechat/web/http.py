"""One connection of HTTP/1.1 as a server has it: bytes in, bytes out. Pure; one thread at a time.

RFC 9112 by h11, RFC 9110 for what is answered. It serves files and says which connection becomes a
WebSocket; it knows no socket, and nothing of the chat.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email.utils import formatdate
from enum import Enum, auto
from hmac import compare_digest
from http import HTTPStatus
from typing import Final, NamedTuple

import h11
from websockets.frames import Opcode

from securechat.web.headers import SECURITY, Headers
from securechat.web.site import StaticFile
from securechat.web.upgrade import WEBSOCKET_PATHS, UpgradeRefusedError, upgrade

HEAD_BYTES: Final = 8_192
"""A request's headers; browsers send some 1,000."""

HEAD_LINES: Final = 100
"""The same in lines, each of which takes its time; browsers send some 20."""

TARGET_BYTES: Final = 2_048

REQUESTS: Final = 200
"""On one connection: several times what the whole page takes."""

ALLOWED: Final = b"GET, HEAD"

NO_PAGE: Final = "there is no such page here"

_HOST: Final = re.compile(rb"[A-Za-z0-9._~%:\[\]-]*")
"""Letters of a host and a port (RFC 9110, section 7.2)."""

_HEAD_END: Final = re.compile(rb"\n\r?\n")


class Stage(Enum):
    """What a connection waits for."""

    REQUESTS = auto()
    ENDING = auto()
    """Nothing more is read; what waits to be sent is the last."""
    WEBSOCKET = auto()
    """What waits to be sent is the handshake's end; then messages come."""


class Rules(NamedTuple):
    """What is served, and to whom.

    find: gives the file of a path without its first slash, or None. origins: gives those from which
    a page may open a WebSocket, by the Host header that its request has. hosts: whether a Host
    header is one of ours. more: headers beside SECURITY. below: how all paths must begin; find is
    given what follows. It may be a secret, so nothing at all is told without it.
    """

    find: Callable[[str], StaticFile | None]
    origins: Callable[[str], list[str | None]]
    hosts: Callable[[str], bool] = lambda host: True
    more: Headers = []  # noqa: RUF012 - never changed
    below: str = ""


class RefusedError(Exception):
    """The request gets this status. headers: what belongs to it. ends: the connection with it, as
    for a request whose end isn't known.
    """

    def __init__(
        self, status: HTTPStatus, text: str, headers: Headers | None = None, *, ends: bool = False
    ) -> None:
        super().__init__(text)
        self.status, self.text, self.headers, self.ends = status, text, headers or [], ends


class HttpConnection:
    """Takes requests one after the other, each when the answer to the one before is taken away.

    no_room: asked before a WebSocket is opened; why it can't be, '' when it can. clock: seconds
    since 1970. stage: what it waits for. opcode, came: of a WebSocket, see WebSocketFraming.
    answered: how many requests there were.
    """

    def __init__(
        self,
        rules: Rules,
        no_room: Callable[[], str] = str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rules = rules
        self._no_room = no_room
        self._clock = clock
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * HEAD_BYTES)
        self.stage = Stage.REQUESTS
        self.opcode = Opcode.TEXT
        self.came = b""
        self.answered = 0
        self._is_head = False
        """Whether the last request may have no body in its answer (RFC 9110, section 9.3.2)."""

    @property
    def between(self) -> bool:
        """Whether nothing has come since the last answer."""
        return self._http.their_state is h11.IDLE and not self._http.trailing_data[0]

    def receive(self, data: bytes) -> bytes:
        """Take what has come, and return what is to be sent: one answer at most. b"" as data asks
        for the next one, of requests that came together.
        """
        if data:
            self._http.receive_data(data)
        try:
            request = self._next_request()
        except h11.RemoteProtocolError as error:
            return self._refuse(_of_h11(error))
        except RefusedError as refused:
            return self._refuse(refused)
        return self._answer(request) if request is not None else b""

    def _next_request(self) -> h11.Request | None:
        """The next whole one. Raises RefusedError."""
        if self.stage is not Stage.REQUESTS:
            return None
        if self._http.their_state is h11.IDLE:
            _check_lines(self._http.trailing_data[0])
        request = None
        self._is_head = False
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                request = event
                self._is_head = request.method == b"HEAD"
                _check(request)
            else:
                # Without a body its end comes with its head; else there is nothing whole yet.
                return request if isinstance(event, h11.EndOfMessage) else None

    def _answer(self, request: h11.Request) -> bytes:
        self.answered += 1
        path = request.target.decode("ascii", "replace").partition("?")[0][1:]
        try:
            path = _rest_of(path, self._rules.below)
            host = _only(request, b"host")
            if not self._rules.hosts(host):
                raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST, "this is another host's page")
            if path in WEBSOCKET_PATHS and _only(request, b"upgrade"):
                return self._upgrade(request, host)
            if request.method not in (b"GET", b"HEAD"):
                raise RefusedError(
                    HTTPStatus.METHOD_NOT_ALLOWED, "expected GET or HEAD", [(b"allow", ALLOWED)]
                )
            found = self._rules.find(path)
            if found is None:
                raise RefusedError(HTTPStatus.NOT_FOUND, NO_PAGE)
        except RefusedError as refused:
            return self._refuse(refused)
        return self._send_file(request, found)

    def _upgrade(self, request: h11.Request, host: str) -> bytes:
        """Raises RefusedError."""
        if self._http.their_state is not h11.MIGHT_SWITCH_PROTOCOL:  # type: ignore[attr-defined]
            raise RefusedError(HTTPStatus.BAD_REQUEST, "expected Connection: Upgrade")
        if request.method != b"GET":
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "expected GET", [(b"allow", b"GET")])
        if request.http_version < b"1.1":
            raise RefusedError(HTTPStatus.BAD_REQUEST, "expected HTTP/1.1")
        try:
            upgraded = upgrade(request, self._rules.origins(host))
        except UpgradeRefusedError as refused:
            raise RefusedError(refused.status, str(refused), refused.headers) from None
        if why := self._no_room():
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, why, [(b"retry-after", b"10")])
        self.stage, self.opcode = Stage.WEBSOCKET, upgraded.opcode
        answer = self._http.send(
            h11.InformationalResponse(
                status_code=HTTPStatus.SWITCHING_PROTOCOLS,
                headers=[*upgraded.headers, *self._common()],
            )
        )
        # It may speak before it has our answer.
        self.came = bytes(self._http.trailing_data[0])
        return answer or b""

    def _send_file(self, request: h11.Request, file: StaticFile) -> bytes:
        if _knows(request, file.etag):
            return self._send(HTTPStatus.NOT_MODIFIED, file.headers(), b"")
        headers, body = file.headers(), file.body
        if _takes_gzip(request) and len(file.packed) < len(body):
            body = file.packed
            headers.append((b"content-encoding", b"gzip"))
        return self._send(HTTPStatus.OK, headers, body)

    def _refuse(self, refused: RefusedError) -> bytes:
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.stage = Stage.ENDING
            return b""
        text = f"{refused.status.value} {refused.status.phrase}: {refused.text}\n".encode()
        headers = [
            *refused.headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"cache-control", b"no-store"),
        ]
        if refused.ends:
            headers.append((b"connection", b"close"))
        return self._send(refused.status, headers, text)

    def _send(self, status: HTTPStatus, headers: Headers, body: bytes) -> bytes:
        """body: what a GET would get."""
        if status is not HTTPStatus.NOT_MODIFIED:
            headers = [*headers, (b"content-length", str(len(body)).encode())]
        if self.answered >= REQUESTS:
            headers = [*headers, (b"connection", b"close")]
        http = self._http
        sent = [
            http.send(
                h11.Response(
                    status_code=status,
                    headers=[*headers, *self._common()],
                    reason=status.phrase.encode(),
                )
            ),
            http.send(h11.Data(data=body)) if body and not self._is_head else b"",
            http.send(h11.EndOfMessage()),
        ]
        if http.our_state is h11.DONE and http.their_state is h11.DONE:
            http.start_next_cycle()
        else:
            self.stage = Stage.ENDING
        return b"".join(part or b"" for part in sent)

    def _common(self) -> Headers:
        date = formatdate(self._clock(), usegmt=True).encode()
        return [(b"date", date), *SECURITY, *self._rules.more]


def _check_lines(came: bytes) -> None:
    """Raises RefusedError for a head of too many lines, before each of them is looked at."""
    end = _HEAD_END.search(came)
    if came.count(b"\n", 0, end.start() if end else len(came)) > HEAD_LINES:
        raise RefusedError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"expected at most {HEAD_LINES} headers",
            ends=True,
        )


def _check(request: h11.Request) -> None:
    """Raises RefusedError for what is not read any further."""
    if not request.http_version.startswith(b"1."):
        raise RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "this is HTTP/1.1", ends=True)
    if len(request.target) > TARGET_BYTES:
        raise RefusedError(
            HTTPStatus.REQUEST_URI_TOO_LONG, f"expected at most {TARGET_BYTES} bytes", ends=True
        )
    if not request.target.startswith(b"/"):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "expected a path", ends=True)
    if sum(len(name) + len(value) for name, value in request.headers) > HEAD_BYTES:
        raise RefusedError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"expected at most {HEAD_BYTES} bytes of headers",
            ends=True,
        )
    if any(key == b"host" and not _HOST.fullmatch(host) for key, host in request.headers):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "expected another Host", ends=True)
    length = _only(request, b"content-length")
    if length.strip("0") or _only(request, b"transfer-encoding"):
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "expected a request without a body", ends=True
        )


def _rest_of(path: str, below: str) -> str:
    """The path behind how all begin. Raises RefusedError."""
    # The time that it takes doesn't tell how much of it was right.
    if not compare_digest(path[: len(below)].encode(), below.encode()):
        raise RefusedError(HTTPStatus.NOT_FOUND, NO_PAGE)
    return path[len(below) :]


def _only(request: h11.Request, name: bytes) -> str:
    """A header's value, '' without it."""
    for key, value in request.headers:
        if key == name:
            return value.decode("ascii", "replace")
    return ""


def _knows(request: h11.Request, etag: bytes) -> bool:
    """Whether the browser has it already (RFC 9110, section 13.1.2)."""
    asked = _only(request, b"if-none-match").split(",")
    tags = {tag.strip().removeprefix("W/") for tag in asked}
    return etag.decode().removeprefix("W/") in tags or "*" in tags


def _takes_gzip(request: h11.Request) -> bool:
    for offer in _only(request, b"accept-encoding").split(","):
        name, _, quality = offer.partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "").rstrip("0.") != "q="
    return False


def _of_h11(error: h11.RemoteProtocolError) -> RefusedError:
    """What h11 could not read. Its own words may quote the peer, so they are not used."""
    status = HTTPStatus(error.error_status_hint)
    if status is HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
        text = f"expected at most {HEAD_BYTES} bytes of headers"
    else:
        text = "this is no request of HTTP/1.1"
    return RefusedError(status, text, ends=True)
