"""The journal: every change that outlives the process, as data.

A turn of the hub records events; model.apply() puts each into memory at once, and the store writes
all of a turn in one transaction before anything the turn says is sent. An event is a named tuple
whose fields, in their order, are the parameters of the store's statement of the same name.

Each event says what it builds on, and what it makes: needs() are the things that must be as the
rules have seen them, also those that it changes; makes() are those that it brings into being,
changes or ends. When an event can't be stored, no later one of its turn is that needs what it
makes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

ThingKind = Literal[
    "account",
    "ban",
    "certificate",
    "certificate name",
    "conversation",
    "device",
    "factor",
    "founder",
    "invitation",
    "invite",
    "key slot",
    "kicks",
    "members",
    "membership",
    "modes",
    "name",
    "password",
    "target",
    "token",
    "token name",
    "topic",
]
"""Of what events are about. members: of a channel, as a whole."""

Thing = tuple[ThingKind, object]
"""One of them, by its kind and what it is known by."""

Things = tuple[Thing, ...]

Table = Literal["accounts", "targets"]
"""An event with a table() sets facts of one account or channel, and needs no code of its own in
apply() or in the store: its fields are columns of that table, and attributes of that account or
channel, under the same names; the last one is whose they are.
"""


def _member(channel: int, account: int) -> Things:
    """An account in a channel, and both by themselves."""
    return ("target", channel), ("account", account), ("membership", (channel, account))


class Logged(NamedTuple):
    """A message, or something that happened in a channel, in the one order of the server.

    seq: its place in that order. target: id of the channel or of the direct conversation.
    sender: account id. at_ms: milliseconds since 1970 (UTC). kind: PRIVMSG, NOTICE, TAGMSG, JOIN,
    PART, KICK, TOPIC or MODE. tags: the client-only tags as they stand on the wire, or None.
    """

    seq: int
    target: int
    sender: int
    at_ms: int
    kind: str
    text: str
    tags: str | None

    def needs(self) -> Things:
        return _member(self.target, self.sender)

    def makes(self) -> Things:
        return ()


class AccountCreated(NamedTuple):
    """starts_after: the newest seq at that time; nothing older is missed by its devices."""

    id: int
    name: str
    folded: str
    skeleton: str
    password: str
    admin: bool
    created_ms: int
    starts_after: int

    def needs(self) -> Things:
        return (("name", self.folded), ("name", self.skeleton))

    def makes(self) -> Things:
        return (("account", self.id), ("name", self.folded), ("name", self.skeleton))


class PasswordChanged(NamedTuple):
    """A new password, by its hash. replaced: the old one's. If an administrator has set another
    one meanwhile, that stays, and this can't be stored.
    """

    password: str
    account: int
    replaced: str

    def needs(self) -> Things:
        return (("account", self.account), ("password", self.account))

    def makes(self) -> Things:
        return (("password", self.account),)


class PasswordRehashed(NamedTuple):
    """A new hash of the same password, after a login that found the old one, of another cost.

    replaced: that old one. If the password has been changed meanwhile, it isn't there any more, and
    nothing happens.
    """

    password: str
    account: int
    replaced: str

    def needs(self) -> Things:
        return (("account", self.account), ("password", self.account))

    def makes(self) -> Things:
        return (("password", self.account),)


class RealNameSet(NamedTuple):
    """An account has chosen its real name."""

    chosen_name: str
    account: int

    @staticmethod
    def table() -> Table:
        return "accounts"

    def needs(self) -> Things:
        return (("account", self.account),)

    def makes(self) -> Things:
        return ()


class TokenCreated(NamedTuple):
    """digest: the SHA-256 that is all that is kept of a device token. name: its own in the account.

    created_ms: milliseconds since 1970 (UTC).
    """

    digest: bytes
    account: int
    name: str
    created_ms: int

    def needs(self) -> Things:
        return (("account", self.account), ("token name", (self.account, self.name)))

    def makes(self) -> Things:
        return (("token", self.digest), ("token name", (self.account, self.name)))


class TokenUsed(NamedTuple):
    """A login with the token."""

    used_ms: int
    digest: bytes

    def needs(self) -> Things:
        return (("token", self.digest),)

    def makes(self) -> Things:
        return ()


class TokenRevoked(NamedTuple):
    """The token is no credential any more."""

    digest: bytes

    def needs(self) -> Things:
        return (("token", self.digest),)

    def makes(self) -> Things:
        return (("token", self.digest),)


class CertificateAdded(NamedTuple):
    """A client certificate logs the account in. fingerprint: the SHA-256 of its DER form. name: its
    own in the account. created_ms: milliseconds since 1970 (UTC).
    """

    fingerprint: bytes
    account: int
    name: str
    created_ms: int

    def needs(self) -> Things:
        name: Thing = ("certificate name", (self.account, self.name))
        return (("account", self.account), ("certificate", self.fingerprint), name)

    def makes(self) -> Things:
        name: Thing = ("certificate name", (self.account, self.name))
        return (("certificate", self.fingerprint), name)


class CertificateUsed(NamedTuple):
    """A login with the certificate."""

    used_ms: int
    fingerprint: bytes

    def needs(self) -> Things:
        return (("certificate", self.fingerprint),)

    def makes(self) -> Things:
        return ()


class CertificateRevoked(NamedTuple):
    """The certificate is no credential any more."""

    fingerprint: bytes

    def needs(self) -> Things:
        return (("certificate", self.fingerprint),)

    def makes(self) -> Things:
        return (("certificate", self.fingerprint),)


class FactorSet(NamedTuple):
    """The account has a second factor from now on. secret: sealed. counter: of the newest code that
    was accepted, in RFC 6238's time steps.
    """

    account: int
    secret: str
    counter: int
    created_ms: int

    def needs(self) -> Things:
        return (("account", self.account), ("factor", self.account))

    def makes(self) -> Things:
        return (("factor", self.account),)


class FactorUsed(NamedTuple):
    """A code was accepted; it and older ones are not any more."""

    counter: int
    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class FactorRemoved(NamedTuple):
    """The account has no second factor any more, and no recovery codes."""

    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class RecoveryCodeAdded(NamedTuple):
    """digest: the keyed digest that is all that is kept of the code."""

    digest: bytes
    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class RecoveryCodesCleared(NamedTuple):
    """None of the account's recovery codes is valid any more."""

    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class RecoveryCodeUsed(NamedTuple):
    """A code has stood in for one of the second factor, and can't again."""

    digest: bytes
    account: int

    def needs(self) -> Things:
        return (("factor", self.account),)

    def makes(self) -> Things:
        return (("factor", self.account),)


class Audited(NamedTuple):
    """Something about the server's security. account: a name, '-' for nobody's. address: where
    from. result: 'ok', or why not. facts: a JSON object.
    """

    at_ms: int
    event: str
    account: str
    address: str
    result: str
    facts: str


class Delivered(NamedTuple):
    """Everything up to a seq has certainly arrived at a device of an account. name: the device's.

    used_ms: its newest login.
    """

    account: int
    name: str
    delivered: int
    used_ms: int

    def needs(self) -> Things:
        return (("account", self.account), ("device", (self.account, self.name)))

    def makes(self) -> Things:
        return (("device", (self.account, self.name)),)


class MessageKeyed(NamedTuple):
    """A client has given a key to a message, by which it is known when it comes again.

    slot: its place among the account's, whose oldest key it replaces. at_ms: of the message.
    """

    account: int
    slot: int
    key: int
    seq: int
    at_ms: int

    def needs(self) -> Things:
        return (("account", self.account), ("key slot", (self.account, self.slot)))

    def makes(self) -> Things:
        return (("key slot", (self.account, self.slot)),)


class DeviceForgotten(NamedTuple):
    """The account has newer devices, as many as may be."""

    account: int
    name: str

    def needs(self) -> Things:
        return (("account", self.account), ("device", (self.account, self.name)))

    def makes(self) -> Things:
        return (("device", (self.account, self.name)),)


class UsageCounted(NamedTuple):
    """bytes: what the log holds of the account."""

    account: int
    bytes: int

    def needs(self) -> Things:
        return (("account", self.account),)

    def makes(self) -> Things:
        return ()


class UsageUpto(NamedTuple):
    """seq: the newest entry of the log that all UsageCounted so far have counted, as a text."""

    seq: str

    def needs(self) -> Things:
        return ()

    def makes(self) -> Things:
        return ()


class InviteUsed(NamedTuple):
    """One use of an invite; code_sha256 is all that is kept of its code."""

    code_sha256: bytes

    def needs(self) -> Things:
        return (("invite", self.code_sha256),)

    def makes(self) -> Things:
        return ()


class ChannelCreated(NamedTuple):
    """A channel begins. founder: account id, None for the lobby."""

    id: int
    name: str
    folded: str
    skeleton: str
    founder: int | None
    modes: str
    created_ms: int

    def needs(self) -> Things:
        names: Things = (("name", self.folded), ("name", self.skeleton))
        return names if self.founder is None else (*names, ("account", self.founder))

    def makes(self) -> Things:
        return (("target", self.id), ("name", self.folded), ("name", self.skeleton))


class ChannelClosed(NamedTuple):
    """The last member has left; the name is free again, the log stays."""

    id: int

    def needs(self) -> Things:
        return (("target", self.id), ("members", self.id))

    def makes(self) -> Things:
        return (("target", self.id),)


class FounderRemoved(NamedTuple):
    """The channel is the lobby, which is nobody's."""

    channel: int

    def needs(self) -> Things:
        return (("target", self.channel), ("founder", self.channel))

    def makes(self) -> Things:
        return (("founder", self.channel),)


class DirectOpened(NamedTuple):
    """Two accounts exchange their first message. low, high: account ids, low <= high."""

    id: int
    low: int
    high: int

    def needs(self) -> Things:
        return (
            ("account", self.low),
            ("account", self.high),
            ("conversation", (self.low, self.high)),
        )

    def makes(self) -> Things:
        return (("target", self.id), ("conversation", (self.low, self.high)))


class MemberJoined(NamedTuple):
    """seq: the newest at that time; older messages of the channel are not the member's to miss.
    modes: as in MemberModesChanged.
    """

    channel: int
    account: int
    modes: str
    seq: int

    def needs(self) -> Things:
        return *_member(self.channel, self.account), ("modes", self.channel)  # which let it in

    def makes(self) -> Things:
        return (("membership", (self.channel, self.account)), ("members", self.channel))


class MemberLeft(NamedTuple):
    """By PART or KICK."""

    channel: int
    account: int

    def needs(self) -> Things:
        # Whether the channel is closed, or gets an owner, hangs on the others in it.
        return *_member(self.channel, self.account), ("members", self.channel)

    def makes(self) -> Things:
        return (("membership", (self.channel, self.account)), ("members", self.channel))


class KickedAway(NamedTuple):
    """An account was put out of a channel while none of its sessions was there to see it. name: the
    channel's. by: the nick.
    """

    account: int
    name: str
    by: str
    reason: str
    at_ms: int

    def needs(self) -> Things:
        return (("account", self.account), ("kicks", self.account))

    def makes(self) -> Things:
        return (("kicks", self.account),)


class KicksTold(NamedTuple):
    """The account has come back, and has been told."""

    account: int

    def needs(self) -> Things:
        return (("account", self.account), ("kicks", self.account))

    def makes(self) -> Things:
        return (("kicks", self.account),)


class MemberModesChanged(NamedTuple):
    """modes: all that the member has from now on, as letters of 'qov' in this order."""

    modes: str
    channel: int
    account: int

    def needs(self) -> Things:
        return _member(self.channel, self.account)

    def makes(self) -> Things:
        return (("membership", (self.channel, self.account)), ("members", self.channel))


class TopicChanged(NamedTuple):
    """topic_by: the nick!user@host that set it."""

    topic: str
    topic_by: str
    topic_ms: int
    channel: int

    @staticmethod
    def table() -> Table:
        return "targets"

    def needs(self) -> Things:
        return (("target", self.channel), ("topic", self.channel))

    def makes(self) -> Things:
        return (("topic", self.channel),)


class ModesChanged(NamedTuple):
    """modes: the letters of the flags that are set, sorted. key, limit: None when not set."""

    modes: str
    key: str | None
    limit: int | None
    channel: int

    def needs(self) -> Things:
        return (("target", self.channel), ("modes", self.channel))

    def makes(self) -> Things:
        return (("modes", self.channel),)


class BanAdded(NamedTuple):
    """mask: nick!user@host with wildcards."""

    channel: int
    mask: str
    by: str
    at_ms: int

    def needs(self) -> Things:
        return (("target", self.channel), ("ban", (self.channel, self.mask)))

    def makes(self) -> Things:
        return (("ban", (self.channel, self.mask)),)


class BanRemoved(NamedTuple):
    channel: int
    mask: str

    def needs(self) -> Things:
        return (("target", self.channel), ("ban", (self.channel, self.mask)))

    def makes(self) -> Things:
        return (("ban", (self.channel, self.mask)),)


class InvitationMade(NamedTuple):
    """An account may enter a channel. by: the nick that invited."""

    channel: int
    account: int
    by: str

    def needs(self) -> Things:
        return (
            ("target", self.channel),
            ("account", self.account),
            ("invitation", (self.channel, self.account)),
        )

    def makes(self) -> Things:
        return (("invitation", (self.channel, self.account)),)


class InvitationEnded(NamedTuple):
    """The invited account has joined, or later ones have taken the place."""

    channel: int
    account: int

    def needs(self) -> Things:
        return (
            ("target", self.channel),
            ("account", self.account),
            ("invitation", (self.channel, self.account)),
        )

    def makes(self) -> Things:
        return (("invitation", (self.channel, self.account)),)


JournalEvent = (
    Logged
    | AccountCreated
    | PasswordChanged
    | PasswordRehashed
    | RealNameSet
    | TokenCreated
    | TokenUsed
    | TokenRevoked
    | CertificateAdded
    | CertificateUsed
    | CertificateRevoked
    | FactorSet
    | FactorUsed
    | FactorRemoved
    | RecoveryCodeAdded
    | RecoveryCodesCleared
    | RecoveryCodeUsed
    | UsageCounted
    | UsageUpto
    | Delivered
    | DeviceForgotten
    | MessageKeyed
    | InviteUsed
    | ChannelCreated
    | ChannelClosed
    | FounderRemoved
    | DirectOpened
    | MemberJoined
    | MemberLeft
    | KickedAway
    | KicksTold
    | MemberModesChanged
    | TopicChanged
    | ModesChanged
    | BanAdded
    | BanRemoved
    | InvitationMade
    | InvitationEnded
)
