"""In which order the addresses of one server are tried, and for how long. Pure.

A round begins with the address that held last, and has each address once; only behind a round
somebody waits before the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeVar

from securechat.client.exits import CertificateError, UnreachableError
from securechat.client.session.elsewhere import is_here
from securechat.client.session.identity import Address
from securechat.common.language import translated
from securechat.credentials.link import MOST_ADDRESSES

CONNECT_SECONDS = 15.0
"""For the connection, and again for the TLS handshake, at the last address of a round: so who has a
slow way gets to the server after all.
"""

NEXT_SECONDS = 4.0
"""The same at all others: a way over three continents takes a second of it. A host that is off
answers nothing, and the next address waits behind it.
"""

Found = TypeVar("Found")


class Reconnect(Enum):
    """What becomes of a connection that was ready and is lost."""

    NEVER = "the client ends"
    ELSEWHERE = "the addresses of this round that are left are tried, then the client ends"
    ALWAYS = "the next one is tried for ever"


class Rounds:
    """addresses: of one server. first: where to begin, one of them. One thread only, but for the
    attributes, which any may read.
    """

    def __init__(self, addresses: Sequence[Address], first: Address | None = None) -> None:
        self._given = tuple(addresses)
        self.addresses = self._given
        self._first = addresses[0] if first is None or first not in addresses else first
        self._left: list[Address] = []
        self._tried: list[Address] = []
        """In this round."""
        self.current: Address | None = None
        """Where the last connection was made."""
        self.told: tuple[Address, ...] | None = None
        """What the server has told of its addresses, None as long as it has let nobody in."""

    @property
    def over(self) -> bool:
        """Whether each address of this round was tried."""
        return not self._left

    def begin(self) -> list[Address]:
        """What is to be tried now: the rest of this round, or all of another one."""
        if not self._left:
            self._left, self._tried = self._from(self._first), []
        return list(self._left)

    def reached(self, address: Address) -> None:
        """There is a connection to this one; those behind it are left."""
        self.current = address
        at = self._left.index(address) + 1
        self._tried += self._left[:at]
        self._left = self._left[at:]

    def failed(self) -> None:
        """None of those that were left has answered."""
        self._left = []

    def held(self) -> None:
        """The connection was of use: it is lost by no fault of its address. With several the next
        round begins at once, and there.
        """
        if self.current is not None:
            self._first = self.current
            self._left = self._from(self._first) if len(self.addresses) > 1 else []
            self._tried = []

    def learn(self, told: Sequence[Address]) -> None:
        """The server that we are connected to says where it can be found: those are tried, too,
        behind what has worked and what was given first.
        """
        current = self.current or self._first
        # This very machine has the server only where that is what we are connected to.
        self.told = tuple(one for one in told if is_here(current) or not is_here(one))
        if not self.told:
            return
        known = dict.fromkeys((current, self._given[0], *self.told, *self._given))
        found = tuple(known)[:MOST_ADDRESSES]
        if set(found) == set(self.addresses):
            return  # each node begins with itself: the order in which they were tried stays
        self.addresses = found
        if self._first not in found:
            self._first = current
        # Whatever a server tells, and how often: a round has no more than that, and then a wait.
        room = MOST_ADDRESSES - len(self._tried)
        self._left = [one for one in self._from(current) if one not in self._tried][:room]

    def _from(self, first: Address) -> list[Address]:
        at = self.addresses.index(first)
        return [*self.addresses[at:], *self.addresses[:at]]


def in_turn(
    addresses: Sequence[Address],
    attempt: Callable[[Address, float], Found],
    passed_over: Callable[[CertificateError], None] = lambda _error: None,
) -> tuple[Address, Found]:
    """The first address where an attempt succeeds, and what it gives. attempt: gets the seconds
    that it may take to connect, and to shake hands. passed_over: hears of each address where
    somebody else seems to be, once another one is the server's.

    Raises CertificateError when one was refused and no other one is any better, else
    UnreachableError.
    """
    refused: list[CertificateError] = []
    silent: list[UnreachableError] = []
    for at, address in enumerate(addresses, 1):
        try:
            found = attempt(address, NEXT_SECONDS if at < len(addresses) else CONNECT_SECONDS)
        except CertificateError as error:
            refused.append(error)
        except UnreachableError as error:
            silent.append(error)
        else:
            for refusal in refused:
                passed_over(refusal)
            return address, found
    if refused:
        raise refused[0]
    if len(silent) == 1:
        raise silent[0]
    # Translated one by one: together they would be no text that is known.
    raise UnreachableError("\n".join(map(translated, silent)))
