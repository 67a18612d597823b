"""Conversations: what a front reads, and what is asked of the server for it."""

from __future__ import annotations

from datetime import datetime

import pytest

from securechat.client.ignoring import Ignored
from securechat.client.session.actions import Action, AskMentions, AskRange, MarkRead, ServerCommand
from securechat.client.session.events.answers import (
    ChannelsAre,
    CommandDone,
    HasInvited,
    InvitationsAre,
    MasksAre,
    ModesAre,
    NamesAre,
    NobodyFits,
    WeAreAway,
    WhoisTold,
)
from securechat.client.session.events.base import ClientEvent, Info
from securechat.client.session.events.channels import Invited, Joined, Left
from securechat.client.session.events.connection import Lost, Overrun, Ready
from securechat.client.session.events.deliveries import Queued, Stored
from securechat.client.session.events.history import MentionsTold, RangeTold
from securechat.client.session.events.messages import IsTyping, MarkedRead, Said
from securechat.client.timeline.conversations import Conversations
from securechat.client.timeline.items import Message, Movement
from securechat.client.timeline.mentions import MOST
from securechat.common.record import replace
from tests.client.timeline.said import at, joined, removed, said

TARGETS = "TARGETS"


class Front:
    """Somebody who looks at conversations; a server that answers what is asked."""

    def __init__(self, *joined: str, read: datetime | None = None) -> None:
        self.conversations = Conversations("alice")
        self.asked: list[AskRange] = []
        for channel in joined:
            self.takes(Joined(channel, "alice", mine=True))
            self.takes(MarkedRead(channel, read))
        self.takes(Ready("alice"))

    def takes(self, *events: ClientEvent) -> list[Action]:
        """What is to be submitted."""
        actions = [one for event in events for one in self.conversations.take(event, 100.0)]
        self.asked += [one for one in actions if isinstance(one, AskRange)]
        return actions

    def shows(self, name: str) -> list[Action]:
        actions = self.conversations.show(name)
        self.asked += [one for one in actions if isinstance(one, AskRange)]
        return actions

    def answers(
        self,
        *events: ClientEvent,
        targets: dict[str, int] | None = None,
        marks: tuple[str, str] | None = None,
    ) -> list[Action]:
        """The oldest open question has an answer."""
        told = tuple((name, at(minute).isoformat()) for name, minute in (targets or {}).items())
        return self.takes(RangeTold(self.asked.pop(0), events, told, marks=marks))

    def texts(self, name: str = "#lobby") -> list[str]:
        return [
            item.text for item in self.conversations.timeline(name) if isinstance(item, Message)
        ]


def questions(front: Front) -> list[str]:
    return [" ".join(one.params[:3]) for one in front.asked]


def test_what_is_looked_at_is_fetched() -> None:
    """Once, and only then; who looks again asks nothing."""
    front = Front("#lobby")
    front.answers(targets={"#lobby": 3})
    front.shows("#lobby")
    assert questions(front) == ["LATEST #lobby *"]
    front.answers(said("one"), said("two", 1))
    assert front.texts() == ["one", "two"]
    assert front.shows("#lobby") == []


def test_what_is_unread_is_fetched_at_the_login() -> None:
    """So it is counted; what is read is not asked for."""
    front = Front("#lobby", "#den", read=at(1))
    front.answers(targets={"#lobby": 3, "#den": 1, "bob": 0})
    assert questions(front) == ["LATEST #lobby *", "LATEST bob *"]
    front.answers(said("old"), said("alice?", 2), said("three", 3))
    front.answers(said("psst", where="bob"))
    lobby, bob = front.conversations.timeline("#lobby"), front.conversations.timeline("bob")
    assert (lobby.unread, lobby.mentions) == (2, 1)
    assert (bob.unread, bob.mentions) == (1, 1)
    assert [one.message.text for one in front.conversations.mentions] == ["alice?", "psst"]


def test_what_comes_live_waits_for_what_is_older() -> None:
    """So that the order is that of the server."""
    front = Front("#lobby")
    front.shows("#lobby")
    front.asked.pop(0)
    front.takes(said("three", 3), Queued(1, "#lobby", "four"))
    front.takes(Stored("#lobby", "four", "four", id=1))
    assert front.texts() == ["four"]
    front.answers(said("one"), said("two", 1), said("three", 3))
    assert front.texts() == ["one", "two", "three", "four"]


def test_a_lost_connection_leaves_no_gap() -> None:
    """What was said meanwhile is asked for behind the last message, before what comes live."""
    front = Front("#lobby")
    front.answers(targets={})
    front.shows("#lobby")
    front.answers(said("one"))
    front.takes(Lost("gone", 1.0), Ready("alice", again=True))
    assert [one.split()[0] for one in questions(front)] == ["TARGETS", "LATEST"]
    assert questions(front)[1] == "LATEST #lobby msgid=one"
    front.asked.pop(0)
    front.takes(said("three", 3))
    front.answers(said("two", 2), said("three", 3))
    assert front.texts() == ["one", "two", "three"]


def test_a_gap_that_is_too_large_begins_anew() -> None:
    """There is never one within the window: what is older is fetched when somebody goes there."""
    front = Front("#lobby")
    front.answers(targets={})
    front.shows("#lobby")
    front.answers(said("one"))
    front.takes(Overrun(5000))
    front.asked.pop(0)
    front.answers(*(said(f"new{number}", 2) for number in range(100)))
    assert front.texts()[0] == "new0"
    [older] = front.conversations.older("#lobby")
    assert isinstance(older, AskRange)
    assert older.params[:3] == ("BEFORE", "#lobby", "msgid=new0")


def test_a_page_without_any_message() -> None:
    """It goes on before what has happened first; nothing is told twice."""
    front = Front("#lobby")
    front.answers(targets={})
    front.shows("#lobby")
    front.answers(joined("bob"), marks=("msgid=j", "msgid=j"))
    conversations, lobby = front.conversations, front.conversations.timeline("#lobby")
    assert not lobby.at_start
    front.asked += [one for one in conversations.older("#lobby") if isinstance(one, AskRange)]
    assert questions(front) == ["BEFORE #lobby msgid=j"]
    front.answers()
    assert lobby.at_start
    assert len(lobby) == 1


def test_what_is_older_is_fetched_as_soon_as_it_can_be() -> None:
    """Somebody wants it while another page is on its way, or the connection was lost before it."""
    front = Front("#lobby")
    front.answers(targets={})
    front.shows("#lobby")
    assert front.conversations.older("#lobby") == []
    front.answers(said("two"))
    assert questions(front) == ["BEFORE #lobby msgid=two"]
    front.takes(Lost("gone", 1.0), Ready("alice", again=True))
    front.asked[:2] = []
    front.answers()
    assert questions(front) == ["BEFORE #lobby msgid=two"]
    front.answers(said("one"))
    assert front.texts() == ["one", "two"]
    assert questions(front) == []


def test_who_came_is_told_once() -> None:
    """Live, and not once more by the page behind a lost connection."""
    front = Front("#lobby")
    front.answers(targets={})
    front.shows("#lobby")
    front.answers(said("one"))
    front.takes(joined("bob", 1), Lost("gone", 1.0), Ready("alice", again=True))
    front.asked.pop(0)
    front.takes(joined("dave", 3))
    front.answers(joined("bob", 1), said("two", 2), joined("dave", 3))
    came = [
        item.came for item in front.conversations.timeline("#lobby") if isinstance(item, Movement)
    ]
    assert came == [["bob"], ["dave"]]


def test_to_the_beginning_and_back() -> None:
    """An empty page is the end of it; a jump shows another window, which grows at both ends."""
    front = Front("#lobby")
    front.answers(targets={})
    front.shows("#lobby")
    front.answers(said("one"))
    conversations = front.conversations
    front.asked += [one for one in conversations.older("#lobby") if isinstance(one, AskRange)]
    assert conversations.older("#lobby") == []
    front.answers()
    assert conversations.timeline("#lobby").at_start
    assert conversations.older("#lobby") == []
    front.asked += [
        one for one in conversations.jump("#lobby", "msgid=x") if isinstance(one, AskRange)
    ]
    front.answers(said("w"), said("x"), said("y"))
    assert front.texts() == ["w", "x", "y"]
    front.takes(said("live", 9))
    assert front.texts() == ["w", "x", "y"]
    assert conversations.timeline("#lobby").unread == 1
    front.asked += [one for one in conversations.newer("#lobby") if isinstance(one, AskRange)]
    front.answers(said("z"))
    front.asked += [one for one in conversations.newest("#lobby") if isinstance(one, AskRange)]
    front.answers(said("live", 9))
    assert front.texts() == ["live"]
    assert conversations.timeline("#lobby").at_end


def test_the_unread_line_of_what_is_looked_at_first() -> None:
    """The page comes after somebody has begun to look."""
    front = Front("#lobby", read=at(1))
    front.shows("#lobby")
    front.answers(targets={"#lobby": 3})
    assert front.conversations.timeline("#lobby").unread_from == ""
    front.answers(said("old"), said("two", 2), said("three", 3))
    front.conversations.seen("#lobby")
    assert front.conversations.timeline("#lobby").unread_from == "two"


def test_who_is_there_is_told_when_it_was_asked() -> None:
    """Not at the login, where the list of members has it."""
    front = Front()
    lobby = front.conversations.timeline("#lobby")
    front.takes(Lost("gone", 1.0))
    front.shows("#lobby")
    front.takes(NamesAre("#lobby", ("alice",)), Ready("alice", again=True))
    assert len(lobby) == 0
    front.takes(NamesAre("#lobby", ("alice",)))
    assert len(lobby) == 1


def test_what_was_seen_is_read_on_all_devices() -> None:
    """Once; and what was read elsewhere counts no more."""
    front = Front("#lobby", read=at(0))
    front.answers(targets={})
    front.shows("#lobby")
    front.answers(said("one"))
    front.takes(said("two", 2))
    lobby = front.conversations.timeline("#lobby")
    assert lobby.unread == 1
    assert front.conversations.seen("#lobby") == [MarkRead("#lobby", "2026-11-29T12:02:00.000Z")]
    assert lobby.unread == 0
    assert front.conversations.seen("#lobby") == []
    front.takes(said("three", 3), MarkedRead("#lobby", at(3)))
    assert lobby.unread == 0


def test_who_types() -> None:
    """Until they have said it or left, or for six seconds; for thirty when they have paused."""
    front = Front("#lobby")
    front.takes(IsTyping("#lobby", "bob"), IsTyping("#lobby", "carol"))
    assert front.conversations.typing("#lobby", 105.0) == ["bob", "carol"]
    front.takes(said("done"))
    assert front.conversations.typing("#lobby", 105.0) == ["carol"]
    assert front.conversations.typing("#lobby", 106.5) == []
    front.takes(IsTyping("#lobby", "carol", paused=True), IsTyping("#lobby", "dave"))
    front.takes(Left("#lobby", "dave"))
    assert front.conversations.typing("#lobby", 129.5) == ["carol"]
    front.takes(IsTyping("#lobby", "carol", ended=True))
    assert front.conversations.typing("#lobby", 101.0) == []


def test_who_leaves_the_server_leaves_their_channels() -> None:
    """Only there it is told."""
    front = Front("#lobby", "#den")
    front.takes(Left(None, "bob", channels=("#lobby",)))
    assert len(front.conversations.timeline("#lobby")) == 1
    assert len(front.conversations.timeline("#den")) == 0


def test_without_a_history_what_comes_is_there() -> None:
    """As of a server that offers none, or a front that has it replayed."""
    conversations = Conversations("alice", fetches=False)
    for event in (Joined("#lobby", "alice", mine=True), Ready("alice"), said("one")):
        assert conversations.take(event) == []
    assert conversations.show("#lobby") == []
    assert len(conversations.timeline("#lobby")) == 1
    said_here = Said("#lobby", "bob", "without tags")
    assert conversations.take(said_here) == []
    assert len(conversations.timeline("#lobby")) == 2


# --- people who are ignored ----------------------------------------------------------------------


def ignoring(*joined: str) -> tuple[Front, Ignored]:
    """A front of somebody who ignores bob."""
    ignored, front = Ignored(), Front(*joined)
    ignored.add("bob")
    front.conversations = Conversations("alice", ignored=ignored)
    front.takes(*(Joined(channel, "alice", mine=True) for channel in joined), Ready("alice"))
    front.asked.clear()
    return front, ignored


def test_what_an_ignored_person_says_is_nowhere() -> None:
    """Neither live nor on a page; it counts as nothing unread, and opens no conversation."""
    front, _ignored = ignoring("#lobby")
    front.shows("#lobby")
    front.answers(said("one", 1, "bob"), said("two", 2, "carol"))
    front.takes(said("three", 3, "bob"), said("four", 4, "bob", where="bob"))
    assert front.texts() == ["two"]
    assert front.conversations.get("bob") is None
    timeline = front.conversations.timeline("#lobby")
    assert (timeline.unread, timeline.newest) == (0, at(3))


def test_a_refused_page_is_not_the_beginning() -> None:
    """Why it didn't come is kept, until it is asked for again."""
    front = Front("#lobby")
    front.answers(targets={})
    front.shows("#lobby")
    front.answers(said("one"))
    lobby = front.conversations.timeline("#lobby")
    for _again in range(2):
        [asked] = front.conversations.older("#lobby")
        assert isinstance(asked, AskRange)
        assert lobby.refused == ""
        front.takes(RangeTold(asked, problem="Messages could not be retrieved"))
        assert (lobby.at_start, lobby.refused) == (False, "Messages could not be retrieved")


def test_a_page_of_ignored_people_is_not_the_end() -> None:
    """What is before it is asked for."""
    front, _ignored = ignoring("#lobby")
    front.shows("#lobby")
    front.answers(said("x", 8, "bob"), said("y", 9, "bob"), marks=("msgid=x", "msgid=y"))
    assert not front.conversations.timeline("#lobby").at_start
    [asked] = front.conversations.older("#lobby")
    assert isinstance(asked, AskRange)
    assert asked.params[:3] == ("BEFORE", "#lobby", "msgid=x")
    front.asked.append(asked)
    front.answers(said("seven", 7, "carol"))
    assert front.texts() == ["seven"]


def test_somebody_is_ignored_meanwhile() -> None:
    """What they have said goes from the window, and comes from the server when they are no more."""
    front, ignored = ignoring("#lobby")
    front.shows("#lobby")
    front.answers(said("one", 1, "carol"), said("two", 2, "dave"))
    ignored.add("carol")
    front.takes(Info("so it is"))
    assert front.texts() == ["two"]
    ignored.remove("carol")
    [asked] = front.takes(Info("no more"))
    assert isinstance(asked, AskRange)
    front.answers(said("one", 1, "carol"), said("two", 2, "dave"))
    assert front.texts() == ["one", "two"]


def test_what_else_there_is_of_somebody_who_is_ignored_meanwhile() -> None:
    """Their words to us go from the list of those, and so do their invitations."""
    front, ignored = ignoring("#lobby")
    front.takes(said("alice: hi", 1, "carol"), said("alice: you", 2, "dave"))
    front.takes(Invited("carol", "#evil"), Invited("dave", "#den"))
    ignored.add("carol")
    front.takes(Info("so it is"))
    assert [one.message.nick for one in front.conversations.mentions] == ["dave"]
    assert front.conversations.invitations == {"#den": "dave"}


def test_mentions_of_before_come_when_they_are_asked_for() -> None:
    """Before those that are known, each once, and only what is for us."""
    front, ignored = ignoring("#lobby")
    ignored.add("carol")
    mentions = front.conversations.mentions
    now = said("alice: now", 5, "dave")
    front.takes(now)
    assert mentions.ask() == [AskMentions()]
    assert mentions.waiting
    words = said("alice: one", 1, "dave", where="#den"), said("alice2", 2, "dave")
    others = said("alice: ha", 3, "carol"), said("alice it is", 4, "alice")
    front.takes(MentionsTold((*words, *others, now), more=True))
    assert not mentions.waiting
    assert mentions.more
    told = [(one.conversation, one.message.text) for one in mentions]
    assert told == [("#den", "alice: one"), ("#lobby", "alice: now")]
    front.takes(replace(removed("alice: one"), conversation="#den"))
    assert next(iter(mentions)).message.removed_by == "bob"


def test_mentions_of_before_that_never_come() -> None:
    """Nobody waits for them any more; and what came last is never pushed out by them."""
    front = Front("#lobby")
    mentions = front.conversations.mentions
    mentions.ask()
    front.takes(Lost("gone", 1.0))
    assert (mentions.waiting, bool(mentions.problem)) == (False, True)
    front.takes(*(said(f"alice {number}", 5) for number in range(MOST)))
    front.takes(MentionsTold((said("alice: one", 1),)))
    assert len(mentions) == MOST
    assert next(iter(mentions)).message.text == "alice 0"


@pytest.mark.parametrize(
    "event",
    [
        ChannelsAre(()),
        HasInvited("bob", "#lobby"),
        InvitationsAre(()),
        MasksAre("#lobby", "b", ()),
        ModesAre("#lobby", ("+n",)),
        NobodyFits("bob"),
        WeAreAway(True),
        WhoisTold("bob"),
        CommandDone(ServerCommand("MODE", ("#lobby", "+n")), quiet=True),
    ],
)
def test_an_answer_stands_where_somebody_looks(event: ClientEvent) -> None:
    """Whatever it is about: that is where it was asked for."""
    front = Front("#den", "#lobby")
    front.shows("#lobby")
    front.answers()
    before = len(front.conversations.timeline("#lobby"))
    front.takes(event)
    assert len(front.conversations.timeline("#lobby")) == before + 1
    assert not len(front.conversations.timeline("#den"))
