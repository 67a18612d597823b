"""A stranger begins a TLS handshake and doesn't end it, or chops it up, or says other things in it.

Each costs the server a place until its deadline, and costs nobody else anything.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest

from securechat.net.tls import client_context
from tests.security.stranger.hello import HANDSHAKE, TLS10, answer, good_hello, knocking, record
from tests.security.talk import Record, talking
from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest, running

Handshake = Callable[[bytes], list[bytes]]
"""How a client's first flight goes over the wire: the pieces, a segment each."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "data", "alice", "bob", "carol") as server:
        yield server


def hurries(server: ServerUnderTest, seconds: float) -> None:
    """Handshakes that begin from now on have so long."""
    for io in server.service._io:
        io.driver.limits = replace(io.driver.limits, handshake_seconds=seconds)


# --- held open ------------------------------------------------------------------------------------

STAGES: dict[str, Callable[[], bytes]] = {
    "not a byte": lambda: b"",
    "a byte": lambda: b"\x16",
    "half a header": lambda: b"\x16\x03\x01",
    "a header": lambda: b"\x16\x03\x01\x02\x00",
    "half a hello": lambda: good_hello().record()[:100],
    "a hello and no more": lambda: good_hello().record(),
}


def test_handshakes_that_are_held_open(
    server: ServerUnderTest, record_property: Record, caplog: pytest.LogCaptureFixture
) -> None:
    """At each stage: who is there talks on, an honest handshake beside them succeeds, and all are
    closed in time.
    """
    caplog.set_level(logging.INFO)
    hurries(server, 0.5)
    stages = [rules() for rules in STAGES.values()] * 15
    with talking(server, record_property):
        idle = [socket.create_connection(("127.0.0.1", server.port), PATIENCE) for _ in stages]
        for sock, said in zip(idle, stages, strict=True):
            sock.sendall(said)
        server.member("carol").hears()
        for sock in idle:
            while sock.recv(4096):
                pass
            sock.close()
    assert "the TLS handshake took too long" in caplog.text


def test_a_handshake_that_drips(server: ServerUnderTest) -> None:
    """The deadline is for the whole of it: a byte now and then buys no time."""
    hurries(server, 0.3)
    hello = good_hello().record()
    with knocking(server.port) as raw:
        raw.settimeout(0.02)
        taken = sum(1 for _ in takewhile(lambda byte: takes(raw, byte), bytes_of(hello)))
    assert taken < len(hello)


def takes(raw: socket.socket, byte: bytes) -> bool:
    """Whether the server takes a byte, and then still waits for more."""
    try:
        raw.sendall(byte)
        return raw.recv(100) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def test_a_hello_and_nothing_more(server: ServerUnderTest) -> None:
    """Its owner goes, and the place is free again long before the deadline."""
    hurries(server, PATIENCE * 100)
    for _ in range(3):
        crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(80)]
        for sock in crowd:
            sock.sendall(good_hello().record())
            sock.close()
    server.wait_for(lambda: comes_in(server))


def comes_in(server: ServerUnderTest) -> bool:
    """Whether somebody from the same place as the crowd is let in."""
    try:
        return server.member("carol").hears() == []
    except (OSError, EOFError):
        return False


# --- chopped up -----------------------------------------------------------------------------------


def bytes_of(data: bytes) -> list[bytes]:
    return [data[place : place + 1] for place in range(len(data))]


CHOPPED: dict[str, Handshake] = {
    "a segment a byte": bytes_of,
    "a record a byte": lambda hello: [
        record(HANDSHAKE, part, TLS10) for part in bytes_of(hello[5:])
    ],
    "all of them at once": lambda hello: [
        b"".join(record(HANDSHAKE, part, TLS10) for part in bytes_of(hello[5:]))
    ],
}


@pytest.mark.parametrize("chop", CHOPPED.values(), ids=CHOPPED)
def test_a_handshake_that_is_chopped_up(server: ServerUnderTest, chop: Handshake) -> None:
    """Is allowed, and comes to the same end: what looks at the first bytes can't be got round."""
    context = client_context(ca_pem=server.ca.read_text())
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(come, go, server_hostname="localhost")
    with knocking(server.port) as raw:
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        pieces = chop(go.read())
        assert len(pieces) > 100 or pieces[0].count(b"\x16\x03\x01\0\1") > 100
        for piece in pieces:
            raw.sendall(piece)
        shakes_hands(tls, come, go, raw)
        tls.write(b"PING chopped\r\n")
        raw.sendall(go.read())
        assert talks(tls, come, raw) == b":chat.test PONG chat.test :chopped\r\n"


def shakes_hands(
    tls: ssl.SSLObject, come: ssl.MemoryBIO, go: ssl.MemoryBIO, raw: socket.socket
) -> None:
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            raw.sendall(go.read())
            come.write(raw.recv(65536))
        else:
            raw.sendall(go.read())
            return


def talks(tls: ssl.SSLObject, come: ssl.MemoryBIO, raw: socket.socket) -> bytes:
    while True:
        try:
            return tls.read(65536)
        except ssl.SSLWantReadError:
            come.write(raw.recv(65536))


# --- mixed up -------------------------------------------------------------------------------------

BETWEEN = {
    "lines": b"NICK eve\r\nUSER eve 0 * :eve\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "zeros": bytes(1000),
    "another hello": good_hello().record(),
    "data in the clear": record(23, b"PRIVMSG #lobby :too early\r\n"),
    "a flood of empty records": record(HANDSHAKE, b"") * 1000,
    "a flood of cipher changes": record(20, b"\1") * 1000,
    "a flood of warnings": record(21, b"\1\x5a") * 1000,
    "a finish without a key": record(HANDSHAKE, b"\x14\0\0\x30" + bytes(48)),
    "a certificate nobody asked for": record(HANDSHAKE, b"\x0b\0\0\4\0\0\0\0"),
}


@pytest.mark.parametrize("said", BETWEEN.values(), ids=BETWEEN)
def test_other_things_after_the_hello(server: ServerUnderTest, said: bytes) -> None:
    """End the handshake; nothing of them is taken for a line."""
    carol = server.member("carol")
    heard = answer(server.port, good_hello().record(), said)
    assert heard[:1] == b"\x16"
    assert b"chat.test" not in heard
    assert carol.hears() == []


SIZES = {
    "a record beyond the limit": b"\x16\x03\x01\x41\x01" + b"\1\0\x41\0" + bytes(16700),
    "a record of 65,535": b"\x16\x03\x01\xff\xff" + b"\1\0\xff\xfb" + bytes(65531),
    "a hello of 16 MiB": record(HANDSHAKE, b"\1\xff\xff\xff" + bytes(16000)),
    "many empty records": record(HANDSHAKE, b"") * 5000,
}


@pytest.mark.parametrize("said", SIZES.values(), ids=SIZES)
def test_a_beginning_of_a_size_that_cannot_be(server: ServerUnderTest, said: bytes) -> None:
    """Is refused by its length, before it is read into memory."""
    heard = answer(server.port, said)
    assert heard[:1] in (b"\x15", b"")
    assert server.member("carol").hears() == []
