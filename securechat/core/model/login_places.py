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
        self._doubted: dict[int, OrderedDict[str, None]] = {}
        """Networks that were new since the account's last login from one that was not."""
        self._waiting: dict[int, dict[Place, set[str]]] = {}
        """With the networks at which each has been told already."""

    def add(self, account: int, network: str) -> bool:
        """A login; whether it is from a new place. The first one that is known is not."""
        networks = self._known.setdefault(account, OrderedDict())
        new = bool(networks) and network not in networks
        _put(networks, network)
        if new or self.is_doubted(account, network):
            _put(self._doubted.setdefault(account, OrderedDict()), network)
        self._known.move_to_end(account)
        if len(self._known) > MAX_ACCOUNTS:
            oldest, _ = self._known.popitem(last=False)
            self._doubted.pop(oldest, None)
        return new

    def keep(self, reader: int, place: Place) -> None:
        """A place is to be told to somebody at their next login."""
        waiting = self._waiting.setdefault(reader, {})
        waiting[place] = set()
        if len(waiting) > MAX_WAITING:
            del waiting[next(iter(waiting))]

    def take(self, reader: int, network: str) -> list[Place]:
        """What somebody who logs in from a network is to be told now. It is over with that only
        where the network is no new one itself: who has stolen a password must not take the news
        away, from whichever networks.
        """
        waiting = self._waiting.get(reader, {})
        here = [place for place, told in waiting.items() if network not in told]
        if network not in self._doubted.get(reader, ()):
            self.settle(reader)
            return here
        for place in here:
            # Not without end: an attacker may have many.
            if len(waiting[place]) < MAX_NETWORKS:
                waiting[place].add(network)
        return [place for place in here if (place.account, place.network) != (reader, network)]

    def settle(self, reader: int) -> None:
        """Nothing is to be told any more, and no network of theirs is doubted."""
        self._waiting.pop(reader, None)
        self._doubted.pop(reader, None)

    def is_doubted(self, account: int, network: str) -> bool:
        """Whether it was new, and nobody has logged in from an older one since."""
        return network in self._doubted.get(account, ())

    def take_back(self, place: Place) -> None:
        """A login was not stored, and so there was none."""
        for networks in (self._known, self._doubted):
            networks.get(place.account, OrderedDict()).pop(place.network, None)
        for waiting in self._waiting.values():
            waiting.pop(place, None)


def _put(networks: OrderedDict[str, None], network: str) -> None:
    networks[network] = None
    networks.move_to_end(network)
    if len(networks) > MAX_NETWORKS:
        networks.popitem(last=False)
