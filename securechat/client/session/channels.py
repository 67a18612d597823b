"""The channels we are in and who is there.

Changed by the receiving thread only. Others read it for completion, and to show who is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from securechat.client.session.bans import BanMasks
from securechat.client.session.identity import fold, same
from securechat.client.session.roles import DEFAULT_PREFIXES, Member, Roles
from securechat.common.record import State, field, replace

# Channels we are said to be in; a server lets an account into a hundred.
MAX_CHANNELS = 1000

# Members remembered, of all channels together. They are for completion, so some may be missing.
MAX_MEMBERS = 100_000

# Characters of a name that is remembered; servers allow a quarter of that.
MAX_NAME = 256


class JoinedChannel(State):
    """A channel that we are in.

    name: as the server writes it. members: by their folded nicks. arriving: the members that a
    NAMES answer has told so far; None when none is on its way.
    """

    name: str
    members: dict[str, Member] = field(default_factory=dict)
    arriving: dict[str, Member] | None = None


class JoinedChannels:
    """All channels of one account."""

    def __init__(self) -> None:
        self._channels: dict[str, JoinedChannel] = {}
        self._roles = Roles()
        self.bans = BanMasks()
        self.revision = 0
        """Another one whenever something has changed. Any thread may read."""

    def __len__(self) -> int:
        return len(self._channels)

    def __contains__(self, name: str) -> bool:
        return fold(name) in self._channels

    def channels(self) -> list[str]:
        """Their names, in the order of joining. Any thread may call."""
        # list() copies in one step under the interpreter's lock. To walk over the dict itself fails
        # when the receiving thread changes it meanwhile.
        return [channel.name for channel in list(self._channels.values())]

    def nicks(self, name: str | None = None) -> list[str]:
        """The nicks in a channel, or in all of them together. Any thread may call."""
        if name is None:
            chosen = list(self._channels.values())
        else:
            channel = self._channels.get(fold(name))
            chosen = [channel] if channel else []
        found: dict[str, str] = {}
        for channel in chosen:  # copies again, see channels()
            found.update((key, member.nick) for key, member in list(channel.members.items()))
        return list(found.values())

    def members(self, name: str) -> list[Member]:
        """Who is in a channel, in no order. Any thread may call."""
        channel = self._channels.get(fold(name))
        return list(channel.members.values()) if channel else []

    @property
    def prefixes(self) -> str:
        """The prefixes of roles, the highest first. Any thread may read."""
        return self._roles.prefixes

    def learn(self, tokens: Mapping[str, str]) -> None:
        """What the server says of itself in 005."""
        self._roles.learn(tokens)
        self.bans.learn(tokens)

    def clear(self) -> None:
        """Forget everything; a new connection tells it anew."""
        self._channels.clear()
        self.revision += 1

    def enter(self, name: str) -> bool:
        """We are in the channel now; False when that can't be remembered."""
        if len(name) > MAX_NAME or len(self._channels) >= MAX_CHANNELS:
            return False
        self._channels[fold(name)] = JoinedChannel(name)
        self.revision += 1
        return True

    def leave(self, name: str) -> None:
        """We are in the channel no more."""
        self._channels.pop(fold(name), None)
        self.revision += 1

    def rename_channel(self, old: str, new: str) -> None:
        """A channel has another name now."""
        channel = self._channels.pop(fold(old), None)
        if channel is not None and len(new) <= MAX_NAME:
            channel.name = new
            self._channels[fold(new)] = channel
        self.revision += 1

    def add(self, name: str, nick: str, account: str = "") -> None:
        """Somebody joined."""
        channel = self._channels.get(fold(name))
        if channel and len(nick) <= MAX_NAME and self._spare():
            channel.members[fold(nick)] = Member(nick, account=account[:MAX_NAME])
            self.revision += 1

    def remove(self, name: str, nick: str) -> None:
        """Somebody left one channel."""
        if channel := self._channels.get(fold(name)):
            channel.members.pop(fold(nick), None)
            self.revision += 1

    def remove_everywhere(self, nick: str) -> tuple[str, ...]:
        """Somebody left the server. Returns the channels that they were in."""
        return tuple(channel.name for channel, _ in self._take_out(nick))

    def rename(self, old: str, new: str) -> tuple[str, ...]:
        """Somebody has another name now. Returns the channels that they are in."""
        found = self._take_out(old)
        if len(new) <= MAX_NAME:
            for channel, member in found:
                channel.members[fold(new)] = replace(member, nick=new)
        return tuple(channel.name for channel, _ in found)

    def _take_out(self, nick: str) -> list[tuple[JoinedChannel, Member]]:
        self.revision += 1
        taken = [(one, one.members.pop(fold(nick), None)) for one in self._channels.values()]
        return [(channel, member) for channel, member in taken if member is not None]

    def set_modes(self, name: str, change: Sequence[str]) -> None:
        """Modes of a channel have been changed, perhaps somebody's role."""
        if channel := self._channels.get(fold(name)):
            for one in self._roles.changes(change):
                if member := channel.members.get(fold(one.nick)):
                    roles = self._roles.changed(member.roles, one)
                    channel.members[fold(one.nick)] = replace(member, roles=roles)
            self.revision += 1

    def tell(self, name: str, nick: str, away: bool, account: str) -> None:
        """What the server has told of a member."""
        channel = self._channels.get(fold(name))
        if channel and (member := channel.members.get(fold(nick))):
            known = replace(member, away=away, account=account[:MAX_NAME])
            channel.members[fold(nick)] = known
            self.revision += 1

    def set_away(self, nick: str, away: bool) -> None:
        """Somebody has gone away, or is back."""
        for channel in self._channels.values():
            if member := channel.members.get(fold(nick)):
                channel.members[fold(nick)] = replace(member, away=away)
        self.revision += 1

    def set_account(self, nick: str, account: str) -> None:
        """Somebody has logged in, or, by '', out."""
        for channel in self._channels.values():
            if member := channel.members.get(fold(nick)):
                channel.members[fold(nick)] = replace(member, account=account[:MAX_NAME])

    def names_part(self, name: str, items: list[str]) -> None:
        """One line of a NAMES answer: nicks with prefixes, perhaps with user and host."""
        channel = self._channels.get(fold(name))
        if channel is None:
            return
        if channel.arriving is None:
            channel.arriving = {}
        for item in items[: self._spare()]:
            if len(item) > MAX_NAME:
                continue
            nick = item.lstrip(self.prefixes)
            roles = item[: len(item) - len(nick)]
            nick = nick.partition("!")[0]
            known = channel.members.get(fold(nick), Member(nick))
            channel.arriving[fold(nick)] = replace(known, nick=nick, roles=roles)

    def _spare(self) -> int:
        """For how many more members there is room."""
        channels = self._channels.values()
        known = sum(len(channel.members) + len(channel.arriving or ()) for channel in channels)
        return max(0, MAX_MEMBERS - known)

    def names_end(self, name: str) -> tuple[str, ...]:
        """The NAMES answer is whole; all names with their prefixes, sorted."""
        channel = self._channels.get(fold(name))
        if channel is None:
            return ()
        channel.members, channel.arriving = channel.arriving or {}, None
        self.revision += 1
        in_order = sorted(channel.members.items())
        return tuple(member.roles + member.nick for _, member in in_order)


def conversation_of(target: str, sender: str, own: str) -> str:
    """To which conversation a message belongs: the channel, or the person that we talk with. own:
    our nick.
    """
    if same(target, own):
        return sender
    # Those of a rank in a channel (STATUSMSG) are told of in its history.
    whole = target.lstrip(DEFAULT_PREFIXES)
    return whole if whole.startswith("#") else target
