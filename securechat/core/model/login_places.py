"""The places that accounts have logged in from, and the logins that are still to be told.

Pure; hub thread only.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import NamedTuple

MAX_PLACES = 32
"""Of one account that are remembered; those not seen for longest go first."""

MAX_ACCOUNTS = 20_000
"""Of which places are remembered: as many as the waits for guesses know."""

MAX_WAITING = 8
"""Logins that one person is told of at once, the newest: more are an attack, which these show."""


PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


class Place(NamedTuple):
    """A login of an account, named `name`, from a place that is new for it. place: see place_of().
    how: by what it logged in, '' where that says it, or nobody knows any more.
    """

    account: int
    name: str
    place: str
    how: str
    at_ms: int


def network_of(address_block: str) -> str:
    """The network that counts as one place: the /24 of an IPv4 address, the /48 of an IPv6 one; in
    a school's or a lab's own network (RFC 1918), where the neighbours are others, the address.

    Providers give the same home another address of these each day. address_block: of a Session.
    """
    if ":" in address_block:
        block = ipaddress.ip_network(address_block, strict=False)
        return str(block.supernet(new_prefix=48) if block.prefixlen > 48 else block)
    head, dot, _ = address_block.rpartition(".")
    if not dot or any(ipaddress.ip_address(address_block) in one for one in PRIVATE):
        return address_block
    return f"{head}.0/24"


def place_of(address_block: str, device: str) -> str:
    """What is remembered, and told, of where a login comes from. device: the token or certificate
    that it showed, '' for a password, which doesn't tell one device from another.
    """
    network = network_of(address_block)
    return f"{network} ({device})" if device else network


class LoginPlaces:
    """Of all accounts, by their ids."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, OrderedDict[str, None]] = OrderedDict()
        self._doubted: dict[int, OrderedDict[str, None]] = {}
        """Places that were new since the account's last login from one that was not."""
        self._waiting: dict[int, dict[Place, set[str]]] = {}
        """With the places at which each has been told already."""

    def add(self, account: int, where: str) -> bool:
        """A login; whether it is from a new place. The first one that is known is not. where: as
        place_of() says it.
        """
        places = self._known.setdefault(account, OrderedDict())
        new = bool(places) and where not in places
        _put(places, where)
        if new or self.is_doubted(account, where):
            _put(self._doubted.setdefault(account, OrderedDict()), where)
        self._known.move_to_end(account)
        if len(self._known) > MAX_ACCOUNTS:
            oldest, _ = self._known.popitem(last=False)
            self._doubted.pop(oldest, None)
        return new

    def add_bound(self, account: int, made_at: str, where: str) -> bool:
        """A client has made a token for itself: used where it was made it is no new device, and is
        doubted as long as that login. made_at: the place of that. Whether it was not known before.
        """
        places = self._known.get(account, OrderedDict())
        # Where nothing is known of the login, it may be a doubted one that was forgotten.
        if where in places or made_at not in places:
            return False
        _put(places, where)
        if self.is_doubted(account, made_at):
            _put(self._doubted[account], where)
        for place, told in self._waiting.get(account, {}).items():
            # It has heard of that at its login, or that was its login.
            if made_at in told or (place.account, place.place) == (account, made_at):
                told.add(where)
        return True

    def keep(self, reader: int, place: Place) -> None:
        """A place is to be told to somebody at their next login."""
        waiting = self._waiting.setdefault(reader, {})
        waiting[place] = set()
        if len(waiting) > MAX_WAITING:
            del waiting[next(iter(waiting))]

    def take(self, reader: int, where: str) -> list[Place]:
        """What somebody who logs in from a place is to be told now. It is over with that only where
        the place is no new one itself: who has stolen a password must not take the news away, from
        however many.
        """
        waiting = self._waiting.get(reader, {})
        here = [place for place, told in waiting.items() if where not in told]
        if where not in self._doubted.get(reader, ()):
            self.settle(reader)
            return here
        for place in here:
            # Not without end: an attacker may have many.
            if len(waiting[place]) < MAX_PLACES:
                waiting[place].add(where)
        return [place for place in here if (place.account, place.place) != (reader, where)]

    def settle(self, reader: int) -> None:
        """Nothing is to be told any more, and no place of theirs is doubted."""
        self._waiting.pop(reader, None)
        self._doubted.pop(reader, None)

    def is_doubted(self, account: int, where: str) -> bool:
        """Whether it was new, and nobody has logged in from an older one since."""
        return where in self._doubted.get(account, ())

    def take_back(self, place: Place) -> None:
        """A login was not stored, and so there was none."""
        for places in (self._known, self._doubted):
            there = places.get(place.account, OrderedDict())
            there.pop(place.place, None)
            if not there:
                places.pop(place.account, None)
        for waiting in self._waiting.values():
            waiting.pop(place, None)


def _put(places: OrderedDict[str, None], where: str) -> None:
    places[where] = None
    places.move_to_end(where)
    if len(places) > MAX_PLACES:
        places.popitem(last=False)
