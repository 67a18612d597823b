"""ClientHellos and records byte by byte, for what no TLS library would send (RFC 8446, 5246)."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.support.links import PATIENCE

SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
VERSIONS = {"SSL 3": SSL3, "TLS 1.0": TLS10, "TLS 1.1": TLS11, "TLS 1.2": TLS12}

AES_256_GCM = 0x1302
"""A suite of TLS 1.3."""
OLD_SUITES = (0xC02B, 0xC02C, 0xC02F, 0xC030, 0xC009, 0xC013, 0x009C, 0x002F, 0x000A, 0x0005)
"""From ECDHE-ECDSA with AES-GCM to RSA with RC4: something for every server of before 1.3."""
FALLBACK_SCSV = 0x5600
"""A client's word that it could do better than it offers (RFC 7507)."""

X25519, P256, FFDHE8192 = 0x001D, 0x0017, 0x0104

ALERT, HANDSHAKE = 21, 22
ALERTS = {
    10: "unexpected_message",
    22: "record_overflow",
    40: "handshake_failure",
    47: "illegal_parameter",
    50: "decode_error",
    70: "protocol_version",
    80: "internal_error",
    86: "inappropriate_fallback",
    109: "missing_extension",
    112: "unrecognized_name",
}


@dataclass(frozen=True)
class Hello:
    """What a ClientHello offers. version: the one before TLS 1.3 had an extension for it, which
    names versions instead. shares: key shares, (group, key).
    """

    version: int = TLS12
    versions: Sequence[int] = (TLS13,)
    suites: Sequence[int] = (AES_256_GCM,)
    compression: bytes = b"\0"
    groups: Sequence[int] = (X25519, P256)
    shares: Sequence[tuple[int, bytes]] = ()
    extra: bytes = b""

    def message(self) -> bytes:
        """The handshake message."""
        suites = b"".join(struct.pack(">H", suite) for suite in self.suites)
        body = struct.pack(">H", self.version) + os.urandom(32) + sized(b"", 1)
        body += sized(suites, 2) + sized(self.compression, 1) + sized(self._extensions(), 2)
        return b"\1" + sized(body, 3)

    def record(self) -> bytes:
        """The message in one record, as it comes first on a connection."""
        return record(HANDSHAKE, self.message(), min(self.version, TLS10))

    def _extensions(self) -> bytes:
        groups = b"".join(struct.pack(">H", group) for group in self.groups)
        schemes = struct.pack(">6H", 0x0403, 0x0503, 0x0804, 0x0401, 0x0203, 0x0201)
        found = extension(10, sized(groups, 2)) + extension(13, sized(schemes, 2))
        if self.versions:
            versions = b"".join(struct.pack(">H", version) for version in self.versions)
            shares = b"".join(
                struct.pack(">H", group) + sized(key, 2) for group, key in self.shares
            )
            found += extension(43, sized(versions, 1)) + extension(51, sized(shares, 2))
        return found + self.extra


def sized(data: bytes, width: int) -> bytes:
    """data behind its length in so many bytes."""
    return len(data).to_bytes(width) + data


def extension(number: int, data: bytes) -> bytes:
    return struct.pack(">H", number) + sized(data, 2)


def record(kind: int, data: bytes, version: int = TLS12) -> bytes:
    return struct.pack(">BH", kind, version) + sized(data, 2)


def good_hello() -> Hello:
    """One that the server answers with its own."""
    key = X25519PrivateKey.generate().public_key()
    return Hello(shares=((X25519, key.public_bytes_raw()),))


def old_hello(version: int, *suites: int) -> Hello:
    """What a client of before TLS 1.3 says. suites: more of them than the usual."""
    return replace(Hello(version), versions=(), suites=(*OLD_SUITES, *suites))


def sslv2_hello(best: int) -> bytes:
    """The CLIENT-HELLO of SSL 2, in which clients once offered better as well (RFC 6101, E)."""
    suites = b"".join(b"\0" + struct.pack(">H", suite) for suite in OLD_SUITES)
    body = struct.pack(">BHHHH", 1, best, len(suites), 0, 16) + suites + os.urandom(16)
    return struct.pack(">H", 0x8000 | len(body)) + body


@contextlib.contextmanager
def knocking(port: int) -> Iterator[socket.socket]:
    """A TCP connection to the server, each write a segment of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield raw


def answer(port: int, *said: bytes, end: bool = False) -> bytes:
    """All that the server says to these bytes until it closes, which it must do by itself.

    end: whether the client ends its side after them, so that nothing more can be waited for.
    """
    heard = b""
    with knocking(port) as raw, contextlib.suppress(ConnectionError):  # not all of it was read
        for piece in said:
            raw.sendall(piece)
        if end:
            with contextlib.suppress(OSError):  # ENOTCONN: the server was faster
                raw.shutdown(socket.SHUT_WR)
        while piece := raw.recv(65536):
            heard += piece
    return heard


def alert(heard: bytes) -> str:
    """The name of the alert that is all of what the server said in the clear; "" for nothing."""
    if not heard:
        return ""
    kind, _, length = struct.unpack(">BHH", heard[:5])
    assert (kind, length, len(heard)) == (ALERT, 2, 7), f"no lone alert: {heard!r}"
    return ALERTS.get(heard[6], str(heard[6]))
