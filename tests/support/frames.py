"""Frames of WebSockets as clients send them and as servers do (RFC 6455, section 5)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN = 0x80


def masked(
    data: bytes = b"",
    opcode: int = TEXT,
    *,
    fin: bool = True,
    reserved: int = 0,
    key: bytes = b"\x01\x02\x03\x04",
) -> bytes:
    """A client's frame. reserved: the three bits, 0 to 7. key: of the mask, b"" for none."""
    first = (FIN if fin else 0) | reserved << 4 | opcode
    mask = FIN if key else 0
    if len(data) < 126:
        head = struct.pack("!BB", first, mask | len(data))
    elif len(data) < 1 << 16:
        head = struct.pack("!BBH", first, mask | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, mask | 127, len(data))
    if not key:
        return head + data
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(data))


def close(code: int = 1000, reason: bytes = b"") -> bytes:
    """A client's end."""
    return masked(struct.pack("!H", code) + reason, CLOSE)


def server_frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Opcodes and payloads of a server's whole frames, none of which is masked or a fragment."""
    while data:
        first, size = data[0], data[1]
        start = 2
        if size == 126:
            (size,) = struct.unpack_from("!H", data, 2)
            start = 4
        assert first & 0xF0 == FIN
        assert size < 127 or start == 4
        assert len(data) >= start + size
        yield first & 0x0F, data[start : start + size]
        data = data[start + size :]


def lines_of(messages: Iterable[bytes], opcode: int = TEXT) -> bytes:
    """A message for each line."""
    return b"".join(masked(line, opcode) for line in messages)
