"""Address blocks that may not connect, as the administrator of the machine has them.

They stand as one text among what the server keeps of itself (Model.kept). Any thread may ask: none
of it is ever changed.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

KEY = "address_bans"
"""Of Model.kept."""

MOST = 1000
"""Blocks: all of them are written with each change."""

WIDE_V4, WIDE_V6 = 8, 24
"""Blocks with fewer bits than the largest that one party has."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOST_V6 = 64
"""Whoever has an IPv6 address may take any of such a block."""


class AddressBan(NamedTuple):
    """network: as block_of() writes it. until_ms: 0 for ever. by: who has set it, as the audit
    names them.
    """

    network: str
    until_ms: int
    reason: str
    by: str
    at_ms: int

    def holds(self, now_ms: int) -> bool:
        """Whether it isn't over."""
        return not self.until_ms or self.until_ms > now_ms


class AddressBans:
    """Finds an address among the blocks without a look at each."""

    def __init__(self, bans: Iterable[AddressBan]) -> None:
        self.bans = {ban.network: ban for ban in bans}
        # Blocks are of a few sizes; one look-up for each of these finds any address.
        self._by_size: dict[tuple[int, int], dict[int, AddressBan]] = {}
        for ban in self.bans.values():
            network = ipaddress.ip_network(ban.network)
            size = network.version, network.max_prefixlen - network.prefixlen
            there = self._by_size.setdefault(size, {})
            there[int(network.network_address) >> size[1]] = ban

    def find(self, address: str, now_ms: int) -> AddressBan | None:
        """The ban that an address is under."""
        if not self.bans:
            return None
        parsed = _parsed(address)
        number = int(parsed)
        for (version, shift), there in self._by_size.items():
            if version == parsed.version:
                ban = there.get(number >> shift)
                if ban is not None and ban.holds(now_ms):
                    return ban
        return None

    def text(self) -> str:
        """For Model.kept."""
        return json.dumps([*self.bans.values()])


NONE = AddressBans(())


@lru_cache(maxsize=4)
def address_bans(text: str | None) -> AddressBans:
    """From what Model.kept has."""
    return AddressBans(AddressBan(*row) for row in json.loads(text)) if text else NONE


def block_of(text: str) -> str:
    """The block that somebody means: an IPv4 address alone, the /64 of an IPv6 one, or what is
    written with its size. Raises ValueError.
    """
    network = ipaddress.ip_network(text.strip(), strict=False)
    if isinstance(network, ipaddress.IPv6Network):
        mapped = network.network_address.ipv4_mapped
        # So an IPv4 peer is called by a socket that listens on ::.
        if mapped is not None and network.prefixlen >= 96:
            network = ipaddress.ip_network((mapped, network.prefixlen - 96))
        elif "/" not in text:
            network = network.supernet(new_prefix=HOST_V6)
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address if single else network)


def is_wide(network: str) -> bool:
    """Whether so many may come from a block that it can hardly be meant."""
    found = ipaddress.ip_network(network)
    return found.prefixlen < (WIDE_V4 if found.version == 4 else WIDE_V6)


def covers_loopback(network: str) -> bool:
    """Whether connections of this very machine are among those of a block."""
    found = ipaddress.ip_network(network)
    loopbacks: tuple[_Network, ...] = (
        ipaddress.IPv4Network("127.0.0.0/8"),
        ipaddress.IPv6Network("::1/128"),
    )
    return any(found.version == one.version and found.overlaps(one) for one in loopbacks)


# Asked for of all sessions at once, of which many may come from one address.
@lru_cache(maxsize=4096)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
