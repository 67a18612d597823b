"""In which order the addresses of one server are tried, and for how long. Pure.

A round begins with the address that held last, and has each address once; only behind a round
somebody waits before the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeVar

from securechat.client.exits import CertificateError, UnreachableError
from securechat.client.session.identity import Address
from securechat.common.language import translated

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
    """addresses: of one server. first: where to begin, one of them. One thread only."""

    def __init__(self, addresses: Sequence[Address], first: Address | None = None) -> None:
        self._addresses = list(addresses)
        self._first = first if first in self._addresses else self._addresses[0]
        self._left: list[Address] = []
        self.current: Address | None = None
        """Where the last connection was made."""

    @property
    def over(self) -> bool:
        """Whether each address of this round was tried."""
        return not self._left

    def begin(self) -> list[Address]:
        """What is to be tried now: the rest of this round, or all of another one."""
        self._left = self._left or self._from(self._first)
        return list(self._left)

    def reached(self, address: Address) -> None:
        """There is a connection to this one; those behind it are left."""
        self.current = address
        self._left = self._left[self._left.index(address) + 1 :]

    def failed(self) -> None:
        """None of those that were left has answered."""
        self._left = []

    def held(self) -> None:
        """The connection was of use: it is lost by no fault of its address. With several the next
        round begins at once, and there.
        """
        if self.current is not None:
            self._first = self.current
            self._left = self._from(self._first) if len(self._addresses) > 1 else []

    def _from(self, first: Address) -> list[Address]:
        at = self._addresses.index(first)
        return self._addresses[at:] + self._addresses[:at]


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
