"""The channels we are in and who is there.

Changed by the receiving thread only. The input thread reads it for completion.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from securechat.client.session.identity import fold, same

DEFAULT_PREFIXES = "~&@%+"

# Channels we are said to be in; a server lets an account into a hundred.
MAX_CHANNELS = 1000

# Members remembered, of all channels together. They are for completion, so some may be missing.
MAX_MEMBERS = 100_000

# Characters of a name that is remembered; servers allow a quarter of that.
MAX_NAME = 256


@dataclass(slots=True)
class JoinedChannel:
    """A channel that we are in.

    name: as the server writes it. members: folded nick -> (nick, prefixes of its roles). arriving:
    the members that a NAMES answer has told so far; None when none is on its way.
    """

    name: str
    members: dict[str, tuple[str, str]] = field(default_factory=dict)
    arriving: dict[str, tuple[str, str]] | None = None


class JoinedChannels:
    """All channels of one account."""

    def __init__(self) -> None:
        self._channels: dict[str, JoinedChannel] = {}
        self.prefixes = DEFAULT_PREFIXES

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
            found.update((key, member[0]) for key, member in list(channel.members.items()))
        return list(found.values())

    def clear(self) -> None:
        """Forget everything; a new connection tells it anew."""
        self._channels.clear()

    def enter(self, name: str) -> bool:
        """We are in the channel now; False when that can't be remembered."""
        if len(name) > MAX_NAME or len(self._channels) >= MAX_CHANNELS:
            return False
        self._channels[fold(name)] = JoinedChannel(name)
        return True

    def leave(self, name: str) -> None:
        """We are in the channel no more."""
        self._channels.pop(fold(name), None)

    def add(self, name: str, nick: str) -> None:
        """Somebody joined."""
        channel = self._channels.get(fold(name))
        if channel and len(nick) <= MAX_NAME and self._spare():
            channel.members[fold(nick)] = (nick, "")

    def remove(self, name: str, nick: str) -> None:
        """Somebody left one channel."""
        if channel := self._channels.get(fold(name)):
            channel.members.pop(fold(nick), None)

    def remove_everywhere(self, nick: str) -> tuple[str, ...]:
        """Somebody left the server. Returns the channels in which they were."""
        key = fold(nick)
        return tuple(
            channel.name
            for channel in self._channels.values()
            if channel.members.pop(key, None) is not None
        )

    def rename(self, old: str, new: str) -> tuple[str, ...]:
        """Somebody has another name now. Returns the channels in which they are."""
        found = []
        for channel in self._channels.values():
            if member := channel.members.pop(fold(old), None):
                found.append(channel.name)
                if len(new) <= MAX_NAME:
                    channel.members[fold(new)] = (new, member[1])
        return tuple(found)

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
            role = item[: len(item) - len(nick)]
            nick = nick.partition("!")[0]
            channel.arriving[fold(nick)] = (nick, role)

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
        in_order = sorted(channel.members.items())
        return tuple(role + nick for _, (nick, role) in in_order)


def conversation_of(target: str, sender: str, own: str) -> str:
    """To which conversation a message belongs: the channel, or the person that we talk with. own:
    our nick.
    """
    if same(target, own):
        return sender
    # Those of a rank in a channel (STATUSMSG) are told of in its history.
    whole = target.lstrip(DEFAULT_PREFIXES)
    return whole if whole.startswith("#") else target
