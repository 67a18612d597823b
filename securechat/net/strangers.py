"""The connections that have not logged in, by where they come from. Its owner keeps a lock."""

from __future__ import annotations

from securechat.net.connection import Connection


class Strangers:
    """Each network's in the order in which they came, and the networks by how many they have."""

    def __init__(self) -> None:
        self._by_network: dict[str, dict[Connection, None]] = {}
        self._by_count: dict[int, dict[str, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def of(self, network: str) -> int:
        """How many there are from a network."""
        return len(self._by_network.get(network, ()))

    def add(self, network: str, connection: Connection) -> None:
        """One has come, which isn't here yet."""
        there = self._by_network.setdefault(network, {})
        there[connection] = None
        self._count += 1
        self._move(network, len(there) - 1, len(there))

    def remove(self, network: str, connection: Connection) -> None:
        """One has logged in, or has gone. Harmless for one that isn't here."""
        there = self._by_network.get(network, {})
        if connection not in there:
            return
        del there[connection]
        self._count -= 1
        self._move(network, len(there) + 1, len(there))
        if not there:
            del self._by_network[network]

    def push_out(self) -> Connection:
        """Remove the oldest of the network that has the most. There must be one."""
        most = max(self._by_count)  # few: N strangers come in at most sqrt(2 N) different numbers
        network = next(iter(self._by_count[most]))
        connection = next(iter(self._by_network[network]))
        self.remove(network, connection)
        return connection

    def _move(self, network: str, before: int, after: int) -> None:
        if before:
            there = self._by_count[before]
            del there[network]
            if not there:
                del self._by_count[before]
        if after:
            self._by_count.setdefault(after, {})[network] = None
