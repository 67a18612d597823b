"""The rooms we are in and who is there.

Changed by the receiving thread only. The input thread reads for completion: rooms() and nicks()
copy a dict in one step, which is atomic, and never iterate over one that may change.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from securechat.client.session.fold import fold

DEFAULT_PREFIXES = "~&@%+"

MAX_ROOMS = 1000
"""Channels we are said to be in; a server lets an account into a hundred."""

MAX_MEMBERS = 100_000
"""Members remembered, of all rooms together: for completion, so that it may be fewer than all."""

MAX_NAME = 256
"""Characters of a name that is remembered; servers allow a quarter of that."""


@dataclass(slots=True)
class JoinedChannel:
    """name: as the server writes it. members: the folded nick -> (nick, prefixes of its roles)."""

    name: str
    members: dict[str, tuple[str, str]] = field(default_factory=dict)
    arriving: dict[str, tuple[str, str]] | None = None


class JoinedChannels:
    """All rooms of one account."""

    def __init__(self) -> None:
        self._rooms: dict[str, JoinedChannel] = {}
        self.prefixes = DEFAULT_PREFIXES

    def __len__(self) -> int:
        return len(self._rooms)

    def __contains__(self, name: str) -> bool:
        return fold(name) in self._rooms

    def rooms(self) -> list[str]:
        """Their names, in the order of joining. Any thread may call."""
        return [room.name for room in list(self._rooms.values())]

    def nicks(self, name: str | None = None) -> list[str]:
        """The nicks in a room, or in all of them together. Any thread may call."""
        if name is None:
            chosen = list(self._rooms.values())
        else:
            room = self._rooms.get(fold(name))
            chosen = [room] if room else []
        found: dict[str, str] = {}
        for room in chosen:
            found.update((key, member[0]) for key, member in list(room.members.items()))
        return list(found.values())

    def clear(self) -> None:
        """Forget everything; a new connection tells it anew."""
        self._rooms.clear()

    def enter(self, name: str) -> bool:
        """We are in the room now; False when that can't be remembered."""
        if len(name) > MAX_NAME or len(self._rooms) >= MAX_ROOMS:
            return False
        self._rooms[fold(name)] = JoinedChannel(name)
        return True

    def leave(self, name: str) -> None:
        """We are in the room no more."""
        self._rooms.pop(fold(name), None)

    def add(self, name: str, nick: str) -> None:
        """Somebody joined."""
        room = self._rooms.get(fold(name))
        if room and len(nick) <= MAX_NAME and self._spare():
            room.members[fold(nick)] = (nick, "")

    def remove(self, name: str, nick: str) -> None:
        """Somebody left one room."""
        if room := self._rooms.get(fold(name)):
            room.members.pop(fold(nick), None)

    def remove_everywhere(self, nick: str) -> None:
        """Somebody left the server."""
        for room in self._rooms.values():
            room.members.pop(fold(nick), None)

    def rename(self, old: str, new: str) -> None:
        """Somebody has another name now."""
        for room in self._rooms.values():
            if (member := room.members.pop(fold(old), None)) and len(new) <= MAX_NAME:
                room.members[fold(new)] = (new, member[1])

    def names_part(self, name: str, items: list[str]) -> None:
        """One line of a NAMES answer: nicks with prefixes, perhaps with user and host."""
        room = self._rooms.get(fold(name))
        if room is None:
            return
        if room.arriving is None:
            room.arriving = {}
        for item in items[: self._spare()]:
            if len(item) > MAX_NAME:
                continue
            nick = item.lstrip(self.prefixes)
            role = item[: len(item) - len(nick)]
            nick = nick.partition("!")[0]
            room.arriving[fold(nick)] = (nick, role)

    def _spare(self) -> int:
        """For how many more members there is room."""
        rooms = self._rooms.values()
        known = sum(len(room.members) + len(room.arriving or ()) for room in rooms)
        return max(0, MAX_MEMBERS - known)

    def names_end(self, name: str) -> tuple[str, ...]:
        """The NAMES answer is whole; all names with their prefixes, sorted."""
        room = self._rooms.get(fold(name))
        if room is None:
            return ()
        room.members, room.arriving = room.arriving or {}, None
        in_order = sorted(room.members.items())
        return tuple(role + nick for _, (nick, role) in in_order)
