"""What the server answers when it is asked, or told to do something."""

from __future__ import annotations

from datetime import datetime

from securechat.client.session.actions import Command
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.common.record import Record, field


class NamesAre(ClientEvent):
    """Who is in channel, each with the prefixes of its roles."""

    channel: str
    names: tuple[str, ...]


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
