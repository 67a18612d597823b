"""What lasts of channels and conversations: their messages, members, modes, bans, invitations."""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.journal.events.things import Table, Things, member


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
        return member(self.target, self.sender)

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
        return *member(self.channel, self.account), ("modes", self.channel)  # which let it in

    def makes(self) -> Things:
        return (("membership", (self.channel, self.account)), ("members", self.channel))


class MemberLeft(NamedTuple):
    """By PART or KICK."""

    channel: int
    account: int

    def needs(self) -> Things:
        # Whether the channel is closed, or gets an owner, hangs on the others in it.
        return *member(self.channel, self.account), ("members", self.channel)

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
        return member(self.channel, self.account)

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


ChannelEvent = (
    Logged
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
