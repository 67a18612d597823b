"""The connections that have not logged in, by where they come from. Its owner keeps a lock."""

from __future__ import annotations

from securechat.net.connection import Connection


class Unauthenticated:
    """Each address block's in the order in which they came, and the address blocks by how many they
    have.
    """

    def __init__(self) -> None:
        self._by_network: dict[str, dict[Connection, None]] = {}
        self._by_count: dict[int, dict[str, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def of(self, address_block: str) -> int:
        """How many there are from an address_block."""
        return len(self._by_network.get(address_block, ()))

    def add(self, address_block: str, connection: Connection) -> None:
        """One has come, which isn't here yet."""
        there = self._by_network.setdefault(address_block, {})
        there[connection] = None
        self._count += 1
        self._move(address_block, len(there) - 1, len(there))

    def remove(self, address_block: str, connection: Connection) -> None:
        """One has logged in, or has gone. Harmless for one that isn't here."""
        there = self._by_network.get(address_block, {})
        if connection not in there:
            return
        del there[connection]
        self._count -= 1
        self._move(address_block, len(there) + 1, len(there))
        if not there:
            del self._by_network[address_block]

    def push_out(self) -> Connection:
        """Remove the oldest of the address block that has the most. There must be one."""
        most = max(self._by_count)  # few: N strangers come in at most sqrt(2 N) different numbers
        address_block = next(iter(self._by_count[most]))
        connection = next(iter(self._by_network[address_block]))
        self.remove(address_block, connection)
        return connection

    def _move(self, address_block: str, before: int, after: int) -> None:
        if before:
            there = self._by_count[before]
            del there[address_block]
            if not there:
                del self._by_count[before]
        if after:
            self._by_count.setdefault(after, {})[address_block] = None
