"""What counts as one place that connections come from, and which connections come from where."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from securechat.net.connection import Connection


@lru_cache(maxsize=4096)  # asked for several times of each connection, and parsing takes a while
def address_block_of(address: str) -> str:
    """The address block of an address: an IPv4 address itself, or the /64 of an IPv6 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])  # "%": a link-local one's interface
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:  # so an IPv4 peer is called by a socket that listens on ::
        return str(parsed.ipv4_mapped)
    # An IPv6 host owns at least a /64 and may take any address in it for each connection.
    return str(ipaddress.ip_network((parsed, 64), strict=False))


class ByBlock:
    """Connections by the address blocks that they come from. The caller keeps a lock.

    It keeps each address block's connections in the order in which they came, and the address
    blocks by how many they have, so that the one to push out is found without a look at each.

    alone: so many connections as somebody has who comes alone. An address block with fewer counts
    as having as many, as else who has many address blocks could push out all others, by one
    connection from each.
    """

    def __init__(self, alone: int = 1) -> None:
        self._alone = alone
        # Dicts serve as sets that keep the order in which something was put in.
        self._by_block: dict[str, dict[Connection, None]] = {}
        self._by_count: dict[int, dict[str, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def of(self, address_block: str) -> int:
        """The number of connections from an address block."""
        return len(self._by_block.get(address_block, ()))

    def add(self, address_block: str, connection: Connection) -> None:
        """One has come, which isn't here yet."""
        there = self._by_block.setdefault(address_block, {})
        there[connection] = None
        self._count += 1
        self._move(address_block, len(there) - 1, len(there))

    def remove(self, address_block: str, connection: Connection) -> bool:
        """One has gone. False, and harmless, for one that isn't here."""
        there = self._by_block.get(address_block, {})
        if connection not in there:
            return False
        del there[connection]
        self._count -= 1
        self._move(address_block, len(there) + 1, len(there))
        if not there:
            del self._by_block[address_block]
        return True

    def push_out(self, address_block: str = "") -> Connection:
        """Remove the oldest of an address block, or of the one that has the most. There must be
        one.
        """
        if not address_block:
            # Of the largest crowd: somebody who comes alone is the last whom a crowd pushes out.
            most = max(self._by_count)  # few: N connections come in at most sqrt(2 N) numbers
            address_block = next(iter(self._by_count[most]))
        connection = next(iter(self._by_block[address_block]))
        self.remove(address_block, connection)
        return connection

    def _move(self, address_block: str, before: int, after: int) -> None:
        """Behind the others that have as many."""
        before, after = self._counted(before), self._counted(after)
        if before:
            there = self._by_count[before]
            del there[address_block]
            if not there:
                del self._by_count[before]
        if after:
            self._by_count.setdefault(after, {})[address_block] = None

    def _counted(self, number: int) -> int:
        return number and max(number, self._alone)
