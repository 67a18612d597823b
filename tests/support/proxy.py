"""A TCP balancer that tells whose connection it hands on."""

from __future__ import annotations

import ipaddress
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def header(client: tuple[str, int] | None, *, command: int = 1, tlvs: bytes = b"") -> bytes:
    """A header of the PROXY protocol, version 2. client: whose connection it is; None for a check
    of the balancer's own.
    """
    if client is None:
        return SIGNATURE + b"\x20\x00\x00\x00"
    source = ipaddress.ip_address(client[0])
    there = source.packed + bytes(len(source.packed)) + struct.pack("!HH", client[1], 6697)
    family = 0x11 if source.version == 4 else 0x21
    fixed = struct.pack("!BBH", 0x20 | command, family, len(there) + len(tlvs))
    return SIGNATURE + fixed + there + tlvs
