"""The header by which a balancer tells whose connection it hands on.

https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2.2
"""

from __future__ import annotations

import socket
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.net.connection import Connection, Opening
from securechat.net.errors import CheckedError, EndedError, LostError
from securechat.net.proxy_header import (
    FIXED_BYTES,
    MOST_BYTES,
    SIGNATURE,
    HeaderError,
    ProxyOpening,
    TrustedProxies,
    length,
    source,
)
from tests.fuzz.proxy import header as check_header
from tests.net.scripted import pair, scripted
from tests.support.proxy import header

CLIENT = ("203.0.113.7", 50123)


class Behind:
    """How a connection begins behind its header."""

    framing = seconds = None
    renewed = False

    def __init__(self, *errors: LostError) -> None:
        self.errors = list(errors)
        self.begun: list[Connection] = []

    def step(self, connection: Connection) -> int:
        if self.errors:
            raise self.errors.pop()
        self.begun.append(connection)
        return 0


def opening(behind: Behind, arrived: list[tuple[str, int]] | None = None) -> ProxyOpening:
    known = arrived if arrived is not None else []
    return ProxyOpening(cast(Opening, behind), lambda c: known.append((c.address, c.port)))


# --- who is believed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.0.0.5", True),
        ("::ffff:10.0.0.5", True),  # so a socket that listens on :: has it
        ("10.0.1.77", True),
        ("10.0.2.1", False),
        ("fd00::1", True),
        ("fd00::1%eth0", True),
        ("::1", False),
    ],
)
def test_only_named_addresses_are_believed(address: str, trusted: bool) -> None:
    """And networks; whoever else could claim to come from anywhere."""
    proxies = TrustedProxies(["10.0.0.5", "10.0.1.0/24", "fd00::/8"])
    assert (address in proxies) is trusted
    assert address not in TrustedProxies()


# --- what is read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (header(CLIENT), CLIENT),
        (header(("2001:db8::7", 1)), ("2001:db8::7", 1)),
        # One of IPv4 that came to a socket of IPv6.
        (header(("::ffff:203.0.113.7", 9)), ("203.0.113.7", 9)),
        (header(CLIENT, tlvs=b"\x02\x00\x04chat\x04\x00\x00"), CLIENT),
        # LOCAL, with nothing or with addresses that don't count, as AWS's balancers send.
        (header(None), None),
        (header(CLIENT, command=0), None),
        # UNSPEC, UDP, UNIX.
        (SIGNATURE + b"\x21\x00\x00\x00", None),
        (SIGNATURE + b"\x21\x12\x00\x0c" + bytes(12), None),
        (SIGNATURE + b"\x21\x31\x00\xd8" + bytes(216), None),
    ],
)
def test_whose_connection_it_is(data: bytes, found: tuple[str, int] | None) -> None:
    """The client's, or the balancer's own; what is told beside it is passed over."""
    assert length(data) == len(data)
    assert source(data) == found


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            b"PROXY TCP4 203.0.113.7 192.0.2.1 1 2\r\n",
            "version 1; have the balancer send version 2",
        ),
        (b"\x16\x03\x01", "no PROXY header, though proxies in [listen] names this address"),
        (b"NICK", "no PROXY header"),
        (SIGNATURE[:7] + b"x", "no PROXY header"),
        (SIGNATURE + b"\x21\x11\x10\x01", "a PROXY header of 4097 bytes; 4096 are the most"),
    ],
)
def test_what_is_no_header_is_refused(data: bytes, told: str) -> None:
    """As soon as that can be seen, with what to do about it."""
    with pytest.raises(HeaderError) as caught:
        length(data)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (b"\x11\x11\x00\x0c", "unknown version or command 0x11"),
        (b"\x22\x11\x00\x0c", "unknown version or command 0x22"),
        (b"\x21\x41\x00\x0c", "unknown family or transport 0x41"),
        (b"\x21\x13\x00\x0c", "unknown family or transport 0x13"),
        (b"\x21\x11\x00\x0b", "too short for its addresses"),
        (b"\x21\x21\x00\x23", "too short for its addresses"),
    ],
)
def test_a_wrong_header_is_refused(fields: bytes, told: str) -> None:
    """ "Receivers must drop connections presenting unexpected values here"."""
    with pytest.raises(HeaderError, match=told):
        source(SIGNATURE + fields + bytes(fields[3]))


@given(st.binary(max_size=80), st.integers(1, 255))
def test_any_bytes_are_a_header_or_refused(rest: bytes, size: int) -> None:
    """In whatever pieces they come; and not a byte behind a header is taken."""
    check_header(bytes([size]) + rest)
    check_header(bytes([size]) + SIGNATURE + rest)
    check_header(bytes([size]) + SIGNATURE + b"\x21\x11\x00\x0c" + rest)


# --- at a connection -----------------------------------------------------------------------------


def test_a_header_may_come_in_pieces() -> None:
    """The client is let in when it is complete, and what follows is left."""
    behind, arrived = Behind(), list[tuple[str, int]]()
    proxied = opening(behind, arrived)
    with pair() as (connection, peer):
        data = header(CLIENT)
        for at in range(len(data)):
            assert proxied.step(connection) == 1
            peer.sendall(data[at : at + 1])
        assert arrived == []
        peer.sendall(b"\x16\x03")
        assert proxied.step(connection) == 0
        assert proxied.step(connection) == 0
        assert arrived == [CLIENT]
        assert (connection.address, connection.port) == CLIENT
        assert behind.begun == [connection, connection]
        assert connection.sock.recv(10) == b"\x16\x03"


def test_a_check_is_told_from_a_client_that_goes() -> None:
    """A balancer looks every few seconds whether the server is there, which isn't worth a line."""
    with pair() as (connection, peer):
        peer.close()
        with pytest.raises(CheckedError):
            opening(Behind()).step(connection)
    for data, checked in [(header(None), True), (header(CLIENT), False)]:
        with pair() as (connection, peer):
            peer.sendall(data)
            with pytest.raises(LostError) as caught:
                opening(Behind(EndedError("gone"))).step(connection)
            assert isinstance(caught.value, CheckedError) is checked


def test_who_goes_within_the_header_is_lost() -> None:
    """By an end or by a reset."""
    with pair() as (connection, peer):
        peer.sendall(SIGNATURE)
        peer.close()
        with pytest.raises(LostError, match="before its PROXY header was complete") as caught:
            opening(Behind()).step(connection)
        assert not isinstance(caught.value, CheckedError)
    connection, _ = scripted(ConnectionResetError(104, "Connection reset by peer"))
    # As HAProxy's checks end.
    with pytest.raises(CheckedError, match=r"connection lost \(Connection reset by peer\)"):
        opening(Behind()).step(connection)


def test_the_most_is_what_a_header_may_have() -> None:
    """A certificate that a balancer passes on fits, and no more is kept."""
    data = header(CLIENT, tlvs=bytes(MOST_BYTES - 12))
    assert len(data) == FIXED_BYTES + MOST_BYTES
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        connection = Connection(ours, "192.0.2.1", 4711, 0)
        theirs.sendall(data + b"x")
        assert opening(Behind()).step(connection) == 0
        assert ours.recv(10) == b"x"
