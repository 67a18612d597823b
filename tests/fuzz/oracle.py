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
    """A message in the log. place: a channel, or the two of a conversation."""

    place: str | frozenset[str]
    sender: str
    text: str


@dataclass(eq=False)
class Session:
    """One session. echo: it is told what it says itself. own: what its account says elsewhere, to
    persons, too. hears: what is due to it.
    """

    name: str
    echo: bool
    own: bool
    hears: list[Heard] = field(default_factory=list)


@dataclass(eq=False)
class Channel:
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
        self.sessions: list[Session] = []
        self.channels: dict[str, Channel] = {}
        self.log: list[Entry] = []
        self.read = dict.fromkeys(names, 0)
        """How much of the log has certainly come to an account."""

    # Coming and going

    def comes(self, name: str, *, echo: bool, own: bool = False) -> tuple[Session, list[Entry]]:
        """A session, and what its account has missed."""
        first = not self._online(name)
        session = Session(name, echo, own or echo)
        missed = self._missed(session)
        self.sessions.append(session)
        for channel_name, channel in self.channels.items():
            if name in channel.roles:
                told = self._in_channel(channel_name) if first else [session]
                self._tell(told, Heard(name, "JOIN", channel_name))
        self.read[name] = len(self.log)
        return session, missed

    def _missed(self, session: Session) -> list[Entry]:
        name, found = session.name, []
        for number, entry in enumerate(self.log):
            channel = self.channels.get(entry.place) if isinstance(entry.place, str) else None
            if channel is not None:
                mine = name in channel.roles and number >= channel.since[name]
            else:
                mine = name in entry.place and (entry.sender != name or session.own)
            if mine and number >= self.read[name]:
                found.append(entry)
        return found

    def goes(self, session: Session, *, politely: bool) -> None:
        """A session ends; who says so has read everything, if it is the one that came last: of an
        older one nobody knows what the younger has read.
        """
        newest = self._online(session.name)[-1]
        self.sessions.remove(session)
        if politely and session is newest:
            self.read[session.name] = len(self.log)
        if not self._online(session.name):
            mine = [
                name for name, channel in self.channels.items() if session.name in channel.roles
            ]
            told = [s for s in self.sessions if any(s in self._in_channel(name) for name in mine)]
            self._tell(told, Heard(session.name, "QUIT", ""))

    def _online(self, name: str) -> list[Session]:
        return [session for session in self.sessions if session.name == name]

    def _in_channel(self, channel: str) -> list[Session]:
        return [
            session for session in self.sessions if session.name in self.channels[channel].roles
        ]

    def _tell(self, sessions: Iterable[Session], heard: Heard) -> None:
        for session in sessions:
            session.hears.append(heard)

    # Channels

    def joins(self, name: str, channel_name: str) -> bool:
        channel = self.channels.get(channel_name)
        if channel is None:
            channel = self.channels[channel_name] = Channel(founder=name)
        elif name in channel.roles:
            return True
        elif not self._may_enter(name, channel):
            return False
        channel.roles[name] = "qo" if name == channel.founder else ""
        channel.since[name] = len(self.log)
        channel.invited.pop(name, None)
        self._tell(self._in_channel(channel_name), Heard(name, "JOIN", channel_name))
        return True

    def _may_enter(self, name: str, channel: Channel) -> bool:
        """An invitation counts while whoever gave it runs the channel."""
        invited = channel.runs(channel.invited.get(name, ""))
        return "i" not in channel.modes or name == channel.founder or invited

    def parts(self, name: str, channel_name: str) -> bool:
        channel = self.channels.get(channel_name)
        if channel is None or name not in channel.roles:
            return False
        self._tell(self._in_channel(channel_name), Heard(name, "PART", channel_name))
        self._departs(name, channel_name)
        return True

    def kicks(self, by: str, name: str, channel_name: str) -> bool:
        channel = self.channels.get(channel_name)
        if channel is None or not channel.runs(by) or name not in channel.roles:
            return False
        if channel.rank(name) < channel.rank(by):
            return False
        self._tell(self._in_channel(channel_name), Heard(by, "KICK", channel_name))
        self._departs(name, channel_name)
        return True

    def _departs(self, name: str, channel_name: str) -> None:
        channel = self.channels[channel_name]
        roles = channel.roles
        was_owner = "q" in roles.pop(name)
        if not roles:
            del self.channels[channel_name]
        elif was_owner and not any("q" in has for has in roles.values()):
            heir = min(roles, key=channel.rank)  # of several the first
            roles[heir] = "q" + roles[heir]

    def sets_mode(self, by: str, channel_name: str, change: str) -> bool:
        """change: a sign and a letter."""
        channel = self.channels.get(channel_name)
        if channel is None or not channel.runs(by):
            return False
        before = set(channel.modes)
        (channel.modes.add if change[0] == "+" else channel.modes.discard)(change[1])
        if channel.modes != before:
            self._tell(self._in_channel(channel_name), Heard(by, "MODE", channel_name))
        return True

    def sets_role(self, by: str, channel_name: str, change: str, name: str) -> bool:
        channel = self.channels.get(channel_name)
        if channel is None or not channel.runs(by) or name not in channel.roles:
            return False
        had, letter = channel.roles[name], change[1]
        if "q" in had + letter and "q" not in channel.roles[by]:
            return False
        wanted = set(had) | {letter} if change[0] == "+" else set(had) - {letter}
        has = "".join(one for one in RANKS if one in wanted)
        if had == has:
            return True
        owners = [one for one, modes in channel.roles.items() if "q" in modes]
        if "q" not in has and owners == [name]:
            return False
        channel.roles[name] = has
        self._tell(self._in_channel(channel_name), Heard(by, "MODE", channel_name))
        return True

    def sets_topic(self, by: str, channel_name: str, topic: str) -> bool:
        channel = self.channels.get(channel_name)
        if channel is None or not channel.runs(by):
            return False
        channel.topic = topic
        self._tell(self._in_channel(channel_name), Heard(by, "TOPIC", channel_name, topic))
        return True

    def invites(self, by: str, name: str, channel_name: str) -> bool:
        channel = self.channels.get(channel_name)
        if channel is None or by not in channel.roles or name in channel.roles:
            return False
        if "i" in channel.modes and not channel.runs(by):
            return False
        if channel.runs(by) or not channel.runs(channel.invited.get(name, "")):
            channel.invited[name] = by
        self._tell(self._online(name), Heard(by, "INVITE", name, channel_name))
        return True

    # Messages

    def says(self, session: Session, target: str, text: str) -> bool:
        """Something to a channel or a person."""
        hears = self.may_hear(session, target)
        if hears is None:
            return False
        place = target if target.startswith("#") else frozenset({session.name, target})
        self.log.append(Entry(place, session.name, text))
        self._tell(hears, Heard(session.name, "PRIVMSG", target, text))
        return True

    def may_hear(self, session: Session, target: str) -> list[Session] | None:
        """Whom a message goes to; None when it may not be said."""
        if not target.startswith("#"):
            return self._direct(session, target)
        channel = self.channels.get(target)
        if channel is None:
            return None
        if session.name not in channel.roles:
            if channel.modes & {"n", "m"}:
                return None
            return self._in_channel(target) + ([session] if session.echo else [])
        if "m" in channel.modes and not channel.roles[session.name]:
            return None
        return [other for other in self._in_channel(target) if other is not session or session.echo]

    def _direct(self, session: Session, name: str) -> list[Session] | None:
        if name not in self.read:
            return None
        hears = self._online(name)
        if name != session.name:
            hears += [own for own in self._online(session.name) if own.own]
            hears = [one for one in hears if one is not session or session.echo]
        elif session.echo:
            hears.append(session)  # to oneself: the echo, and the message
        return hears
