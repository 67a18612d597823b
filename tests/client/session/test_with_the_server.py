"""Our client's session and our server: labels, what has happened beside what was said, who is there
and up to when somebody has read.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterator
from typing import TypeVar

import pytest

from securechat.client.session.actions import (
    Action,
    AskRange,
    MarkRead,
    React,
    Redact,
    Say,
    ServerCommand,
)
from securechat.client.session.events.answers import CommandDone, CommandRefused
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import (
    ChannelRenamed,
    IsAway,
    Joined,
    Left,
    ModesSet,
    TopicIs,
)
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.deliveries import Rejected, Stored
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import MarkedRead, Reacted, Removed, Said
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Login
from securechat.client.session.moments import server_time
from securechat.client.session.output import Output
from securechat.client.session.roles import Member
from securechat.client.session.session import ClientSession
from securechat.irc.message import parse
from tests.support.links import TlsLink
from tests.support.server import PASSWORD, ServerUnderTest, running

Event = TypeVar("Event", bound=ClientEvent)


class Person:
    """A session that is connected to a server. It reads when something is waited for."""

    def __init__(self, server: ServerUnderTest, name: str) -> None:
        self.session = ClientSession(Login(name, PASSWORD), missed=Missed.FETCHED)
        self._link = TlsLink(server.port, server.ca)
        self._events: deque[ClientEvent] = deque()
        self.seen: list[ClientEvent] = []
        self._take(self.session.opened(time.monotonic()))
        self.sees(Ready)

    def does(self, action: Action) -> Action:
        """Submit an action."""
        self._take(self.session.act(action, time.monotonic()))
        return action

    def done(self, action: Action) -> None:
        """Do something, and see that it is done."""
        self.does(action)
        assert self.sees(CommandDone).action is action

    def says(self, text: str, target: str = "#den") -> Stored:
        """Say something; where it is stored."""
        said = Say(target, text)
        self.does(said)
        stored = self.sees(Stored)
        assert stored.id == said.id
        return stored

    def sees(self, kind: type[Event]) -> Event:
        """The next event of a kind."""
        while True:
            while self._events:
                event = self._events.popleft()
                self.seen.append(event)
                if isinstance(event, kind):
                    return event
            message = parse(self._link.receive())
            self._take(self.session.receive(message, time.monotonic()))

    def reads(self, *question: str) -> RangeTold:
        """What the history tells."""
        self.does(AskRange(question))
        told = self.sees(RangeTold)
        assert told.asked.params == question
        return told

    def _take(self, out: Output) -> None:
        self._events += out.events
        assert out.hangup is None
        if out.lines:
            self._link.send([line.encode() for line in out.lines])

    def leaves(self) -> None:
        """Until the server knows it."""
        self._link.send([b"QUIT"])
        with contextlib.suppress(EOFError):
            while True:
                self._link.receive()
        self._link.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("server"), "alice", "bob") as server:
        yield server


@pytest.fixture
def people(server: ServerUnderTest) -> Iterator[tuple[Person, Person]]:
    """alice and bob, in alice's channel."""
    alice, bob = Person(server, "alice"), Person(server, "bob")
    for person in (alice, bob):
        person.done(ServerCommand("JOIN", ("#den",)))
    yield alice, bob
    alice.leaves()
    bob.leaves()


def test_what_is_done_and_what_is_refused(people: tuple[Person, Person]) -> None:
    """Each answer is of its command, and each message of ours known by its label."""
    alice, bob = people
    first, second = alice.says("hi"), alice.says("hi\n\nthere")
    assert first.msgid != second.msgid
    bob.done(React("#den", first.msgid, "👍"))
    assert alice.sees(Reacted).msgid == first.msgid
    redact = bob.does(Redact("#den", first.msgid))
    refused = bob.sees(CommandRefused)
    assert (refused.action, refused.code) == (redact, "REDACT_FORBIDDEN")
    assert refused.text.startswith("You may redact your own")
    bob.does(Redact("#den", "nonsense"))
    assert bob.sees(CommandRefused).code == "UNKNOWN_MSGID"
    alice.done(Redact("#den", second.msgid, "oops"))
    assert bob.sees(Removed).msgid == second.msgid
    bob.does(ServerCommand("KICK", ("#den", "alice")))
    assert bob.sees(CommandRefused).code == "482"
    bob.does(say := Say("#nowhere", "hello"))
    assert bob.sees(Rejected).id == say.id
    bob.done(ServerCommand("WHOIS", ("alice",)))
    assert bob.says("note to myself", "bob").msgid


def test_the_history_tells_what_has_happened(people: tuple[Person, Person]) -> None:
    """Each with its time and its place, page by page; several questions may be open."""
    alice, bob = people
    alice.done(ServerCommand("TOPIC", ("#den", "The topic")))
    said = alice.says("one\ntwo")
    alice.done(React("#den", said.msgid, "🎉"))
    for question in (("LATEST", "#den", "*", "3"), ("LATEST", "bob", "*", "3")):
        bob.does(AskRange(question))
    told = bob.sees(RangeTold)
    assert [type(event) for event in told.events] == [TopicIs, Said, Reacted]
    topic, message, reacted = told.events
    assert isinstance(topic, TopicIs)
    assert isinstance(message, Said)
    assert isinstance(reacted, Reacted)
    assert (topic.topic, topic.by, message.text) == ("The topic", "alice", "one\ntwo")
    assert topic.time is not None
    assert message.msgid == reacted.msgid == said.msgid
    assert bob.sees(RangeTold).problem == ""
    before = bob.reads("BEFORE", "#den", topic.mark, "100").events
    assert any(isinstance(event, Joined) for event in before)
    assert sorted(bob.session.channels.nicks("#den")) == ["alice", "bob"]


def test_up_to_when_somebody_has_read(
    server: ServerUnderTest, people: tuple[Person, Person]
) -> None:
    """Is told to all devices, also of people, once they are asked for."""
    alice, bob = people
    channel, private = alice.says("hi"), alice.says("psst", "bob")
    bob.sees(Said)
    for target, stored in (("#den", channel), ("alice", private)):
        assert stored.time is not None
        time = server_time(stored.time)
        assert time is not None
        bob.does(MarkRead(target, time))
        assert bob.sees(MarkedRead) == MarkedRead(target, stored.time)
    phone = Person(server, "bob")
    phone.reads(
        "TARGETS", "timestamp=2999-01-01T00:00:00.000Z", "timestamp=1970-01-01T00:00:00.000Z", "9"
    )
    while phone.sees(MarkedRead) != MarkedRead("alice", private.time):
        pass
    assert MarkedRead("#den", channel.time) in phone.seen
    phone.leaves()


def test_who_is_there(server: ServerUnderTest, people: tuple[Person, Person]) -> None:
    """With their roles, and who is away, also of those who went before we came."""
    alice, bob = people
    bob.does(ServerCommand("AWAY", ("at lunch",)))
    assert alice.sees(IsAway) == IsAway("bob", True, "at lunch")
    phone = Person(server, "alice")
    for _ in phone.session.channels.channels():  # they are asked for one after the other
        phone.done(ServerCommand("PING", ("x",)))
    assert Member("bob", "", away=True, account="bob") in phone.session.channels.members("#den")
    alice.does(ServerCommand("MODE", ("#den", "+v", "bob")))
    phone.sees(ModesSet)
    assert Member("bob", "+", away=True, account="bob") in phone.session.channels.members("#den")
    bob.does(ServerCommand("AWAY", ()))
    assert not phone.sees(IsAway).away
    phone.leaves()


def test_a_channel_is_renamed(people: tuple[Person, Person]) -> None:
    """Nobody leaves it or joins it; what was said there is known under its new name."""
    alice, bob = people
    said = alice.says("before")
    bob.does(ServerCommand("RENAME", ("#den", "#cave")))
    assert bob.sees(CommandRefused).code == "482"
    alice.done(ServerCommand("RENAME", ("#den", "#cave", "darker")))
    bob.seen.clear()
    renamed = bob.sees(ChannelRenamed)
    assert (renamed.old, renamed.new, renamed.by) == ("#den", "#cave", "alice")
    assert not any(isinstance(event, Joined | Left) for event in bob.seen)
    assert sorted(bob.session.channels.nicks("#cave")) == ["alice", "bob"]
    bob.done(React("#cave", said.msgid, "👍"))
    assert alice.sees(Reacted).about is not None
    told = alice.reads("LATEST", "#cave", "*", "2")
    assert [type(event) for event in told.events] == [ChannelRenamed, Reacted]
    alice.done(ServerCommand("RENAME", ("#cave", "#den")))
