"""The opening handshake of a WebSocket (RFC 6455, section 4.2), by the head of a request. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import h11
from websockets.datastructures import Headers as WebSocketHeaders
from websockets.exceptions import InvalidHeader, WebSocketException
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Origin, Subprotocol

from securechat.web.headers import Headers
from securechat.web.websocket import BINARY, SILENT, TEXT

WEBSOCKET_PATHS: Final = frozenset(["", "socket"])
"""Where a WebSocket may be opened, without the first slash: our page knows the second one, and what
others are told is often the address alone.
"""

_NEEDLESS: Final = frozenset(["date", "server"])
"""What the library says beside what the handshake needs."""

_OPCODES: Final = {TEXT: Opcode.TEXT, BINARY: Opcode.BINARY}


class Upgraded(NamedTuple):
    """headers: of the answer, with status 101. opcode: of the messages that the client gets."""

    headers: Headers
    opcode: Opcode


class UpgradeRefusedError(Exception):
    """status, headers: of the answer; the text says what was expected."""

    def __init__(self, status: HTTPStatus, text: str, headers: Headers) -> None:
        super().__init__(text)
        self.status, self.headers = status, headers


def upgrade(request: h11.Request, origins: Sequence[str | None]) -> Upgraded:
    """Accept a handshake. origins: exact ones, with None for a program that says none.

    Raises UpgradeRefusedError.
    """
    try:
        headers = WebSocketHeaders(
            (name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers
        )
    except WebSocketException:  # control characters, which h11 lets pass in any header
        text = "expected headers without control characters"
        raise UpgradeRefusedError(HTTPStatus.BAD_REQUEST, text, []) from None
    asked = Request(request.target.decode("ascii", "replace"), headers)
    protocol = ServerProtocol(
        origins=[None if one is None else Origin(one) for one in origins],
        select_subprotocol=_select,
        logger=SILENT,
    )
    answer = protocol.accept(asked)
    if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        raise _refused(HTTPStatus(answer.status_code), protocol.handshake_exc)
    answered = [
        (name.lower().encode(), value.encode())
        for name, value in answer.headers.raw_items()
        if name.lower() not in _NEEDLESS
    ]
    return Upgraded(answered, _OPCODES.get(str(protocol.subprotocol), Opcode.TEXT))


def _select(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """ "The server MUST accept any subprotocol it supports, respecting the client's order"."""
    return next((one for one in offered if one in _OPCODES), None)


def _refused(status: HTTPStatus, error: Exception | None) -> UpgradeRefusedError:
    # The library's own words quote what came.
    if status is HTTPStatus.FORBIDDEN:
        text = "expected a page of this server, or one that stands in origins of [web]"
    elif status is HTTPStatus.UPGRADE_REQUIRED or (
        # Also for another version (RFC 6455, section 4.4).
        isinstance(error, InvalidHeader) and error.name == "Sec-WebSocket-Version"
    ):
        return UpgradeRefusedError(
            HTTPStatus.UPGRADE_REQUIRED,
            "expected Upgrade: websocket and Sec-WebSocket-Version: 13",
            [(b"upgrade", b"websocket"), (b"sec-websocket-version", b"13")],
        )
    elif isinstance(error, InvalidHeader):
        text = f"expected another {error.name}"
    else:
        text = "expected the opening handshake of a WebSocket"
    return UpgradeRefusedError(status, text, [])
