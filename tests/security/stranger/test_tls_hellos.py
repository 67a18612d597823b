"""A stranger begins TLS in a wrong way: too old, downgraded, compressed, dear, garbled, too early.

Each hello is told from the others by the alert that it gets, and none reaches the chat.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.security.stranger.hello import (
    AES_256_GCM,
    FALLBACK_SCSV,
    FFDHE8192,
    HANDSHAKE,
    TLS12,
    TLS13,
    VERSIONS,
    X25519,
    Hello,
    alert,
    answer,
    extension,
    good_hello,
    old_hello,
    record,
    sized,
    sslv2_hello,
)
from tests.security.talk import Record, talking
from tests.support.client import Client
from tests.support.server import ServerUnderTest, running

GIVES_UP = record(21, b"\2\x28")
"""Alert handshake_failure, in the clear: it ends whatever the server waits for."""

SERVER_HELLO = 2
SUPPORTED_VERSIONS, KEY_SHARE = 43, 51
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a HelloRetryRequest (RFC 8446, section 4.1.3)."""


TALKERS = re.compile(":(alice|bob)!")
"""Who come and go with each flood."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """A server with the defaults, where TLS is concerned."""
    with running(tmp_path_factory.mktemp("server") / "data", "alice", "bob", "carol") as server:
        yield server


@pytest.fixture(scope="module")
def old_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """A server that lets TLS 1.2 in."""
    directory = tmp_path_factory.mktemp("old") / "data"
    with running(directory, tls={"min_version": "1.2"}) as server:
        yield server


@pytest.fixture(scope="module")
def carol(server: ServerUnderTest) -> Client:
    return server.member("carol")


@pytest.fixture(autouse=True)
def nobody_else_noticed(carol: Client) -> Iterator[None]:
    """Whatever is tried: who was there before is still there, and has heard nothing."""
    yield
    assert [line for line in carol.hears() if not TALKERS.match(line)] == []


class Choice(NamedTuple):
    """What a server has chosen; version is 1.2 where TLS 1.3 has it in an extension."""

    version: int
    random: bytes
    compression: int
    extensions: set[int]


def chosen(heard: bytes) -> Choice:
    """The ServerHello that an answer begins with."""
    assert (heard[0], heard[5]) == (HANDSHAKE, SERVER_HELLO), heard
    version, random, session = struct.unpack(">H32sB", heard[9:44])
    place = 44 + session + 3
    [length] = struct.unpack(">H", heard[place : place + 2])
    rest, numbers = heard[place + 2 : place + 2 + length], set()
    while rest:
        number, size = struct.unpack(">HH", rest[:4])
        numbers.add(number)
        rest = rest[4 + size :]
    return Choice(version, random, heard[place - 1], numbers)


# --- too old, and made to seem so -----------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
def test_an_offer_of_an_old_version(server: ServerUnderTest, version: int) -> None:
    """Is turned down by an alert, before the certificate is shown."""
    named = alert(answer(server.port, old_hello(version).record()))
    assert named == ("handshake_failure" if version < 0x0301 else "protocol_version")


@pytest.mark.parametrize("best", [0x0002, TLS12, TLS13])
def test_a_hello_of_ssl_2(server: ServerUnderTest, best: int) -> None:
    """Gets not a byte, also when it offers better than SSL 2."""
    assert answer(server.port, sslv2_hello(best)) == b""


def test_a_fallback_that_was_forced(old_house: ServerUnderTest) -> None:
    """A client that was made to try again with TLS 1.2 says so, and is told (RFC 7507)."""
    fallback = old_hello(TLS12, FALLBACK_SCSV).record()
    assert alert(answer(old_house.port, fallback)) == "inappropriate_fallback"
    honest = chosen(answer(old_house.port, old_hello(TLS12).record(), GIVES_UP))
    assert SUPPORTED_VERSIONS not in honest.extensions  # which says 1.3


def test_a_downgrade_to_tls_1_2(old_house: ServerUnderTest) -> None:
    """Is marked in what the server signs, so that a client that can do 1.3 sees it (RFC 8446)."""
    choice = chosen(answer(old_house.port, old_hello(TLS12).record(), GIVES_UP))
    assert choice.random.endswith(b"DOWNGRD\1")


# --- weak, and dear -------------------------------------------------------------------------------


def test_compression_in_tls_1_3(server: ServerUnderTest) -> None:
    """Is an error, even as an offer (RFC 8446, section 4.1.2)."""
    offer = replace(good_hello(), compression=b"\1\0")
    assert alert(answer(server.port, offer.record())) == "illegal_parameter"


def test_compression_in_tls_1_2(old_house: ServerUnderTest) -> None:
    """Is not chosen (CRIME, CVE-2012-4929)."""
    offer = replace(old_hello(TLS12), compression=b"\1\0")
    assert chosen(answer(old_house.port, offer.record(), GIVES_UP)).compression == 0


@pytest.mark.parametrize("suite", [0x1305, 0xC0B4, 0x002F, 0x0000])
def test_a_suite_of_tls_1_3_that_is_weak_or_none(server: ServerUnderTest, suite: int) -> None:
    """CCM with a short tag, integrity without secrecy, CBC, nothing at all."""
    offer = replace(good_hello(), suites=(suite,))
    assert alert(answer(server.port, offer.record())) == "handshake_failure"


def dear_hello(*groups: int) -> Hello:
    """A key share of 8192 bits that costs its sender nothing. groups: what else is offered."""
    return replace(
        good_hello(),
        groups=(FFDHE8192, *groups),
        shares=((FFDHE8192, b"\x7f" + os.urandom(1023)),),
    )


def test_a_flood_of_key_shares_that_only_the_server_pays_for(
    server: ServerUnderTest, record_property: Record
) -> None:
    """D(HE)at, CVE-2002-20001: no handshake makes the server calculate in 8192 bits."""
    with talking(server, record_property):
        for _ in range(150):
            assert alert(answer(server.port, dear_hello().record())) == "handshake_failure"
            heard = answer(server.port, dear_hello(X25519).record(), GIVES_UP)
            assert chosen(heard).random == RETRY


# --- garbled --------------------------------------------------------------------------------------

NAMES = {
    "empty": b"",
    "NUL": b"\0",
    "NUL in it": b"localhost\0.evil.example",
    "long": b"x" * 300,
    "not ASCII": "münchen".encode(),
    "control": b"\x1b]0;x\x07\r\nPRIVMSG #lobby :x",
    "dots": b"...",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_server_name_that_is_none(
    server: ServerUnderTest, name: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Is refused or not looked at, and never comes into the log."""
    names = sized(b"\0" + sized(name, 2), 2)
    heard = answer(server.port, replace(good_hello(), extra=extension(0, names)).record(), GIVES_UP)
    if heard[0] == HANDSHAKE:
        assert 0 not in chosen(heard).extensions  # server_name, which would say it was used
    else:
        assert alert(heard) in ("unrecognized_name", "decode_error")
    assert "\x1b" not in caplog.text


PROTOCOLS = {
    "no list": (b"", "decode_error"),
    "an empty name": (sized(b"", 1), "decode_error"),
    "cut": (b"\x05h2", "decode_error"),
    "a browser's": (sized(b"h2", 1) + sized(b"http/1.1", 1), None),
    "2,560 bytes": (sized(b"\xff" * 255, 1) * 10, None),
}


@pytest.mark.parametrize(("protocols", "refusal"), PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_list_of_protocols_that_are_none(
    server: ServerUnderTest, protocols: bytes, refusal: str | None
) -> None:
    """ALPN that is broken ends the handshake; what isn't known is not chosen."""
    offer = replace(good_hello(), extra=extension(16, sized(protocols, 2)))
    heard = answer(server.port, offer.record(), GIVES_UP)
    if refusal:
        assert alert(heard) == refusal
    else:
        assert SUPPORTED_VERSIONS in chosen(heard).extensions


def test_a_hello_with_one_byte_wrong(server: ServerUnderTest, record_property: Record) -> None:
    """Whichever it is: the server answers by TLS's rules, or waits for more until the end."""
    hello = good_hello().record()
    with talking(server, record_property):
        for place in range(1, len(hello)):
            wrong = bytearray(hello)
            wrong[place] ^= 0xFF
            heard = answer(server.port, bytes(wrong), end=True)
            assert heard[:1] in (b"", b"\x15", b"\x16"), f"byte {place}: {heard!r}"


# --- too early ------------------------------------------------------------------------------------


def early_hello() -> Hello:
    """One that resumes a session that never was, and has data to follow it at once."""
    ticket = sized(os.urandom(120), 2) + os.urandom(4)
    binder = sized(os.urandom(48), 1)
    resumes = extension(41, sized(ticket, 2) + sized(binder, 2))
    return replace(
        good_hello(),
        suites=(AES_256_GCM,),
        extra=extension(45, b"\1\1") + extension(42, b"") + resumes,
    )


def test_early_data_is_not_taken(server: ServerUnderTest) -> None:
    """What comes before the handshake is done could be a replay (RFC 8446, section 8)."""
    early = record(23, os.urandom(500))
    heard = answer(server.port, early_hello().record(), early, early, GIVES_UP)
    assert chosen(heard).extensions == {SUPPORTED_VERSIONS, KEY_SHARE}


def test_early_data_without_end(server: ServerUnderTest) -> None:
    """Is not skipped for ever."""
    early = record(23, os.urandom(16000)) * 64
    heard = answer(server.port, early_hello().record(), early)
    assert chosen(heard).extensions == {SUPPORTED_VERSIONS, KEY_SHARE}
