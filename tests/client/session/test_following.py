"""Follower on a session: what `securechat tail` tells and asks for, over lost connections."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from securechat.client.session import following
from securechat.client.session.actions import AskRange
from securechat.client.session.events.connection import Lost, Overrun, Ready
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Said
from securechat.client.session.fetching import NOT_OFFERED
from securechat.client.session.following import BEGINNING, END, GAP, Follower
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Login
from securechat.client.session.pages import CHATHISTORY
from tests.client.dialogue import Talk, arrival, handshake
from tests.client.scripted import OFFER

WITH_HISTORY = f"{OFFER} {CHATHISTORY}"
TIME = "2026-11-29T10:00:00.000Z"


def live(text: str, target: str = "#lobby", msgid: str = "", source: str = "bob!b@h") -> str:
    """Somebody says something; the id is the text, if no other one is given."""
    return f"@msgid={msgid or text};time={TIME} :{source} PRIVMSG {target} :{text}"


def page(*texts: str, target: str = "#lobby") -> list[str]:
    """An answer with messages of bob's."""
    lines = [f"@batch=h;msgid={text} :bob!b@h PRIVMSG {target} :{text}" for text in texts]
    return [f"BATCH +h chathistory {target}", *lines, "BATCH -h"]


def conversations(*names: str) -> list[str]:
    """An answer to TARGETS."""
    lines = [f"@batch=t :irc.test CHATHISTORY TARGETS {name} {TIME}" for name in names]
    return ["BATCH +t draft/chathistory-targets", *lines, "BATCH -t"]


class Tail:
    """A session, and a follower that takes its events, as of the command."""

    def __init__(
        self,
        *targets: str,
        since: str = "",
        count: int = 0,
        places: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        self.talk = Talk(Login("alice", "secret"), missed=Missed.LEFT)
        self._follower = Follower("alice", targets, since, count, places)
        self._told: list[str] = []
        self.problems: list[str] = []
        self.refused = ""

    def connects(self, offer: str = WITH_HISTORY) -> list[str]:
        """Log in up to the end of the replay; what is asked for then."""
        handshake(self.talk, offer)
        return self.hears(*arrival())

    def hears(self, *lines: str) -> list[str]:
        """What the client sends."""
        sent = self.talk.hears(*lines)
        for event in self.talk.shows():
            step = self._follower.take(event)
            self._told += [said.text for said in step.said]
            self.problems += [step.problem] if step.problem else []
            self.refused = self.refused or step.refused
            if step.ask:
                sent += self.talk.does(step.ask) + self.hears()
        return [line for line in sent if line.startswith("CHATHISTORY")]

    def loses(self) -> None:
        """The connection is gone."""
        self.talk.loses()
        self._follower.take(Lost("gone", 1.0))

    def drops(self, count: int) -> list[str]:
        """Events were dropped, as we took them too slowly; what the client sends."""
        step = self._follower.take(Overrun(count))
        sent = self.talk.does(step.ask) if step.ask else []
        return [line for line in sent if line.startswith("CHATHISTORY")]

    def tells(self) -> list[str]:
        """The texts since the last call."""
        told, self._told = self._told, []
        return told


def test_all_conversations_from_now_on() -> None:
    """At first it is only asked which there are: it begins behind the newest message."""
    tail = Tail()
    assert tail.connects() == [f"CHATHISTORY TARGETS {END} {BEGINNING} 1000"]
    assert tail.hears(*conversations("#lobby", "bob"), live("one"), live("two", "alice")) == []
    assert tail.tells() == ["one", "two"]


def test_a_channel_that_is_renamed() -> None:
    """Is followed under its new name, from where it was."""
    tail = Tail()
    tail.connects()
    tail.hears(*conversations("#lobby"), live("one"), ":bob!b@h RENAME #lobby #hall :")
    tail.loses()
    tail.connects()
    assert tail.hears(*conversations("#hall")) == ["CHATHISTORY AFTER #hall msgid=one 100"]
    tail = Tail("#lobby")
    tail.connects()
    tail.hears(*page("one"), ":bob!b@h RENAME #lobby #hall :", live("two", "#hall"))
    assert tail.tells() == ["two"]


def test_a_lost_connection_leaves_no_gap() -> None:
    """What was said meanwhile is fetched behind the last message that was told, until there is no
    more, before what comes live; in a conversation that is new, from the beginning of all this on.
    """
    tail = Tail()
    tail.connects()
    tail.hears(*conversations("#lobby"), live("one"))
    tail.loses()
    assert tail.connects() == [f"CHATHISTORY TARGETS {END} timestamp={TIME} 1000"]
    assert tail.hears(*conversations("bob")) == [f"CHATHISTORY AFTER bob timestamp={TIME} 100"]
    tail.hears(live("five"))
    assert tail.hears(*page("psst", target="alice")) == ["CHATHISTORY AFTER bob msgid=psst 100"]
    assert tail.hears(*page(target="bob")) == ["CHATHISTORY AFTER #lobby msgid=one 100"]
    assert tail.hears(*page("two", "three")) == ["CHATHISTORY AFTER #lobby msgid=three 100"]
    assert tail.hears(*page("four", "five")) == ["CHATHISTORY AFTER #lobby msgid=five 100"]
    assert tail.hears(*page(), live("six")) == []
    assert tail.tells() == ["one", "psst", "two", "three", "four", "five", "six"]


def test_what_was_dropped_is_fetched() -> None:
    """A reader that is too slow gets everything all the same, at its own pace."""
    tail = Tail("#lobby")
    assert tail.connects() == ["CHATHISTORY LATEST #lobby * 1"]
    tail.hears(*page(), live("one"))
    assert tail.drops(3) == ["CHATHISTORY AFTER #lobby msgid=one 100"]
    assert tail.drops(2) == []
    for lines in ([live("five"), *page("two", "three", "four")], page("five"), page(), page()):
        tail.hears(*lines)
    assert tail.tells() == ["one", "two", "three", "four", "five"]


def test_what_was_held_when_the_connection_is_lost_again() -> None:
    """It is told once, in its order."""
    tail = Tail("#lobby")
    assert tail.connects() == ["CHATHISTORY LATEST #lobby * 1"]
    tail.hears(*page("old"))
    tail.loses()
    assert tail.connects() == ["CHATHISTORY AFTER #lobby msgid=old 100"]
    tail.hears(live("two"))
    tail.loses()
    assert tail.connects() == ["CHATHISTORY AFTER #lobby msgid=old 100"]
    tail.hears(*page("one", "two"), *page())
    assert tail.tells() == ["one", "two"]


def test_what_comes_before_the_connection_is_ready() -> None:
    """It waits for the older ones, which are fetched first."""
    tail = Tail("#lobby")
    tail.connects()
    tail.hears(*page("zero"), live("one"))
    tail.loses()
    handshake(tail.talk, WITH_HISTORY)
    assert tail.hears(*arrival(live("three"))) == ["CHATHISTORY AFTER #lobby msgid=one 100"]
    tail.hears(*page("two", "three"), *page())
    assert tail.tells() == ["one", "two", "three"]


def test_the_last_ones_first() -> None:
    """-n 2."""
    tail = Tail("#Lobby", "bob", count=2)
    assert tail.connects() == ["CHATHISTORY LATEST #Lobby * 2"]
    assert tail.hears(*page("one", "two")) == ["CHATHISTORY LATEST bob * 2"]
    tail.hears(live("three"), live("elsewhere", "#den"))
    assert tail.hears(*page(target="bob")) == []
    assert tail.tells() == ["one", "two", "three"]
    tail.loses()
    assert tail.connects() == ["CHATHISTORY AFTER #Lobby msgid=three 100"]
    assert tail.hears(*page()) == [f"CHATHISTORY AFTER bob {BEGINNING} 100"]


def test_from_a_time_on() -> None:
    """--since, in all conversations that have something newer."""
    tail = Tail(since=f"timestamp={TIME}")
    assert tail.connects() == [f"CHATHISTORY TARGETS {END} timestamp={TIME} 1000"]
    assert tail.hears(*conversations("#lobby")) == [
        f"CHATHISTORY AFTER #lobby timestamp={TIME} 100"
    ]
    tail.hears(*page("one"), *page())
    assert tail.tells() == ["one"]


def test_a_target_that_is_refused() -> None:
    """One that isn't there at the beginning ends it; one that is gone later is only told of."""
    tail = Tail("#den")
    tail.connects()
    tail.hears("FAIL CHATHISTORY INVALID_TARGET LATEST #den :Messages could not be retrieved")
    assert tail.refused == "no history of #den: Messages could not be retrieved"
    tail = Tail("#lobby")
    tail.connects()
    tail.hears(*page("one"))
    tail.loses()
    tail.connects()
    tail.hears("FAIL CHATHISTORY INVALID_TARGET AFTER #lobby :Messages could not be retrieved")
    assert (tail.refused, tail.problems) == (
        "",
        ["no history of #lobby: Messages could not be retrieved"],
    )


def test_a_server_that_was_restored_from_a_backup() -> None:
    """It knows no id of before; then the time of the last message says where to go on."""
    tail = Tail("#lobby")
    tail.connects()
    tail.hears(*page("zero"), live("one"))
    tail.loses()
    assert tail.connects() == ["CHATHISTORY AFTER #lobby msgid=one 100"]
    fault = "FAIL CHATHISTORY INVALID_PARAMS AFTER msgid=one :No message of this server has it"
    assert tail.hears(fault) == [f"CHATHISTORY AFTER #lobby timestamp={TIME} 100"]
    tail.hears(*page("two"), *page())
    assert (tail.tells(), tail.problems) == (["one", "two"], [])


def test_a_server_without_history() -> None:
    """What is said live is told, and that there may be gaps; what was before can't be asked for."""
    tail = Tail()
    assert tail.connects(OFFER) == []
    tail.hears(live("one"))
    assert (tail.tells(), tail.problems) == (["one"], [GAP])
    tail = Tail(count=5)
    tail.connects(OFFER)
    assert tail.refused == NOT_OFFERED


def test_more_than_can_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is dropped, and fetched when the page that is on its way has come."""
    monkeypatch.setattr(following, "MAX_HELD", 2)
    tail = Tail("#lobby")
    tail.connects()
    tail.hears(*page("zero"))
    tail.loses()
    tail.connects()
    tail.hears(live("one"), live("two"), live("three"))
    assert tail.hears(*page()) == ["CHATHISTORY AFTER #lobby msgid=zero 100"]
    tail.hears(*page("one", "two", "three"), *page())
    assert tail.tells() == ["one", "two", "three"]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hostile server, too."""
    monkeypatch.setattr(following, "MAX_TOLD", 3)
    monkeypatch.setattr(following, "MAX_MARKS", 3)
    follower = Follower("alice", ())
    follower.take(Ready("alice"))
    follower.take(RangeTold(AskRange(("TARGETS",))))
    for number in range(9):
        said = Said(f"#c{number}", "bob", "hi", mark=f"msgid={number}")
        assert follower.take(said).said == [said]
    assert (len(follower._told), len(follower._marks)) == (3, 3)


def test_two_messages_of_one_moment_without_ids() -> None:
    """Both are told: a time is no name."""
    follower = Follower("alice", ())
    follower.take(Ready("alice"))
    follower.take(RangeTold(AskRange(("TARGETS",))))
    said = Said("#c", "bob", "hi", mark=f"timestamp={TIME}")
    assert follower.take(said).said + follower.take(said).said == [said, said]


def test_what_is_removed_before_it_was_told() -> None:
    """The page has it no more, and nobody is told of it."""
    tail = Tail("#lobby")
    tail.connects()
    tail.hears(live("gone"), live("kept"), ":bob!b@h REDACT #lobby gone")
    assert tail.hears(*page("kept")) == []
    assert tail.tells() == ["kept"]


def test_from_places_that_are_known() -> None:
    """Each conversation goes on behind its own message, and any other behind the time; one that
    is gone meanwhile doesn't end all.
    """
    since = f"timestamp={TIME}"
    places = {"#lobby": ("msgid=one", TIME), "#gone": ("msgid=x", "")}
    tail = Tail(since=since, places=places)
    assert tail.connects() == [f"CHATHISTORY TARGETS {END} {since} 1000"]
    assert tail.hears(*conversations("bob")) == [f"CHATHISTORY AFTER bob {since} 100"]
    assert tail.hears(*page(target="bob")) == ["CHATHISTORY AFTER #lobby msgid=one 100"]
    assert tail.hears(*page()) == ["CHATHISTORY AFTER #gone msgid=x 100"]
    tail.hears("FAIL CHATHISTORY INVALID_TARGET AFTER #gone :No such channel")
    tail.hears(live("two"))
    assert tail.tells() == ["two"]
    assert (tail.refused, tail.problems) == ("", ["no history of #gone: No such channel"])
