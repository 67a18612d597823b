"""The networks that accounts have logged in from, and the logins that are still to be told.

Pure; hub thread only.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import NamedTuple

MAX_NETWORKS = 32
"""Of one account that are remembered; those not seen for longest go first."""

MAX_ACCOUNTS = 20_000
"""Of which networks are remembered: as many as the waits for guesses know."""

MAX_WAITING = 8
"""Logins that one person is told of at once, the newest: more are an attack, which these show."""


class Place(NamedTuple):
    """A login of an account, named `name`, from a network that is new for it. how: by what it
    logged in, '' where nobody knows any more.
    """

    account: int
    name: str
    network: str
    how: str
    at_ms: int


def network_of(address_block: str) -> str:
    """The network that counts as one place: the /24 of an IPv4 address, the /48 of an IPv6 one.

    Providers give the same home another address of these each day. address_block: of a Session.
    """
    if ":" in address_block:
        block = ipaddress.ip_network(address_block, strict=False)
        return str(block.supernet(new_prefix=48) if block.prefixlen > 48 else block)
    head, dot, _ = address_block.rpartition(".")
    return f"{head}.0/24" if dot else address_block


class LoginPlaces:
    """Of all accounts, by their ids."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, OrderedDict[str, None]] = OrderedDict()
        self._waiting: dict[int, list[Place]] = {}

    def add(self, account: int, network: str) -> bool:
        """A login; whether it is from a new place. The first one that is known is not."""
        networks = self._known.setdefault(account, OrderedDict())
        new = bool(networks) and network not in networks
        networks[network] = None
        networks.move_to_end(network)
        if len(networks) > MAX_NETWORKS:
            networks.popitem(last=False)
        self._known.move_to_end(account)
        if len(self._known) > MAX_ACCOUNTS:
            self._known.popitem(last=False)
        return new

    def keep(self, reader: int, place: Place) -> None:
        """A place is to be told to somebody at their next login."""
        waiting = self._waiting.setdefault(reader, [])
        waiting.append(place)
        del waiting[:-MAX_WAITING]

    def take(self, reader: int, network: str) -> list[Place]:
        """What somebody who logs in from a network is to be told now. Their own logins from that
        very network stay: who has stolen a password must not take the news away.
        """
        waiting = self._waiting.pop(reader, None)
        if not waiting:
            return []
        stay = [place for place in waiting if (place.account, place.network) == (reader, network)]
        if stay:
            self._waiting[reader] = stay
        return [place for place in waiting if place not in stay]

    def take_back(self, place: Place) -> None:
        """A login was not stored, and so there was none."""
        self._known.get(place.account, OrderedDict()).pop(place.network, None)
        for reader, waiting in list(self._waiting.items()):
            self._waiting[reader] = [one for one in waiting if one != place]
