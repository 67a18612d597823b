"""How many connections there may be, in all and from one address. Any thread may call."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter


class Admission:
    """An IPv6 host owns at least a /64, so that is what counts as one address there."""

    def __init__(self, *, total: int, per_address: int) -> None:
        self._total = total
        self._per_address = per_address
        self._lock = threading.Lock()
        self._by_address: Counter[str] = Counter()
        self._count = 0

    def admit(self, address: str) -> str | None:
        """Count a connection in; the reason when it may not come, and then it isn't counted."""
        key = _network(address)
        with self._lock:
            if self._count >= self._total:
                return f"all {self._total} connections are in use"
            if self._by_address[key] >= self._per_address:
                return f"{self._per_address} connections from {key} already"
            self._by_address[key] += 1
            self._count += 1
        return None

    def release(self, address: str) -> None:
        """Count a connection out that was admitted."""
        key = _network(address)
        with self._lock:
            self._count -= 1
            self._by_address[key] -= 1
            if not self._by_address[key]:
                del self._by_address[key]


def _network(address: str) -> str:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
