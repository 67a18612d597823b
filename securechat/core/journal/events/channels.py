"""What lasts of channels and conversations: their messages, members, modes, lists, invitations."""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.journal.events.things import (
    ACCOUNT,
    CHANNEL_METADATA,
    CONVERSATION,
    FOUNDER,
    INVITATION,
    KICKS,
    LOOKS,
    MASK,
    MEMBERS,
    MEMBERSHIP,
    MESSAGE,
    MODES,
    NAME,
    READ_MARKERS,
    TARGET,
    TOPIC,
    Table,
    about,
)

SERVER = 0
"""In the place of a sender: the server has done it, by itself or for its administrator."""


@about(
    needs=[TARGET.by("target"), ACCOUNT.by("sender"), MEMBERSHIP.by("target", "sender")],
    makes=[MESSAGE],
)
class Logged(NamedTuple):
    """A message, or something that happened in a channel, in the one order of the server.

    seq: its place in that order. target: id of the channel or of the direct conversation.
    sender: account id, or SERVER. at_ms: milliseconds since 1970 (UTC). kind: PRIVMSG or NOTICE
    for what people read, CTCP or CTCPREPLY for what programs ask and answer in the same way,
    TAGMSG, JOIN, PART, KICK, TOPIC, MODE, RENAME, DROP or REDACT; STATUSMSG for what was said to
    those of a rank, which nobody is shown again; or REDACTED for a message whose text is gone.
    tags: the client-only tags as they stand on the wire, or None.
    """

    seq: int
    target: int
    sender: int
    at_ms: int
    kind: str
    text: str
    tags: str | None


@about(changes=[MESSAGE])
class Redacted(NamedTuple):
    """A message has been taken back: that it was there is all that is left of it. sender, text,
    tags: as they were read; the sender's share of what is kept is smaller by them.
    """

    seq: int
    target: int
    sender: int
    text: str
    tags: str | None


@about(needs=[ACCOUNT.by("founder")], changes=[NAME, LOOKS], makes=[TARGET.by("id")])
class ChannelCreated(NamedTuple):
    """A channel begins. founder: account id, None for the lobby."""

    id: int
    name: str
    folded: str
    skeleton: str
    founder: int | None
    modes: str
    created_ms: int


@about(needs=[MEMBERS.by("id")], changes=[TARGET.by("id")])
class ChannelClosed(NamedTuple):
    """The last member has left, or an owner has ended it for all; the name is free again, the log
    stays.
    """

    id: int


@about(
    needs=[MEMBERS, READ_MARKERS.by("before")],
    changes=[TARGET, NAME, LOOKS, NAME.by("before")],
)
class ChannelRenamed(NamedTuple):
    """name, folded, skeleton: from now on. before: the folded name that it had, which is free. The
    read markers of its members go with it.
    """

    name: str
    folded: str
    skeleton: str
    channel: int
    before: str


@about(needs=[TARGET], changes=[FOUNDER])
class FounderRemoved(NamedTuple):
    """The channel is the lobby, which has no founder."""

    channel: int


@about(
    needs=[ACCOUNT.by("low"), ACCOUNT.by("high")], changes=[CONVERSATION], makes=[TARGET.by("id")]
)
class DirectOpened(NamedTuple):
    """Two accounts exchange their first message. low, high: account ids, low <= high."""

    id: int
    low: int
    high: int


@about(
    needs=[TARGET, ACCOUNT, MODES],  # which let it in
    changes=[MEMBERSHIP],
    makes=[MEMBERS],
)
class MemberJoined(NamedTuple):
    """seq: the newest at that time; older messages of the channel are not the member's to miss.
    modes: as in MemberModesChanged.
    """

    channel: int
    account: int
    modes: str
    seq: int


# Whether the channel is closed, or gets an owner, hangs on the others in it.
@about(needs=[TARGET, ACCOUNT], changes=[MEMBERSHIP, MEMBERS])
class MemberLeft(NamedTuple):
    """By PART or KICK."""

    channel: int
    account: int


@about(needs=[ACCOUNT], changes=[KICKS])
class KickedAway(NamedTuple):
    """An account was put out of a channel while none of its sessions was there to see it. name: the
    channel's. by: the nick.
    """

    account: int
    name: str
    by: str
    reason: str
    at_ms: int


@about(needs=[ACCOUNT], changes=[KICKS])
class KicksTold(NamedTuple):
    """The account has come back, and has been told."""

    account: int


@about(needs=[TARGET, ACCOUNT], changes=[MEMBERSHIP], makes=[MEMBERS])
class MemberModesChanged(NamedTuple):
    """modes: all that the member has from now on, as letters of 'qov' in this order."""

    modes: str
    channel: int
    account: int


@about(needs=[TARGET], changes=[TOPIC])
class TopicChanged(NamedTuple):
    """topic_by: the nick!user@host that set it."""

    topic: str
    topic_by: str
    topic_ms: int
    channel: int

    @staticmethod
    def table() -> Table:
        return "targets"


@about(needs=[TARGET], changes=[CHANNEL_METADATA])
class ChannelMetadataSet(NamedTuple):
    """metadata: all keys with their values, as a JSON object; '' for none."""

    metadata: str
    channel: int

    @staticmethod
    def table() -> Table:
        return "targets"


@about(needs=[TARGET], changes=[MODES])
class ModesChanged(NamedTuple):
    """modes: the letters of the flags that are set, sorted. key, limit: None when not set."""

    modes: str
    key: str | None
    limit: int | None
    channel: int


@about(needs=[TARGET], changes=[MASK])
class MaskAdded(NamedTuple):
    """kind: the mode whose list it is, b, e or I. mask: nick!user@host with wildcards, or ~a: and
    the name of an account.
    """

    channel: int
    kind: str
    mask: str
    by: str
    at_ms: int


@about(needs=[TARGET], changes=[MASK])
class MaskRemoved(NamedTuple):
    channel: int
    kind: str
    mask: str


@about(needs=[TARGET, ACCOUNT], changes=[INVITATION])
class InvitationMade(NamedTuple):
    """An account may enter a channel. by: the nick that invited."""

    channel: int
    account: int
    by: str


@about(needs=[TARGET, ACCOUNT], changes=[INVITATION])
class InvitationEnded(NamedTuple):
    """The invited account has joined, or later ones have taken the place."""

    channel: int
    account: int


@about(needs=[TARGET], changes=[MODES])
class HistoryOpened(NamedTuple):
    """Newcomers may read what is said after a seq (+H)."""

    history_from: int
    channel: int

    @staticmethod
    def table() -> Table:
        return "targets"


ChannelEvent = (
    Logged
    | Redacted
    | ChannelCreated
    | ChannelClosed
    | ChannelRenamed
    | FounderRemoved
    | DirectOpened
    | MemberJoined
    | MemberLeft
    | KickedAway
    | KicksTold
    | MemberModesChanged
    | TopicChanged
    | ChannelMetadataSet
    | ModesChanged
    | HistoryOpened
    | MaskAdded
    | MaskRemoved
    | InvitationMade
    | InvitationEnded
)
