"""What commands and completion know of what has happened: who is banned, where we are invited.

It only replaces whole values, so the input thread may read while another one takes events.
"""

from __future__ import annotations

from typing import Final

from securechat.client.session.events.answers import ChannelsAre, MasksAre, NamesAre
from securechat.client.session.events.base import ClientEvent, Info
from securechat.client.session.events.channels import Invited, Joined, Left, ModesSet, Renamed
from securechat.client.session.events.connection import Ready
from securechat.client.session.identity import fold, same
from securechat.common.language import _

# Remembered for Tab; a hostile server tells without end.
MOST: Final = 1000

# Channels of which the bans are remembered, those told last; and characters of a mask.
MOST_CHANNELS: Final = 50
MAX_MASK: Final = 256


class Noticed:
    """nick: our own name, '' before it is known. rooms: channels that others have told of."""

    def __init__(self) -> None:
        self.nick = ""
        self.rooms: tuple[str, ...] = ()
        self._bans: dict[str, tuple[str, ...]] = {}
        """By folded channel."""
        self._creating: frozenset[str] = frozenset()
        """Channels, folded, that /create has entered."""

    def bans(self, channel: str) -> tuple[str, ...]:
        """The masks that are known to be banned there."""
        return self._bans.get(fold(channel), ())

    def creates(self, channel: str) -> None:
        """A channel is entered that shall be new."""
        if len(self._creating) < MOST:
            self._creating |= {fold(channel)}

    def take(self, event: ClientEvent) -> list[ClientEvent]:
        """One event of the session. Returns what to show behind it."""
        match event:
            case Ready(nick=nick) | Joined(nick=nick, mine=True):
                self.nick = nick
            case Renamed(old, new) if same(old, self.nick):
                self.nick = new
            case Invited(channel=channel):
                self._remember_rooms(channel)
            case ChannelsAre(rows):
                self._remember_rooms(*(row.channel for row in rows))
            case MasksAre(channel, "b", rows):
                self._keep_bans(channel, tuple(row.mask for row in rows))
            case ModesSet(channel=channel, change=change):
                self._change_bans(channel, change)
            case NamesAre(channel, names) if fold(channel) in self._creating:
                self._creating -= {fold(channel)}
                return [self._created(channel, names)]
            case Left(channel=channel, mine=True) if channel:
                self._bans = {key: kept for key, kept in self._bans.items() if key != fold(channel)}
        return []

    def _created(self, channel: str, names: tuple[str, ...]) -> ClientEvent:
        # Whoever makes a channel is alone there, and has a role from the beginning.
        alone = len(names) == 1 and not same(names[0], self.nick)
        text = _("{channel} is yours now: /topic says what it is about, /private closes it")
        if not alone:
            text = _("{channel} was there already, so it isn't new; you are in it now")
        return Info(text.format(channel=channel), remote=False)

    def _remember_rooms(self, *channels: str) -> None:
        self.rooms = tuple(dict.fromkeys((*channels, *self.rooms)))[:MOST]

    def _keep_bans(self, channel: str, masks: tuple[str, ...]) -> None:
        kept = tuple(mask for mask in masks[:MOST] if len(mask) <= MAX_MASK)
        others = [(key, of) for key, of in self._bans.items() if key != fold(channel)]
        self._bans = dict([*others[1 - MOST_CHANNELS :], (fold(channel), kept)])

    def _change_bans(self, channel: str, change: tuple[str, ...]) -> None:
        """Of a change of bans alone: in another one the words may be another mode's."""
        letters, *words = change
        if set(letters) <= {"+", "b"}:
            self._keep_bans(channel, tuple(dict.fromkeys((*self.bans(channel), *words))))
        elif set(letters) <= {"-", "b"}:
            left = [mask for mask in self.bans(channel) if mask not in words]
            self._keep_bans(channel, tuple(left))
