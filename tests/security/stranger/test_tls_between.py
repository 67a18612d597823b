"""A stranger sits on the wire between our client and its server, and changes what passes.

The server is a real one, the client's side our own: what it reads is what it would show.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securechat.client.exits import UnreachableError
from securechat.client.session.identity import Address
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.client.wire.stream import ConnectionLostError, Wire
from securechat.common.threads import Waker
from securechat.irc.message import Message
from tests.security.stranger.hello import sized
from tests.security.stranger.relay import Meddle, Relay
from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest, running

SUPPORTED_VERSIONS, KEY_SHARE = 43, 51


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server that also lets TLS 1.2 in: there is something to be downgraded to."""
    directory = tmp_path / "data"
    with running(directory, "alice", "bob", tls={"min_version": "1.2"}) as server:
        yield server


def dials(server: ServerUnderTest, relay: Relay) -> Dialer:
    return Dialer(Address("localhost", relay.port), Trust(server.ca.read_text(), Origin.PIN))


# --- the handshake --------------------------------------------------------------------------------


def without(hello: bytes, *numbers: int) -> bytes:
    """A ClientHello in its record, with some extensions taken out."""
    body = hello[9:]
    place = 34
    for width in (1, 2, 1):  # session, suites, compression
        place += width + int.from_bytes(body[place : place + width])
    kept, rest = b"", body[place + 2 :]
    while rest:
        number, size = struct.unpack(">HH", rest[:4])
        kept += b"" if number in numbers else rest[: 4 + size]
        rest = rest[4 + size :]
    message = b"\1" + sized(body[:place] + sized(kept, 2), 3)
    return hello[:3] + sized(message, 2)


def first(change: Callable[[bytes], bytes]) -> Meddle:
    """Change what comes first, and nothing after it."""
    changes = iter([change])
    return lambda data: next(changes, bytes)(data)


def test_the_offer_of_tls_1_3_is_taken_out(server: ServerUnderTest) -> None:
    """Both could do better, and the client sees it by what the server has signed (RFC 8446)."""
    weaker = first(lambda hello: without(hello, SUPPORTED_VERSIONS, KEY_SHARE))
    with Relay(server.port, to_server=weaker) as relay:
        dial = dials(server, relay)
        with pytest.raises(UnreachableError, match=r"somebody in between .* weaker .* Nothing was"):
            dial()


@pytest.mark.parametrize("place", [20, 44, 100, 150])
def test_a_byte_of_the_hello_is_changed(server: ServerUnderTest, place: int) -> None:
    """Whichever it is, both sides come to different keys, or none, and it ends there."""

    def change(hello: bytes) -> bytes:
        wrong = bytearray(hello)
        wrong[place] ^= 1
        return bytes(wrong)

    with Relay(server.port, to_server=first(change)) as relay:
        dial = dials(server, relay)
        with pytest.raises(UnreachableError, match="can't open a TLS connection"):
            dial()


def test_an_untouched_connection_works(server: ServerUnderTest) -> None:
    """So that the refusals mean something."""
    with Relay(server.port, to_server=first(lambda hello: without(hello))) as relay:
        wire = Wire(dials(server, relay)(), Waker())
        wire.write(["PING x"])
        assert hears(wire) == pong("x")
        wire.close()


# --- what is said ---------------------------------------------------------------------------------

Heard = tuple[list[Message], str]
"""Messages, or how the connection was lost."""


def hears(wire: Wire) -> Heard:
    """What comes next."""
    while True:
        wire.wait(PATIENCE)
        try:
            if messages := wire.read():
                return messages, ""
        except ConnectionLostError as lost:
            return [], str(lost)


def pong(token: str) -> Heard:
    return [Message("PONG", ["chat.test", token], source="chat.test")], ""


class Tamper:
    """Leaves alone what passes until it is told to begin. first, later: what becomes of what comes
    then.
    """

    def __init__(self, first: Meddle, later: Meddle = bytes) -> None:
        self.begun, self.done = threading.Event(), threading.Event()
        self._first, self._later = first, later

    def __call__(self, data: bytes) -> bytes | None:
        if not self.begun.is_set():
            return data
        if self.done.is_set():
            return self._later(data)
        self.done.set()
        return self._first(data)


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def ended(_: bytes) -> None:
    """The connection is cut before it."""


DAMAGED: Heard = ([], "TLS: decryption failed or bad record mac")
ENDED: Heard = ([], "the server closed the connection")

TAMPERS: dict[str, tuple[Callable[[], Tamper], list[Heard]]] = {
    "changed": (lambda: Tamper(flipped), [DAMAGED]),
    "repeated": (lambda: Tamper(lambda data: data * 2), [pong("first"), DAMAGED]),
    "swallowed": (lambda: Tamper(lambda _: b""), [DAMAGED]),
    "cut in half": (lambda: Tamper(lambda data: data[: len(data) // 2], ended), [ENDED]),
    "cut": (lambda: Tamper(ended), [ENDED]),
}


@pytest.mark.parametrize(("tampers", "heard"), TAMPERS.values(), ids=TAMPERS)
def test_what_the_server_says_is(
    server: ServerUnderTest, tampers: Callable[[], Tamper], heard: list[Heard]
) -> None:
    """Nothing of it is shown, nothing is shown twice, and no gap is passed over."""
    tamper = tampers()
    with Relay(server.port, to_client=tamper) as relay:
        wire = Wire(dials(server, relay)(), Waker())
        wire.write(["PING before"])
        assert hears(wire) == pong("before")
        tamper.begun.set()
        wire.write(["PING first"])
        assert tamper.done.wait(PATIENCE)
        wire.write(["PING second"])
        assert [hears(wire) for _ in heard] == heard
        wire.close()
