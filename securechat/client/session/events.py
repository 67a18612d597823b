"""What the session tells those who show it: plain values that the receiving thread makes.

They aren't changed afterwards, so any thread may read them. Texts are as they came over the
network: whoever shows one escapes it. What the person wants is in actions.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from securechat.client.exits import Exit
from securechat.client.session.actions import AskRange, Command, TextKind
from securechat.common.record import Record, field


class ClientEvent(Record):
    """Base of all events."""


class Earlier(Record):
    """A message that others are about. time: the server's in UTC, None when it didn't tell."""

    nick: str
    time: datetime | None = None


class Said(ClientEvent):
    """Somebody, perhaps we ourselves, said something.

    target: the channel, or the account it was sent to. text: may have several lines. mine: it is
    from our account. time: the server's time in UTC, None when it didn't tell. missed: it was
    replayed, not live. answers: the message that it is a reply to, where that is known. mark: by
    what CHATHISTORY finds it, '' when it has neither id nor time. tags: as they came.
    conversation: the channel, or the person that we talk with.
    """

    target: str
    nick: str
    text: str
    kind: TextKind = TextKind.MESSAGE
    mine: bool = False
    time: datetime | None = None
    missed: bool = False
    answers: Earlier | None = None
    # For programs; to who reads it, two messages that look the same are the same.
    mark: str = field(default="", compare=False)
    tags: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    conversation: str = field(default="", compare=False)

    @property
    def msgid(self) -> str:
        """'' for none."""
        return self.tags.get("msgid", "")

    @property
    def reply(self) -> str:
        """The msgid of what it answers, '' for nothing."""
        return client_tag(self.tags, "reply")


class HistoryPage(ClientEvent):
    """What was asked for by AskPage, oldest first. said: nothing when there is nothing older.
    first: whether nothing of the conversation was shown before. hidden: how many messages were
    left out, as the person ignores who says them.
    """

    target: str
    said: tuple[Said, ...]
    first: bool = False
    hidden: int = 0


class RangeTold(ClientEvent):
    """The answer to AskRange. events: what was said, oldest first, and with draft/event-playback
    what else has happened. targets: for TARGETS, each conversation with the time of its newest
    message. problem: why there is no answer, '' for none. marks: by what CHATHISTORY finds the
    first and the last line of the answer, also where that is none of the events; None of an empty
    one.
    """

    asked: AskRange
    events: tuple[ClientEvent, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    marks: tuple[str, str] | None = field(default=None, compare=False)

    @property
    def said(self) -> tuple[Said, ...]:
        """The messages alone."""
        return tuple(event for event in self.events if isinstance(event, Said))


class SearchPage(ClientEvent):
    """What a search has found, oldest first. typed: of AskSearch. on: it goes on with what was
    found before. newer: whether the next page has newer ones, not older ones.
    """

    typed: str
    said: tuple[Said, ...]
    on: bool = False
    newer: bool = False


class SearchPaused(ClientEvent):
    """A search took too long for the server: it has looked only as far as this time, in UTC. newer:
    as of SearchPage.
    """

    until: datetime
    newer: bool = False


class Removed(ClientEvent):
    """by took a message out of a conversation. about: which one, where that is known. msgid: its
    id. mark: as of Said, and of this event itself.
    """

    target: str
    by: str
    about: Earlier | None = None
    reason: str = ""
    time: datetime | None = None
    msgid: str = field(default="", compare=False)
    conversation: str = field(default="", compare=False)
    mark: str = field(default="", compare=False)


class Reacted(ClientEvent):
    """nick reacts to a message, or does so no more. about: as of Removed."""

    target: str
    nick: str
    reaction: str
    about: Earlier | None = None
    ended: bool = False
    time: datetime | None = None
    msgid: str = field(default="", compare=False)
    conversation: str = field(default="", compare=False)
    mine: bool = field(default=False, compare=False)
    mark: str = field(default="", compare=False)


class IsTyping(ClientEvent):
    """nick types in a conversation, or no more. paused: they have stopped, and not given up. The
    session has no clock for it: who shows it forgets it after typing.LASTS seconds, or PAUSED, and
    when nick says something or leaves.
    """

    conversation: str
    nick: str
    ended: bool = False
    paused: bool = False


class IsAway(ClientEvent):
    """nick has gone away, and perhaps said why, or is back."""

    nick: str
    away: bool
    message: str = ""


class MarkedRead(ClientEvent):
    """All up to time is read, on this device or another one; None: nothing is."""

    target: str
    time: datetime | None


class ChannelRenamed(ClientEvent):
    """A channel has another name now, and by has changed it."""

    old: str
    new: str
    by: str = ""
    reason: str = ""
    time: datetime | None = None
    mark: str = field(default="", compare=False)


class Joined(ClientEvent):
    """nick is in channel now. mine: it is our own account."""

    channel: str
    nick: str
    mine: bool = False
    time: datetime | None = None
    mark: str = field(default="", compare=False)


class Left(ClientEvent):
    """nick left channel, or, when that is None, the server. by: who removed it, '' for nobody.
    channels: those of ours in which somebody was who has left the server.
    """

    channel: str | None
    nick: str
    reason: str = ""
    by: str = ""
    mine: bool = False
    time: datetime | None = None
    mark: str = field(default="", compare=False)
    channels: tuple[str, ...] = field(default=(), compare=False)


class TopicIs(ClientEvent):
    """The topic of channel. by: who changed it just now, '' when it was only told."""

    channel: str
    topic: str
    by: str = ""
    time: datetime | None = None
    mark: str = field(default="", compare=False)


class NamesAre(ClientEvent):
    """Who is in channel, each with the prefixes of its roles."""

    channel: str
    names: tuple[str, ...]


class Renamed(ClientEvent):
    """Somebody has another name now. channels: those of ours in which they are."""

    old: str
    new: str
    time: datetime | None = None
    mark: str = field(default="", compare=False)
    channels: tuple[str, ...] = field(default=(), compare=False)


class Invited(ClientEvent):
    """by asks us into channel."""

    by: str
    channel: str


class ModesSet(ClientEvent):
    """by has changed the modes of channel; change: letters, then their parameters."""

    by: str
    channel: str
    change: tuple[str, ...]
    time: datetime | None = None
    mark: str = field(default="", compare=False)


class PersonIs(ClientEvent):
    """Somebody, as WHO tells of them. channel: '' when it wasn't asked about one. prefixes: of the
    roles there. account: '' when it isn't told.
    """

    nick: str
    real_name: str
    channel: str
    away: bool
    prefixes: str = field(default="", compare=False)
    account: str = field(default="", compare=False)


class ModesAre(ClientEvent):
    """How a channel is set: letters, then their parameters."""

    channel: str
    modes: tuple[str, ...]


class Mask(Record):
    """An entry of a list of a channel: by whom and when it was set, '' and None when untold."""

    mask: str
    by: str = ""
    time: datetime | None = None


class MasksAre(ClientEvent):
    """A list of a channel: of those who are banned ("b"), excepted from that ("e"), or who need no
    invitation ("I").
    """

    channel: str
    letter: str
    masks: tuple[Mask, ...]


class ListedChannel(Record):
    """A row of LIST. members: how many are shown there."""

    channel: str
    members: int
    topic: str


class ChannelsAre(ClientEvent):
    """The channels that there are, or those that were asked for."""

    rows: tuple[ListedChannel, ...]


class InvitationsAre(ClientEvent):
    """Where we are invited to."""

    channels: tuple[str, ...]


class HasInvited(ClientEvent):
    """We have invited nick into channel."""

    nick: str
    channel: str


class WeAreAway(ClientEvent):
    """We are away now on this device, or no more."""

    away: bool


class NobodyFits(ClientEvent):
    """WHO has found nobody. asked: what it was asked for."""

    asked: str


class WhoisTold(ClientEvent):
    """What WHOIS tells of somebody who is online. channels: those we may know of, each with the
    prefixes of its roles. away: None for who isn't. idle: seconds since they last said something.
    since: of their login. secure, admin, bot: whether the server says so.
    """

    nick: str
    real_name: str = ""
    account: str = ""
    channels: tuple[str, ...] = ()
    away: str | None = None
    idle: int | None = None
    since: datetime | None = None
    admin: bool = False
    bot: bool = False
    secure: bool = False


class Info(ClientEvent):
    """A line worth showing. remote: its words are the server's."""

    text: str
    remote: bool = True


class Problem(ClientEvent):
    """Something went wrong. remote: the words are the server's. code: of its numeric, '' for none.
    about: what it names between our name and its last words, which are words.
    """

    text: str
    remote: bool = True
    code: str = field(default="", compare=False)
    about: tuple[str, ...] = field(default=(), compare=False)
    words: str = field(default="", compare=False)


class SearchRefused(Problem):
    """There is no answer to a search. text: why. typed: as of SearchPage."""

    typed: str = field(default="", kw_only=True)


class TooLong(Problem):
    """What was typed can't be sent as it is; it goes back to where it was typed."""


class CommandDone(ClientEvent):
    """The server has done what was wanted: action, the very object that was submitted. Told where
    the server knows labels (labeled-response), and not of TOKEN, TOTP, PASSWD and SESSIONS, which
    have an InquiryAnswer, nor of Type and MarkRead. quiet: nothing else was told: all was so
    already, or there is nothing to tell.
    """

    action: Command
    quiet: bool = field(default=False, compare=False)


class CommandRefused(Problem):
    """The server has not done what was wanted, or not all of it. text: why. action: as of
    CommandDone. code: of the standard reply, or a numeric; '' where the server has said nothing:
    it couldn't be sent, or the connection was lost before the answer, or none came.
    """

    action: Command = field(kw_only=True)
    code: str = field(default="", kw_only=True)


class Queued(ClientEvent):
    """A message of ours is on its way. id: by what the later events tell of it: that of its Say,
    and for each further piece of what is too long for one message one of its own, with the Say's as
    part_of. When the first piece is told again its text is the piece's.
    """

    id: int
    target: str
    text: str
    kind: TextKind = TextKind.MESSAGE
    reply: str = ""
    part_of: int = 0


class Stored(ClientEvent):
    """A message of ours is on the server's disk: its echo arrived. msgid, time: of the echo. id: of
    Queued.
    """

    target: str
    text: str
    msgid: str = field(default="", compare=False)
    time: datetime | None = field(default=None, compare=False)
    id: int = field(default=0, compare=False)


class Rejected(ClientEvent):
    """The server did not take a message of ours. id: of Queued."""

    target: str
    text: str
    reason: str
    id: int = field(default=0, compare=False)


class Doubt(StrEnum):
    """Why a message of ours is not known to be stored."""

    QUEUED = "waiting for the connection"
    SILENT = "not confirmed by the server"
    CUT = "not confirmed before the connection was lost"
    RESENT = "was not stored; sent again"
    ASKED = "not confirmed; sent again, and the server keeps one of them"
    UNSENT = "was not sent"
    UNKNOWN = "was never confirmed: it may be stored or not"


class Unconfirmed(ClientEvent):
    """A message of ours that isn't known to be stored, and why. id: of Queued."""

    target: str
    text: str
    doubt: Doubt
    id: int = field(default=0, compare=False)


class InquiryAnswer(ClientEvent):
    """A standard reply to TOKEN, TOTP, PASSWD or SESSIONS, or an error that stands for one.

    verdict: "NOTE", "WARN" or "FAIL". context: what stands between code and text; it may hold
    secrets. https://ircv3.net/specs/extensions/standard-replies
    """

    verdict: str
    command: str
    code: str
    context: tuple[str, ...] = field(repr=False)
    text: str


class Delayed(ClientEvent):
    """The server holds our login back for some seconds."""

    text: str
    seconds: int


class RecoveryTold(ClientEvent):
    """The login has begun a second factor; the codes that stand in for its own."""

    codes: tuple[str, ...] = field(repr=False)


class Registered(ClientEvent):
    """The server has made our account."""


class Ready(ClientEvent):
    """We are logged in, as nick, and all that was missed has been shown. again: reconnected."""

    nick: str
    again: bool = False


class LoginRefused(ClientEvent):
    """The server refused us.

    ask_again: "password" or "name" when another may do, "code" when that of the second factor is
    missing, "factor" when one has to be begun, else "". offer: the secret of that, and its URI.
    reason: the code, as refusals.py has it.
    """

    text: str
    ask_again: str = ""
    offer: tuple[str, str] = field(default=("", ""), repr=False)
    reason: str = ""


class Lost(ClientEvent):
    """The connection is gone. seconds: the next attempt comes after so many."""

    reason: str
    seconds: float


class Overrun(ClientEvent):
    """Who takes the events was too slow for them: so many were dropped here. What was said is in
    the server's history.
    """

    count: int


class Stopped(ClientEvent):
    """The client has ended and will not reconnect. text: '' when there is nothing to say. refused:
    how, by the server.
    """

    code: Exit
    text: str = ""
    refused: LoginRefused | None = None


class Output:
    """What one step of the session wants done: lines to send, events to show.

    hangup: when not None, the connection is to be closed, for this reason.
    """

    __slots__ = ("events", "hangup", "lines")

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events: list[ClientEvent] = []
        self.hangup: str | None = None


def client_tag(tags: Mapping[str, str], name: str) -> str:
    """A client-only tag, by its name of today or by that of its draft; '' for none."""
    return tags.get(f"+{name}") or tags.get(f"+draft/{name}", "")
