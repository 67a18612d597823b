"""Answers of several numerics, which are told as one: lists of a channel, LIST, INVITE and WHOIS.

Pure state of the receiving thread. https://modern.ircdocs.horse/#numerics
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from securechat.client.session.events.answers import (
    ChannelsAre,
    HasInvited,
    InvitationsAre,
    ListedChannel,
    Mask,
    MasksAre,
    ModesAre,
    NobodyFits,
    WhoisTold,
)
from securechat.client.session.output import Output
from securechat.common.record import replace
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

# Rows of one answer that are kept: a hostile server sends them without end.
MOST: Final = 1000

_MASKS: Final = {
    Numeric.RPL_BANLIST: "b",
    Numeric.RPL_ENDOFBANLIST: "b",
    Numeric.RPL_EXCEPTLIST: "e",
    Numeric.RPL_ENDOFEXCEPTLIST: "e",
    Numeric.RPL_INVEXLIST: "I",
    Numeric.RPL_ENDOFINVEXLIST: "I",
}


class Lists:
    """What has come of answers that aren't whole yet."""

    def __init__(self) -> None:
        self._masks: list[Mask] = []
        self._channels: list[ListedChannel] = []
        self._invitations: list[str] = []
        self._person: WhoisTold | None = None
        self._people = 0

    def clear(self) -> None:
        """Forget everything: there is another connection."""
        self.__init__()  # type: ignore[misc]

    def take(self, message: Message, out: Output) -> bool:
        """Whether a message is part of such an answer; the last one tells it."""
        if message.command in (Numeric.RPL_WHOREPLY, Numeric.RPL_WHOSPCRPL):
            self._people += 1
            return False
        handler, least = _HANDLERS.get(message.command, (None, 0))
        if handler is None or len(message.params) < least:
            return False
        return handler(self, message, out) is not False

    # -- the lists of a channel

    def _mask(self, message: Message, _out: Output) -> None:
        mask, *more = message.params[2:]
        by = more[0].partition("!")[0] if more else ""
        time = _time(more[1]) if len(more) > 1 else None
        if len(self._masks) < MOST:
            self._masks.append(Mask(mask, by, time))

    def _masks_end(self, message: Message, out: Output) -> None:
        told, self._masks = tuple(self._masks), []
        letter = _MASKS[Numeric(message.command)]
        out.events.append(MasksAre(message.params[1], letter, told))

    # -- channels

    def _modes(self, message: Message, out: Output) -> None:
        out.events.append(ModesAre(message.params[1], tuple(message.params[2:])))

    def _channel(self, message: Message, _out: Output) -> None:
        channel, count, topic = message.params[1:4]
        members = int(count[:9]) if count.isascii() and count.isdecimal() else 0
        if len(self._channels) < MOST:
            self._channels.append(ListedChannel(channel, members, topic))

    def _channels_end(self, _message: Message, out: Output) -> None:
        told, self._channels = tuple(self._channels), []
        out.events.append(ChannelsAre(told))

    def _invitation(self, message: Message, _out: Output) -> None:
        if len(self._invitations) < MOST:
            self._invitations.append(message.params[1])

    def _invitations_end(self, _message: Message, out: Output) -> None:
        told, self._invitations = tuple(self._invitations), []
        out.events.append(InvitationsAre(told))

    # -- people

    def _invited(self, message: Message, out: Output) -> None:
        out.events.append(HasInvited(*message.params[1:3]))

    def _nobody(self, message: Message, out: Output) -> None:
        """The end of WHO."""
        found, self._people = self._people, 0
        if not found:
            out.events.append(NobodyFits(message.params[1]))

    def _begins(self, message: Message, _out: Output) -> None:
        self._person = WhoisTold(message.params[1], real_name=message.params[-1])

    def _tells(self, message: Message, _out: Output) -> bool:
        if self._person is None:
            return False  # RPL_AWAY is also told of whom we write to
        text, code = message.params[-1], message.command
        match code:
            case Numeric.RPL_WHOISCHANNELS:
                known = (*self._person.channels, *text.split())[:MOST]
                self._person = replace(self._person, channels=known)
            case Numeric.RPL_WHOISACCOUNT:
                self._person = replace(self._person, account=message.params[2])
            case Numeric.RPL_AWAY:
                self._person = replace(self._person, away=text)
            case Numeric.RPL_WHOISOPERATOR:
                self._person = replace(self._person, admin=True)
            case Numeric.RPL_WHOISBOT:
                self._person = replace(self._person, bot=True)
            case Numeric.RPL_WHOISSECURE:
                self._person = replace(self._person, secure=True)
            case Numeric.RPL_WHOISIDLE:
                idle = message.params[2]
                seconds = int(idle[:9]) if idle.isascii() and idle.isdecimal() else None
                since = _time(message.params[3])
                self._person = replace(self._person, idle=seconds, since=since)
        return True

    def _ends(self, _message: Message, out: Output) -> None:
        told, self._person = self._person, None
        if told is not None:
            out.events.append(told)


def _time(seconds: str) -> datetime | None:
    """A time in seconds since 1970, in UTC."""
    if not (seconds.isascii() and seconds.isdecimal()):
        return None
    try:
        return datetime.fromtimestamp(int(seconds[:11]), UTC)
    except (OverflowError, ValueError, OSError):
        return None


_Handler = Callable[[Lists, Message, Output], bool | None]

_HANDLERS: Final[dict[str, tuple[_Handler, int]]] = {
    Numeric.RPL_BANLIST: (Lists._mask, 3),
    Numeric.RPL_EXCEPTLIST: (Lists._mask, 3),
    Numeric.RPL_INVEXLIST: (Lists._mask, 3),
    Numeric.RPL_ENDOFBANLIST: (Lists._masks_end, 2),
    Numeric.RPL_ENDOFEXCEPTLIST: (Lists._masks_end, 2),
    Numeric.RPL_ENDOFINVEXLIST: (Lists._masks_end, 2),
    Numeric.RPL_CHANNELMODEIS: (Lists._modes, 3),
    Numeric.RPL_LIST: (Lists._channel, 4),
    Numeric.RPL_LISTEND: (Lists._channels_end, 0),
    Numeric.RPL_INVITELIST: (Lists._invitation, 2),
    Numeric.RPL_ENDOFINVITELIST: (Lists._invitations_end, 0),
    Numeric.RPL_INVITING: (Lists._invited, 3),
    Numeric.RPL_ENDOFWHO: (Lists._nobody, 2),
    Numeric.RPL_WHOISUSER: (Lists._begins, 3),
    Numeric.RPL_WHOISCHANNELS: (Lists._tells, 3),
    Numeric.RPL_WHOISACCOUNT: (Lists._tells, 3),
    Numeric.RPL_WHOISOPERATOR: (Lists._tells, 2),
    Numeric.RPL_WHOISBOT: (Lists._tells, 2),
    Numeric.RPL_WHOISSECURE: (Lists._tells, 2),
    Numeric.RPL_WHOISIDLE: (Lists._tells, 4),
    Numeric.RPL_WHOISSERVER: (Lists._tells, 2),
    Numeric.RPL_AWAY: (Lists._tells, 3),
    Numeric.RPL_ENDOFWHOIS: (Lists._ends, 0),
}
"""With how many parameters each has at least."""
