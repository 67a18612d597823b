"""Who may open a WebSocket, and of which kind."""

from __future__ import annotations

from http import HTTPStatus

import h11
import pytest
from websockets.frames import Opcode

from securechat.web.upgrade import UpgradeRefusedError, upgrade

HEADERS = {
    "host": "chat.test:8443",
    "upgrade": "websocket",
    "connection": "keep-alive, Upgrade",  # as Firefox says it
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}
OWN = "https://chat.test:8443"
ORIGINS = [OWN, "https://irc.example", None]
TEXT, BINARY = "text.ircv3.net", "binary.ircv3.net"


def asked(*more: tuple[str, str], without: str = "") -> h11.Request:
    headers = [(key, value) for key, value in HEADERS.items() if key != without]
    return h11.Request(method="GET", target="/socket", headers=[*headers, *more])


def refused(request: h11.Request) -> UpgradeRefusedError:
    with pytest.raises(UpgradeRefusedError) as caught:
        upgrade(request, ORIGINS)
    return caught.value


def test_the_answer() -> None:
    """No more than the handshake needs; above all no extension, which would cost memory."""
    answer = upgrade(asked(("sec-websocket-extensions", "permessage-deflate")), ORIGINS)
    assert dict(answer.headers) == {
        b"upgrade": b"websocket",
        b"connection": b"Upgrade",
        b"sec-websocket-accept": b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    }
    assert answer.opcode is Opcode.TEXT


@pytest.mark.parametrize("origin", [OWN, "https://irc.example"])
def test_pages_that_may(origin: str) -> None:
    """This server's own, and those that the administrator names."""
    assert upgrade(asked(("origin", origin)), ORIGINS).headers


def test_a_program_that_says_none_may() -> None:
    """It is no browser, and could say any."""
    assert upgrade(asked(), ORIGINS).headers


@pytest.mark.parametrize(
    "origin",
    [
        "null",  # a page in a sandbox, a file, a redirect
        "",
        "https://chat.test",
        "http://chat.test:8443",
        "https://chat.test:8443/",
        "https://chat.test:84430",
        "https://chat.test:8443.evil.example",
        "https://evil.example/https://chat.test:8443",
        "https://xirc.example",
        "https://irc.example.evil.example",
        "HTTPS://IRC.EXAMPLE",
        f"{OWN} https://evil.example",
        f"{OWN}, https://evil.example",
    ],
)
def test_pages_that_may_not(origin: str) -> None:
    """The whole origin counts, letter by letter."""
    assert refused(asked(("origin", origin))).status == HTTPStatus.FORBIDDEN


def test_two_origins_are_none() -> None:
    """Whichever comes first."""
    both = [("origin", OWN), ("origin", "https://evil.example")]
    assert refused(asked(*both)).status == HTTPStatus.BAD_REQUEST
    assert refused(asked(*reversed(both))).status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("version", ["", "8", "12", "14", "130", "13, 8"])
def test_other_versions(version: str) -> None:
    """The one that is spoken is told (RFC 6455, section 4.4)."""
    told = refused(asked(("sec-websocket-version", version), without="sec-websocket-version"))
    assert told.status == HTTPStatus.UPGRADE_REQUIRED
    assert (b"sec-websocket-version", b"13") in told.headers


@pytest.mark.parametrize("key", ["", "short", "x" * 24, "dGhlIHNhbXBsZSBub25jZQ==" * 2])
def test_a_key_that_is_none(key: str) -> None:
    """16 bytes by base64."""
    told = refused(asked(("sec-websocket-key", key), without="sec-websocket-key"))
    assert told.status == HTTPStatus.BAD_REQUEST
    assert str(told) == "expected another Sec-WebSocket-Key"


@pytest.mark.parametrize("name", ["sec-websocket-key", "sec-websocket-version", "upgrade"])
def test_a_handshake_that_lacks_something(name: str) -> None:
    """All of it is needed."""
    assert refused(asked(without=name)).status in (400, 426)


@pytest.mark.parametrize(
    ("offered", "chosen", "opcode"),
    [
        ([f"{TEXT}, {BINARY}"], TEXT, Opcode.TEXT),
        ([f"{BINARY}, {TEXT}"], BINARY, Opcode.BINARY),
        ([BINARY, TEXT], BINARY, Opcode.BINARY),
        ([f"chat, {BINARY}"], BINARY, Opcode.BINARY),
        (["chat"], None, Opcode.TEXT),
        ([BINARY.upper()], None, Opcode.TEXT),
    ],
)
def test_the_client_chooses_the_subprotocol(
    offered: list[str], chosen: str | None, opcode: Opcode
) -> None:
    """In its order, in one header or several; none that it hasn't offered is said."""
    more = [("sec-websocket-protocol", value) for value in offered]
    answer = upgrade(asked(*more), ORIGINS)
    said = dict(answer.headers).get(b"sec-websocket-protocol")
    assert said == (chosen.encode() if chosen else None)
    assert answer.opcode is opcode


def test_no_more_is_asked_of_a_refusal_than_its_text() -> None:
    """What came isn't quoted."""
    told = refused(asked(("origin", "https://evil.example")))
    assert "evil" not in f"{told} {told.headers}"


@pytest.mark.parametrize("name", ["sec-websocket-key", "origin"])
def test_a_control_character_is_refused(name: str) -> None:
    """Of which h11 lets some pass, and the library none; they are in nothing that is answered."""
    answer = refused(asked((name, "a\x01b"), without=name))
    assert answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
    assert "\x01" not in str(answer)
