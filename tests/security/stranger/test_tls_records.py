"""A stranger breaks the rules of the record layer once TLS stands (RFC 8446, section 5).

The handshake is OpenSSL's, the records are forged: see forger.py.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.security.stranger.forger import Forger, Kind
from tests.security.stranger.hello import good_hello
from tests.security.talk import Record, talking
from tests.support.client import Client
from tests.support.server import ServerUnderTest, running

Forged = Callable[[Forger], bytes]
OURS = ":chat.test PONG chat.test :"


TALKERS = re.compile(":(alice|bob)!")
"""Who come and go with each flood."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("server") / "data", "alice", "bob", "carol") as server:
        server.lets_unauthenticated_speak()
        yield server


@pytest.fixture(scope="module")
def carol(server: ServerUnderTest) -> Client:
    return server.member("carol")


@pytest.fixture(autouse=True)
def nobody_else_noticed(carol: Client) -> Iterator[None]:
    """Whatever is tried: who was there before is still there, and has heard nothing."""
    yield
    assert [line for line in carol.hears() if not TALKERS.match(line)] == []


@pytest.fixture
def eve(server: ServerUnderTest, tmp_path: Path) -> Iterator[Forger]:
    with Forger(server.port, server.ca, tmp_path / "keys") as forger:
        yield forger


# --- what is odd, and allowed: so that the refusals below mean something --------------------------


def test_lines_with_a_byte_a_record(eve: Forger) -> None:
    """Are lines like any other."""
    line = b"PING byte-by-byte\r\n"
    eve.sends(*(eve.record(line[place : place + 1]) for place in range(len(line))))
    assert eve.hears_until("byte-by-byte\r\n").startswith(OURS)


def test_a_line_behind_padding_and_empty_records(eve: Forger) -> None:
    """A client may hide how much it says (RFC 8446, section 5.4)."""
    eve.sends(*(eve.record(b"", padding=100) for _ in range(20)))
    eve.sends(eve.record(b"PING padded\r\n", padding=16000))
    assert eve.hears_until("padded\r\n").startswith(OURS)


def test_a_new_key_now_and_then(eve: Forger) -> None:
    """With and without a request that the server takes a new one as well."""
    for number in range(8):
        eve.sends(eve.key_update(answer=number % 2 == 1))
        eve.says(f"PING key-{number}")
        assert eve.hears_until(f"key-{number}\r\n").startswith(OURS)


# --- what ends the connection ---------------------------------------------------------------------


def header(length: int) -> bytes:
    return struct.pack(">BHH", Kind.DATA, 0x0303, length)


def damaged(eve: Forger) -> bytes:
    wrong = bytearray(eve.record(b"PRIVMSG #lobby :changed on the way\r\n"))
    wrong[20] ^= 1
    return bytes(wrong)


def twice(eve: Forger) -> bytes:
    return eve.record(b"PING once\r\n") * 2


def swapped(eve: Forger) -> bytes:
    first, second = eve.record(b"PING first\r\n"), eve.record(b"PING second\r\n")
    return second + first


def message(number: int, body: bytes) -> Forged:
    """A handshake message after the handshake."""
    content = bytes([number]) + len(body).to_bytes(3) + body
    return lambda eve: eve.record(content, Kind.HANDSHAKE)


def many(kind: Kind, content: bytes, padding: int = 0) -> Forged:
    return lambda eve: b"".join(eve.record(content, kind, padding=padding) for _ in range(1000))


OVERFLOW, MAC = "RECORD_OVERFLOW", "BAD_RECORD_MAC"
UNEXPECTED, ILLEGAL = "UNEXPECTED_MESSAGE", "ILLEGAL_PARAMETER"

RECORDS: dict[str, tuple[Forged, str]] = {
    "longer than a record may be": (lambda _: header(16641) + bytes(16641), OVERFLOW),
    "65,535 long": (lambda _: header(65535) + bytes(65535), OVERFLOW),
    "longer once it is open": (lambda eve: eve.record(bytes(16385)), OVERFLOW),
    "too short for a tag": (lambda _: header(3) + bytes(3), MAC),
    "random": (lambda _: header(100) + os.urandom(100), MAC),
    "changed on the way": (damaged, MAC),
    "replayed": (twice, MAC),
    "in another order": (swapped, MAC),
    "in the clear": (lambda _: b"PRIVMSG #lobby :in the clear\r\n", "PROTOCOL_VERSION"),
    "a goodbye in the clear": (lambda _: b"\x15\3\3\0\2\1\0", UNEXPECTED),
    "a cipher change": (lambda _: b"\x14\3\3\0\1\1", UNEXPECTED),
    "of no kind": (lambda eve: eve.record(b"", 0, padding=100), UNEXPECTED),
    "of an unknown kind": (lambda eve: eve.record(b"x", 99), UNEXPECTED),
    "a heartbeat that asks for 16 KiB": (lambda eve: eve.record(b"\1\x40\0", 24), UNEXPECTED),
    "half an alert": (lambda eve: eve.record(b"\1", Kind.ALERT), UNEXPECTED),
    "empty ones without end": (many(Kind.DATA, b""), UNEXPECTED),
    "padded ones without end": (many(Kind.DATA, b"", 1000), UNEXPECTED),
    "warnings without end": (many(Kind.ALERT, b"\1\x5a"), UNEXPECTED),
}

MESSAGES: dict[str, tuple[Forged, str]] = {
    "a hello, to renegotiate": (message(1, good_hello().message()[4:]), UNEXPECTED),
    "a request for a hello": (message(0, b""), UNEXPECTED),
    "a ticket": (message(4, bytes(16)), UNEXPECTED),
    "a request for a certificate": (message(13, b"\0\0\0"), UNEXPECTED),
    "a second end of the handshake": (message(20, bytes(48)), UNEXPECTED),
    "of an unknown kind": (message(254, b""), UNEXPECTED),
    "an empty one": (lambda eve: eve.record(b"", Kind.HANDSHAKE), UNEXPECTED),
    "a new key of no sort": (message(24, b"\2"), ILLEGAL),
    "a new key with more behind it": (message(24, b"\0\0"), ILLEGAL),
    "two new keys at once": (lambda eve: eve.record(b"\x18\0\0\1\0" * 2, 22), UNEXPECTED),
    "one of 16 MiB": (lambda eve: eve.record(b"\x18\xff\xff\xff", Kind.HANDSHAKE), ILLEGAL),
}


@pytest.mark.parametrize(("forged", "ended"), RECORDS.values(), ids=RECORDS)
def test_a_record(eve: Forger, forged: Forged, ended: str) -> None:
    """Ends the connection, and nothing of it or after it is taken for a line."""
    eve.sends(forged(eve))
    assert eve.hears_the_end() == ended


@pytest.mark.parametrize(("forged", "ended"), MESSAGES.values(), ids=MESSAGES)
def test_a_message_after_the_handshake(eve: Forger, forged: Forged, ended: str) -> None:
    """There is no second handshake: nothing to renegotiate, to resume or to prove later."""
    eve.sends(forged(eve))
    assert eve.hears_the_end() == ended


# --- what nobody else may feel --------------------------------------------------------------------

UPDATES = 40_000


def test_a_flood_of_new_keys(server: ServerUnderTest, eve: Forger, record_property: Record) -> None:
    """Is cut off: each costs the server as much as a message, and says nothing."""
    flood = b"".join(eve.key_update() for _ in range(UPDATES)) + eve.record(b"PING after\r\n")
    with talking(server, record_property):
        eve.sends(flood)
        with pytest.raises((EOFError, ConnectionError)):
            eve.hears_until("after\r\n")
