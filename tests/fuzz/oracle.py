"""A simple model of who is where, who hears what, and what has been said: what a real server is
compared with. Nothing here looks at the server's own code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

SERVER = "chat.test"
RANKS = "qov"
OPERATORS = {"q", "o"}


class Heard(NamedTuple):
    """Something that a member has brought about, as it comes to a session."""

    nick: str
    command: str
    target: str
    text: str = ""


class Entry(NamedTuple):
    """A message in the log. place: a room, or the two of a conversation."""

    place: str | frozenset[str]
    sender: str
    text: str


@dataclass(eq=False)
class Seat:
    """One session. echo: it is told what it says itself. own: what its account says elsewhere, to
    persons, too. hears: what is due to it.
    """

    name: str
    echo: bool
    own: bool
    hears: list[Heard] = field(default_factory=list)


@dataclass(eq=False)
class Room:
    founder: str
    roles: dict[str, str] = field(default_factory=dict)
    """Each member's, as letters of RANKS in their order."""
    since: dict[str, int] = field(default_factory=dict)
    """How much had been said in all when somebody came in."""
    modes: set[str] = field(default_factory=lambda: {"n", "t"})
    topic: str = ""
    invited: dict[str, str] = field(default_factory=dict)

    def runs(self, name: str) -> bool:
        return not OPERATORS.isdisjoint(self.roles.get(name, ""))

    def rank(self, name: str) -> int:
        """0 is the highest."""
        return RANKS.index(self.roles[name][0]) if self.roles[name] else len(RANKS)


class Oracle:
    """Every method that tells whether something is allowed also does it, and says so to all."""

    def __init__(self, names: Iterable[str]) -> None:
        self.seats: list[Seat] = []
        self.rooms: dict[str, Room] = {}
        self.log: list[Entry] = []
        self.read = dict.fromkeys(names, 0)
        """How much of the log has certainly come to an account."""

    # Coming and going

    def comes(self, name: str, *, echo: bool, own: bool = False) -> tuple[Seat, list[Entry]]:
        """A session, and what its account has missed."""
        first = not self._online(name)
        seat = Seat(name, echo, own or echo)
        missed = self._missed(seat)
        self.seats.append(seat)
        for room_name, room in self.rooms.items():
            if name in room.roles:
                told = self._in_room(room_name) if first else [seat]
                self._tell(told, Heard(name, "JOIN", room_name))
        self.read[name] = len(self.log)
        return seat, missed

    def _missed(self, seat: Seat) -> list[Entry]:
        name, found = seat.name, []
        for number, entry in enumerate(self.log):
            room = self.rooms.get(entry.place) if isinstance(entry.place, str) else None
            if room is not None:
                mine = name in room.roles and number >= room.since[name]
            else:
                mine = name in entry.place and (entry.sender != name or seat.own)
            if mine and number >= self.read[name]:
                found.append(entry)
        return found

    def goes(self, seat: Seat, *, politely: bool) -> None:
        """A session ends; who says so has read everything, if it is the one that came last: of an
        older one nobody knows what the younger has read.
        """
        newest = self._online(seat.name)[-1]
        self.seats.remove(seat)
        if politely and seat is newest:
            self.read[seat.name] = len(self.log)
        if not self._online(seat.name):
            mine = [name for name, room in self.rooms.items() if seat.name in room.roles]
            told = [s for s in self.seats if any(s in self._in_room(name) for name in mine)]
            self._tell(told, Heard(seat.name, "QUIT", ""))

    def _online(self, name: str) -> list[Seat]:
        return [seat for seat in self.seats if seat.name == name]

    def _in_room(self, room: str) -> list[Seat]:
        return [seat for seat in self.seats if seat.name in self.rooms[room].roles]

    def _tell(self, seats: Iterable[Seat], heard: Heard) -> None:
        for seat in seats:
            seat.hears.append(heard)

    # Rooms

    def joins(self, name: str, room_name: str) -> bool:
        room = self.rooms.get(room_name)
        if room is None:
            room = self.rooms[room_name] = Room(founder=name)
        elif name in room.roles:
            return True
        elif not self._may_enter(name, room):
            return False
        room.roles[name] = "q" if name == room.founder else ""
        room.since[name] = len(self.log)
        room.invited.pop(name, None)
        self._tell(self._in_room(room_name), Heard(name, "JOIN", room_name))
        return True

    def _may_enter(self, name: str, room: Room) -> bool:
        """An invitation counts while whoever gave it runs the room."""
        invited = room.runs(room.invited.get(name, ""))
        return "i" not in room.modes or name == room.founder or invited

    def parts(self, name: str, room_name: str) -> bool:
        room = self.rooms.get(room_name)
        if room is None or name not in room.roles:
            return False
        self._tell(self._in_room(room_name), Heard(name, "PART", room_name))
        self._departs(name, room_name)
        return True

    def kicks(self, by: str, name: str, room_name: str) -> bool:
        room = self.rooms.get(room_name)
        if room is None or not room.runs(by) or name not in room.roles:
            return False
        if room.rank(name) < room.rank(by):
            return False
        self._tell(self._in_room(room_name), Heard(by, "KICK", room_name))
        self._departs(name, room_name)
        return True

    def _departs(self, name: str, room_name: str) -> None:
        room = self.rooms[room_name]
        roles = room.roles
        was_owner = "q" in roles.pop(name)
        if not roles:
            del self.rooms[room_name]
        elif was_owner and not any("q" in has for has in roles.values()):
            heir = min(roles, key=room.rank)  # of several the first
            roles[heir] = "q" + roles[heir]

    def sets_mode(self, by: str, room_name: str, change: str) -> bool:
        """change: a sign and a letter."""
        room = self.rooms.get(room_name)
        if room is None or not room.runs(by):
            return False
        before = set(room.modes)
        (room.modes.add if change[0] == "+" else room.modes.discard)(change[1])
        if room.modes != before:
            self._tell(self._in_room(room_name), Heard(by, "MODE", room_name))
        return True

    def sets_role(self, by: str, room_name: str, change: str, name: str) -> bool:
        room = self.rooms.get(room_name)
        if room is None or not room.runs(by) or name not in room.roles:
            return False
        had, letter = room.roles[name], change[1]
        if "q" in had + letter and "q" not in room.roles[by]:
            return False
        wanted = set(had) | {letter} if change[0] == "+" else set(had) - {letter}
        has = "".join(one for one in RANKS if one in wanted)
        if had == has:
            return True
        owners = [one for one, modes in room.roles.items() if "q" in modes]
        if "q" not in has and owners == [name]:
            return False
        room.roles[name] = has
        self._tell(self._in_room(room_name), Heard(by, "MODE", room_name))
        return True

    def sets_topic(self, by: str, room_name: str, topic: str) -> bool:
        room = self.rooms.get(room_name)
        if room is None or not room.runs(by):
            return False
        room.topic = topic
        self._tell(self._in_room(room_name), Heard(by, "TOPIC", room_name, topic))
        return True

    def invites(self, by: str, name: str, room_name: str) -> bool:
        room = self.rooms.get(room_name)
        if room is None or by not in room.roles or name in room.roles:
            return False
        if "i" in room.modes and not room.runs(by):
            return False
        if room.runs(by) or not room.runs(room.invited.get(name, "")):
            room.invited[name] = by
        self._tell(self._online(name), Heard(by, "INVITE", name, room_name))
        return True

    # Messages

    def says(self, seat: Seat, target: str, text: str) -> bool:
        """Something to a room or a person."""
        hears = self.may_hear(seat, target)
        if hears is None:
            return False
        place = target if target.startswith("#") else frozenset({seat.name, target})
        self.log.append(Entry(place, seat.name, text))
        self._tell(hears, Heard(seat.name, "PRIVMSG", target, text))
        return True

    def may_hear(self, seat: Seat, target: str) -> list[Seat] | None:
        """Whom a message goes to; None when it may not be said."""
        if not target.startswith("#"):
            return self._direct(seat, target)
        room = self.rooms.get(target)
        if room is None:
            return None
        if seat.name not in room.roles:
            if room.modes & {"n", "m"}:
                return None
            return self._in_room(target) + ([seat] if seat.echo else [])
        if "m" in room.modes and not room.roles[seat.name]:
            return None
        return [other for other in self._in_room(target) if other is not seat or seat.echo]

    def _direct(self, seat: Seat, name: str) -> list[Seat] | None:
        if name not in self.read:
            return None
        hears = self._online(name)
        if name != seat.name:
            hears += [own for own in self._online(seat.name) if own.own]
            hears = [one for one in hears if one is not seat or seat.echo]
        return hears
