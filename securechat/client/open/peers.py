"""Whose process is at the other end of a connection of this machine. Any thread.

Linux tells it in /proc/net/tcp and tcp6 (Documentation/networking/proc_net_tcp.rst of the kernel).
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

_LOCAL, _REMOTE, _USER = 1, 2, 7
"""Columns."""

Place = tuple[str, int]
"""An IPv4 address and a port."""


def is_foreign(connection: socket.socket, tables: Iterable[Path] = TABLES) -> bool:
    """Whether another user's process is there, or one that has gone. For systems that tell it."""
    try:
        peer, here = connection.getpeername(), connection.getsockname()
    except OSError:
        return True
    return owner(tables, peer, here) != os.geteuid()


def are_told(tables: Iterable[Path] = TABLES) -> bool:
    """Whether this system tells it: by a connection to ourselves. Raises OSError."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as near,
    ):
        tables = [table for table in tables if table.exists()]
        found = owner(tables, near.getsockname(), listening.getsockname())
    return bool(tables) and found == os.geteuid()


def owner(tables: Iterable[Path], near: Place, far: Place) -> int | None:
    """The user's number of the socket that is bound to near and connected to far."""
    wanted = {(_plain(near), _plain(far)), (_mapped(near), _mapped(far))}
    for table in tables:
        with contextlib.suppress(OSError):
            for row in table.read_text("ascii").splitlines()[1:]:
                columns = row.split()
                if (columns[_LOCAL], columns[_REMOTE]) in wanted:
                    return int(columns[_USER])
    return None


def _plain(place: Place) -> str:
    return f"{_words(socket.inet_aton(place[0]))}:{place[1]:04X}"


def _mapped(place: Place) -> str:
    """As a socket of IPv6 has it (RFC 4291, section 2.5.5.2)."""
    address = bytes(10) + b"\xff\xff" + socket.inet_aton(place[0])
    return f"{_words(address)}:{place[1]:04X}"


def _words(address: bytes) -> str:
    """As the kernel prints it: words of 32 bits, each in this machine's order of bytes."""
    words = [address[at : at + 4] for at in range(0, len(address), 4)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
