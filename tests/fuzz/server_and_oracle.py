"""A real server and its oracle, which are told the same and have to agree after every step."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from securechat.core.model.levels import Levels
from securechat.irc.message import parse
from tests.fuzz.oracle import SERVER, Entry, Heard, Oracle, Session
from tests.support.client import Client
from tests.support.server import ServerUnderTest, config

NAMES = ("alice", "bob", "carol")
MAX_SESSIONS = 6
EVENTS = frozenset(
    {"PRIVMSG", "NOTICE", "TAGMSG", "JOIN", "PART", "QUIT", "KICK", "MODE", "TOPIC", "INVITE"}
)


class ServerAndOracle:
    """The server and the oracle, side by side. directory: of the server, with its accounts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.oracle = Oracle(NAMES)
        self.people: dict[Session, Client] = {}
        self.count = self.restarted_at = 0
        self._open()

    def _open(self) -> None:
        limits = {"ping_seconds": 3600.0}
        self.server = ServerUnderTest(self.directory, config(server={"lobby": ""}, limits=limits))
        self.server.open()
        self.server.lets_unauthenticated_speak()
        # Who comes and goes often is told of each time, as nobody here waits for half a minute.
        model = self.server.service._hub._rules.model
        model.departures = Levels(1.0, 10**9, 100)
        # Nobody is asked by the clock what has arrived: it would depend on how long a step takes.
        model.asks_left = -1e9

    def closes(self) -> None:
        """The end of the server, if it still runs."""
        self.server.close()

    def ends(self) -> None:
        """What is stored is what was said."""
        assert self._stored() == [entry.text for entry in self.oracle.log]

    def _stored(self) -> list[str]:
        with closing(sqlite3.connect(self.server.data.database)) as connection:
            sql = "SELECT text FROM log WHERE kind = 'PRIVMSG' ORDER BY seq"
            return [text for (text,) in connection.execute(sql)]

    def _session(self, number: int) -> tuple[Session, Client]:
        """A session of the oracle, and its client."""
        if not self.people:
            self.comes(NAMES[number % len(NAMES)], {"echo-message"})
        every = list(self.people.items())
        return every[number % len(every)]

    def _text(self, ending: str) -> str:
        """One that was never said before."""
        self.count += 1
        return f"m{self.count} {ending}".strip()

    def _says(self, person: Client, line: str, *, allowed: bool) -> None:
        """Somebody says something, and all hear what they should; who may not is told so."""
        answers = person.says(line)
        errors = [a for a in answers if parse(a).command[:1] in "45" or " FAIL " in a]
        assert bool(errors) != allowed, f"{line}: {answers}"
        self._all_hear({person: answers})

    def _all_hear(self, heard: dict[Client, list[str]] | None = None) -> None:
        """Every session has heard what the model says, and nothing else of anybody. The order holds
        within a channel and within a conversation.
        """
        for session, person in self.people.items():
            lines = (heard or {}).get(person, []) + person.hears()
            found, due = events(lines), session.hears
            assert by_target(found) == by_target(due), f"{session.name}: {found} instead of {due}"
            session.hears = []

    # Coming and going

    def comes(self, name: str, caps: set[str]) -> None:
        """A member logs in, is put back into its channels and is given what it has missed, once."""
        if len(self.people) == MAX_SESSIONS:
            return
        person = self.server.connect()
        lines = person.logs_in(name, caps=["server-time", *sorted(caps)])
        session, missed = self.oracle.comes(
            name, echo="echo-message" in caps, own="znc.in/self-message" in caps
        )
        self.people[session] = person
        told = [heard for heard in events(lines) if heard.command == "PRIVMSG"]
        assert by_target(told) == by_target(map(shown, missed))
        joined = [heard for heard in events(lines) if heard.command == "JOIN"]
        assert sorted(joined) == sorted(session.hears)
        for channel in self.oracle.channels.values():
            assert name not in channel.roles or not channel.topic or channel.topic in "".join(lines)
        session.hears = []
        self._all_hear()

    def goes(self, number: int, politely: bool) -> None:
        """With QUIT, or with a connection that breaks."""
        session, person = self._session(number)
        del self.people[session]
        if politely:
            person.sends("QUIT :bye")
            person.hears_the_end()
        person.hangs_up()
        self.oracle.goes(session, politely=politely)
        self._wait_for_sessions()
        self._all_hear()

    def _wait_for_sessions(self) -> None:
        model = self.server.service._hub._rules.model
        self.server.wait_for(lambda: len(model.sessions) == len(self.people))

    def restarts(self) -> None:
        """All connections break, and the server starts again on what it has stored.

        Only when enough was said since the last time: it takes as long as all else together.
        """
        if self.count < self.restarted_at + 5:
            return
        self.restarted_at = self.count
        for session, person in list(self.people.items()):
            person.hangs_up()
            self.oracle.goes(session, politely=False)
        self.people.clear()
        self._wait_for_sessions()
        self.server.close()
        self._open()

    # Channels

    def joins(self, number: int, channel: str) -> None:
        session, person = self._session(number)
        allowed = self.oracle.joins(session.name, channel)
        self._says(person, f"JOIN {channel}", allowed=allowed)

    def parts(self, number: int, channel: str) -> None:
        session, person = self._session(number)
        self._says(person, f"PART {channel}", allowed=self.oracle.parts(session.name, channel))

    def kicks(self, number: int, channel: str, name: str) -> None:
        session, person = self._session(number)
        allowed = self.oracle.kicks(session.name, name, channel)
        self._says(person, f"KICK {channel} {name}", allowed=allowed)

    def sets_mode(self, number: int, channel: str, sign: str, letter: str) -> None:
        session, person = self._session(number)
        allowed = self.oracle.sets_mode(session.name, channel, sign + letter)
        self._says(person, f"MODE {channel} {sign}{letter}", allowed=allowed)

    def sets_role(self, number: int, channel: str, sign: str, letter: str, name: str) -> None:
        session, person = self._session(number)
        allowed = self.oracle.sets_role(session.name, channel, sign + letter, name)
        self._says(person, f"MODE {channel} {sign}{letter} {name}", allowed=allowed)

    def sets_topic(self, number: int, channel: str, ending: str) -> None:
        session, person = self._session(number)
        topic = self._text(ending)
        allowed = self.oracle.sets_topic(session.name, channel, topic)
        self._says(person, f"TOPIC {channel} :{topic}", allowed=allowed)

    def invites(self, number: int, channel: str, name: str) -> None:
        session, person = self._session(number)
        allowed = self.oracle.invites(session.name, name, channel)
        self._says(person, f"INVITE {name} {channel}", allowed=allowed)

    # Messages

    def says(self, number: int, to: str, ending: str) -> None:
        session, person = self._session(number)
        text = self._text(ending)
        allowed = self.oracle.says(session, to, text)
        self._says(person, f"PRIVMSG {to} :{text}", allowed=allowed)

    def all_talk_at_once(self, channel: str, lines: list[int]) -> None:
        """Nobody waits for anybody: what comes first is the server's choice, the same for all."""
        said: dict[str, Session] = {}
        for number in lines:
            session, person = self._session(number)
            if self.oracle.may_hear(session, channel) is not None:
                said[text := self._text("")] = session
                person.sends(f"PRIVMSG {channel} :{text}")
        heard = {person: person.hears() for person in self.people.values()}
        order = self._stored()[len(self.oracle.log) :]
        assert sorted(order) == sorted(said)
        for text in order:
            self.oracle.says(said[text], channel, text)
        for session in self.people:
            mine = [text for text in order if said[text] is session]
            assert mine == [text for text in said if said[text] is session], "not as it was said"
        self._all_hear(heard)

    # Those who mean no good

    def garbage(self, number: int, lines: list[bytes]) -> None:
        """From a member: answered to it alone."""
        _, person = self._session(number)
        person.sends(*lines)
        self._all_hear()

    def tries_unauthenticated(
        self, lines: list[bytes], channel: str, name: str, politely: bool
    ) -> None:
        """Whatever it says before a login, it hears of nobody, and nobody of it."""
        client = self.server.connect()
        client.sends(f"JOIN {channel}", f"PRIVMSG {channel} :boo", f"WHOIS {name}", f"NICK {name}")
        client.sends(
            f"TOPIC {channel}", f"NAMES {channel}", "LIST", "WHO *", f"KICK {channel} {name}"
        )
        client.sends(*lines)
        heard = client.hears() if politely else []
        assert all(parse(line).source in (None, SERVER) for line in heard)
        assert not any(entry.text in line for entry in self.oracle.log for line in heard)
        client.hangs_up()
        self._wait_for_sessions()
        self._all_hear()


def events(lines: list[str]) -> list[Heard]:
    """What members have brought about, of all that was heard."""
    found = []
    for line in lines:
        message = parse(line)
        if message.command in EVENTS and "!" in (message.source or ""):
            told = message.command in ("PRIVMSG", "TOPIC", "INVITE")
            target = message.params[0] if message.command != "QUIT" else ""
            text = message.params[1] if told else ""
            found.append(Heard(message.nick, message.command, target, text))
    return found


def shown(entry: Entry) -> Heard:
    """How an entry of the log is replayed."""
    if isinstance(entry.place, str):
        return Heard(entry.sender, "PRIVMSG", entry.place, entry.text)
    [other] = entry.place - {entry.sender} or entry.place
    return Heard(entry.sender, "PRIVMSG", other, entry.text)


def by_target(heard: Iterable[Heard]) -> dict[frozenset[str] | str, list[Heard]]:
    """What is replayed comes channel by channel, and person by person, each in its order."""
    found: dict[frozenset[str] | str, list[Heard]] = {}
    for one in heard:
        channel = one.target.startswith("#")
        found.setdefault(one.target if channel else frozenset({one.nick, one.target}), []).append(
            one
        )
    return found
