"""One connection as the rules see it. The hub thread owns it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from securechat.core.model.states import State, Trigger, after
from securechat.irc.capabilities import WIRE
from securechat.irc.numerics import Numeric

if TYPE_CHECKING:
    from securechat.core.model.credentials import Certificate, Token
    from securechat.core.model.device import Device
    from securechat.core.model.state import Account
    from securechat.irc.sasl import Assembler


NumericReply = tuple[Numeric, *tuple[str, ...]]
"""A numeric with its parameters, the last of which is the trailing one."""


class Answering(NamedTuple):
    """An answer that is given in parts. command: its name. replies: what is left of it; None where
    nothing was found for a while, and others may come between.
    """

    command: str
    replies: Iterator[NumericReply | None]


class Session:
    """link: what the server delivers to, opaque here. io: the number of the link's I/O thread.

    address: where it comes from, for logs. address_block: what counts as one place there, in
    limits: the address, or the /64 of an IPv6 one. fingerprint: the SHA-256 of the verified client
    certificate that it shows, or None. opened_at and the other *_at: seconds of the monotonic
    clock.
    """

    __slots__ = (
        "account",
        "address",
        "address_block",
        "after",
        "answered_at",
        "answering",
        "arrived_at",
        "asked_at",
        "assembler",
        "awaited",
        "away",
        "away_at",
        "cap_302",
        "caps",
        "certificate",
        "changing",
        "claimed",
        "claimed_device",
        "delivered",
        "device",
        "encoding_group",
        "enrolling",
        "failures",
        "fingerprint",
        "heard_at",
        "held",
        "held_back",
        "id",
        "invisible",
        "io",
        "link",
        "mechanism",
        "negotiating",
        "nick",
        "opened_at",
        "outdated",
        "password",
        "proved_at",
        "real_name",
        "refused",
        "state",
        "token",
        "unstored",
        "user",
    )

    def __init__(
        self,
        link: object,
        *,
        io: int,
        address: str,
        fingerprint: bytes | None,
        opened_at: float,
        address_block: str = "",
    ) -> None:
        self.link = link
        self.io = io
        self.encoding_group = (io, 0)
        self.address = address
        self.address_block = address_block or address
        self.fingerprint = fingerprint
        self.opened_at = self.heard_at = opened_at
        self.asked_at = float("-inf")
        self.awaited = False
        """The PONG to the server's last PING has not come."""
        self.state = State.CONNECTED
        self.caps = 0
        self.cap_302 = False
        self.negotiating = False
        self.nick: str | None = None
        self.user: str | None = None
        self.real_name = ""
        self.password: str | None = None
        self.mechanism = ""
        self.assembler: Assembler | None = None
        self.away: str | None = None
        """Its own message; the account is away when all its sessions are."""
        self.away_at = 0.0
        self.failures = 0
        self.refused = ""
        """Why its last attempt to log in by SASL failed, as it was told."""
        self.account: Account | None = None
        self.claimed: Account | None = None
        """Whose password a worker is checking."""
        self.claimed_device = ""
        """What it calls itself among the devices of the account."""
        self.device: Device | None = None
        self.after = 0
        """All after this seq that its device has missed is given to it."""
        self.delivered: int | None = None
        """The newest seq that a PONG has shown to have arrived here; None before the first."""
        self.arrived_at = self.answered_at = opened_at
        self.outdated = False
        """What the worker finds is no more true: password or account have changed since."""
        self.held_back = 0.0
        """Seconds that its attempts had to wait; they are no part of its time for the login."""
        self.token: Token | None = None
        """The device token that it logged in with, or that it is bound to."""
        self.certificate: Certificate | None = None
        """The client certificate that it logged in with."""
        self.id = ""
        """What it is called in lists of sessions, once it was in one."""
        self.proved_at: float | None = None
        """When it showed the account's password, if it did."""
        self.unstored = False
        """Its login holds something that is not stored yet."""
        self.enrolling: bytes | None = None
        """The secret of a second factor that awaits its first code."""
        self.changing = False
        """A worker makes the hash of its account's new password."""
        self.held: list[bytes] = []
        self.answering: Answering | None = None
        """The rest of a long answer; its further lines wait for the end."""
        self.invisible = False

    @property
    def proven(self) -> bool:
        """Whether it showed the password or a certificate itself, and not a device token only."""
        return self.token is None or self.proved_at is not None

    def move(self, trigger: Trigger) -> None:
        """Go to the next state. Raises TransitionError."""
        self.state = after(self.state, trigger)

    def set_caps(self, caps: int) -> None:
        """Change the capabilities; the account's audiences must be forgotten then."""
        self.caps = caps
        self.encoding_group = (self.io, caps & WIRE)

    def has(self, capability: int) -> bool:
        """Whether a capability, or one of several, is enabled."""
        return bool(self.caps & capability)

    @property
    def shown_nick(self) -> str:
        """What a numeric is addressed to: until the welcome, the name the client gave itself."""
        if self.account is not None and self.state is State.READY:
            return self.account.name
        return self.nick or "*"

    @property
    def who(self) -> Account:
        """The account of a session that is logged in."""
        if self.account is None:
            raise RuntimeError("the session is not logged in")
        return self.account
