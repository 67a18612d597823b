"""What all nodes remember in memory alone, lest somebody who goes from one to the next begins anew
at each: guesses, how often something was done, where somebody has logged in from.

Turn.share() does such a thing here, and the other nodes do it when they come to the turn. Hub
thread only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from securechat.core.model.credentials import Device
from securechat.core.model.login_places import Place
from securechat.core.model.state import Model
from securechat.core.model.states import State
from securechat.core.turn import Turn

MAX_OFFERS = 4
"""Secrets that are offered to one account at a time: the one made longest ago gives way."""


class WrongGuess(NamedTuple):
    """Of a password, for a name, from an address block; see auth.throttle."""

    name: str
    address_block: str

    def apply(self, turn: Turn) -> None:
        turn.model.login_throttle.wrong(self.name, self.address_block, turn.clock)


class WrongCode(NamedTuple):
    """Of an account's second factor."""

    account: int

    def apply(self, turn: Turn) -> None:
        turn.model.login_throttle.wrong_code(self.account, turn.clock)


class KnownAt(NamedTuple):
    """A name has logged in from an address block."""

    name: str
    address_block: str

    def apply(self, turn: Turn) -> None:
        turn.model.login_throttle.right(self.name, self.address_block)


class Done(NamedTuple):
    """Something that may be done so often only. what: the attribute of the model that counts it.
    key: as it is counted there; what has several parts is a tuple.
    """

    what: str
    key: int | Sequence[int]

    def apply(self, turn: Turn) -> None:
        key = self.key if isinstance(self.key, int) else tuple(self.key)
        getattr(turn.model, self.what).add(key, turn.clock)


class Offered(NamedTuple):
    """The secret of a second factor has been shown at a login. sealed: by the vault, as it stands
    where copies of the database have it. seconds: so long it is valid.
    """

    account: int
    network: str
    sealed: str
    seconds: float

    def apply(self, turn: Turn) -> None:
        secret = turn.vault.unseal(self.sealed, offer_context(self.account))
        until = turn.clock + self.seconds
        offers = turn.model.enrolments.setdefault(self.account, {})
        offers.pop(self.network, None)
        offers[self.network] = secret, until
        if len(offers) > MAX_OFFERS:
            del offers[next(iter(offers))]


def offer_context(account: int) -> str:
    """Binds the sealed secret of an offer to its account."""
    return f"totp offer {account}"


class LoggedInFrom(NamedTuple):
    """A login; see auth.places. readers: who is told of it, where its place is a new one."""

    place: Place
    readers: Sequence[int]

    def apply(self, turn: Turn) -> bool:
        """Whether it is from a new place."""
        # It comes from another node as a plain list.
        place, places = Place(*self.place), turn.model.login_places
        new = places.add(place.account, place.place)
        if new:
            for reader in self.readers:
                places.keep(reader, place)
        return new


class TokenBound(NamedTuple):
    """A client has made a token for itself."""

    account: int
    made_at: str
    where: str

    def apply(self, turn: Turn) -> bool:
        """Whether it was not known before."""
        return turn.model.login_places.add_bound(self.account, self.made_at, self.where)


class PlacesTold(NamedTuple):
    """Somebody has arrived, and was told of the logins that they had not heard of."""

    reader: int
    where: str

    def apply(self, turn: Turn) -> list[Place]:
        """Those logins."""
        return turn.model.login_places.take(self.reader, self.where)


class AnnouncementShown(NamedTuple):
    """One of that number has been shown to a device of an account; without one, to all who are
    there.
    """

    number: int
    account: int | None = None
    device: str = ""

    def apply(self, turn: Turn) -> dict[Device, int]:
        """What was shown to these devices before."""
        before = {one: one.announced for one in self._devices(turn.model)}
        for device, seen in before.items():
            device.announced = max(seen, self.number)
        return before

    def _devices(self, model: Model) -> Iterator[Device]:
        if self.account is None:
            for session in model.sessions:
                if session.state is State.READY and session.device is not None:
                    yield session.device
            return
        account = model.accounts.get(self.account)
        device = account.devices.get(self.device) if account is not None else None
        if device is not None:
            yield device


class PolicyTold(NamedTuple):
    """Some accounts have been told what the server keeps."""

    accounts: Sequence[int]
    at_ms: int

    def apply(self, turn: Turn) -> None:
        for number in self.accounts:
            if (account := turn.model.accounts.get(number)) is not None:
                account.policy_told_ms = self.at_ms


class LoginsEnded(NamedTuple):
    """Whoever is about to be logged in as an account is not, at whichever node."""

    account: int
    reason: str

    def apply(self, turn: Turn) -> None:
        account = turn.model.accounts.get(self.account)
        if account is None:
            return
        for session in turn.model.here():
            if session.state is State.VERIFYING and session.attempt.claimed is account:
                # The password that a worker is looking at may be the account's old one.
                session.attempt.outdated = True
            elif session.account is account and session.state is not State.READY:
                turn.close(session, self.reason)


SHARED = {
    kind.__name__: kind
    for kind in (
        WrongGuess,
        WrongCode,
        KnownAt,
        Done,
        Offered,
        LoggedInFrom,
        TokenBound,
        PlacesTold,
        PolicyTold,
        AnnouncementShown,
        LoginsEnded,
    )
}
