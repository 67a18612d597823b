"""The header by which a balancer tells whose connection it hands on."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress

from securechat.net import proxy_header
from securechat.net.address_blocks import address_block_of
from securechat.net.connection import Connection, Opening
from securechat.net.errors import LostError
from securechat.net.proxy_header import (
    FIXED_BYTES,
    MOST_BYTES,
    SIGNATURE,
    HeaderError,
    ProxyOpening,
)
from tests.fuzz.target import Target

TLS = b"\x16\x03\x01 what TLS begins with"


class Behind(Opening):
    """Takes what is left for TLS."""

    framing = staticmethod(lambda: None)  # type: ignore[assignment]
    seconds = None
    renewed = False

    def __init__(self) -> None:
        self.left = b""

    def step(self, connection: Connection) -> int:
        with suppress(BlockingIOError):  # the header's end was the end of a piece
            self.left = connection.sock.recv(65536)
        return 0

    def explain(self, connection: Connection) -> None:
        pass

    def too_late(self) -> LostError:
        return LostError("too late")


def header(data: bytes) -> None:
    """Whatever comes, in whatever pieces, is a header or is refused; what stands behind a header is
    left, to the byte, and the address in it is one.

    The first byte says how many bytes come at a time.
    """
    size, stream = (data[0] or 1 if data else 1), data[1:] + TLS
    behind, arrived = Behind(), list[Connection]()
    opening = ProxyOpening(behind, arrived.append)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        connection = Connection(ours, "192.0.2.1", 4711, 0)
        try:
            for at in range(0, len(stream), size):
                theirs.sendall(stream[at : at + size])
                opening.step(connection)
                if arrived:
                    break
        except HeaderError:  # and no other error
            assert not arrived
            return
        if not arrived:  # it waits for more
            assert len(stream) < FIXED_BYTES + MOST_BYTES
            return
        whole = proxy_header.length(stream)
        assert stream[: len(SIGNATURE)] == SIGNATURE
        assert behind.left == stream[whole : at + size]
        ipaddress.ip_address(connection.address)
        assert address_block_of(connection.address)
        assert 0 <= connection.port <= 65535


PROXY = Target(
    "proxy",
    header,
    (
        b"\xff" + SIGNATURE + b"\x21\x11\x00\x0c" + bytes(range(12)),
        b"\x01" + SIGNATURE + b"\x21\x21\x00\x24" + bytes(36),
        b"\xff" + SIGNATURE + b"\x20\x00\x00\x00",
        SIGNATURE,
        b"PROXY TCP4 ",
    ),
)
