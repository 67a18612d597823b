"""What the server says once we are in: Inbound, as the session shows it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.client.session.actions import ServerCommand, TextKind
from securechat.client.session.events.answers import NamesAre
from securechat.client.session.events.base import Info, Problem
from securechat.client.session.events.channels import (
    ChannelRenamed,
    Invited,
    IsAway,
    Joined,
    Left,
    ModesSet,
    Renamed,
    TopicIs,
)
from securechat.client.session.events.messages import Earlier, Reacted, Said
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Login
from securechat.client.session.roles import Member
from securechat.irc.message import parse
from tests.client.dialogue import ALICE, Talk, arrival, handshake, online

BOB = "bob!bob@irc.test"
NOON = datetime(2025, 11, 22, 12, 0, 0, 250000, UTC)


def test_a_message_to_a_channel() -> None:
    """With the server's time."""
    talk = online()
    talk.hears(f"@time=2025-11-22T12:00:00.250Z;msgid=1 :{BOB} PRIVMSG #lobby :hi there")
    assert talk.shows() == [Said("#lobby", "bob", "hi there", time=NOON)]


def test_a_private_message_a_notice_and_an_action() -> None:
    """Each is its own kind."""
    talk = online()
    talk.hears(f":{BOB} PRIVMSG alice :psst")
    talk.hears("NOTICE alice :Server speaking", f":{BOB} NOTICE alice :beep")
    talk.hears(f":{BOB} PRIVMSG #lobby :\x01ACTION waves\x01")
    assert talk.shows() == [
        Said("alice", "bob", "psst"),
        Info("Server speaking"),
        Said("alice", "bob", "beep", TextKind.NOTICE),
        Said("#lobby", "bob", "waves", TextKind.ACTION),
    ]


@pytest.mark.parametrize("tag", ["", "nonsense", "2025-13-99T00:00:00Z"])
def test_a_time_that_cannot_be_read_is_no_time(tag: str) -> None:
    """The message is shown all the same."""
    talk = online()
    talk.hears(f"@time={tag} :{BOB} PRIVMSG #lobby :hi")
    assert talk.shows() == [Said("#lobby", "bob", "hi")]


def test_what_was_missed_is_marked() -> None:
    """Messages in a batch of history, and only those."""
    talk = online()
    talk.hears(
        "BATCH +m0 chathistory #lobby",
        f"@batch=m0;msgid=1 :{BOB} PRIVMSG #lobby :missed",
        f"@msgid=2 :{BOB} PRIVMSG #lobby :live",
        "BATCH -m0",
        "BATCH +n netsplit a b",
        f"@batch=n;msgid=3 :{BOB} PRIVMSG #lobby :other",
    )
    shown = [(event.text, event.missed) for event in talk.shows() if isinstance(event, Said)]
    assert shown == [("missed", True), ("live", False), ("other", False)]


def test_nothing_is_shown_twice() -> None:
    """A message whose id was seen already, for one in the replay after a reconnect, is dropped."""
    talk = online()
    talk.hears(f"@msgid=7 :{BOB} PRIVMSG #lobby :once", f"@msgid=7 :{BOB} PRIVMSG #lobby :once")
    assert len(talk.shows()) == 1


def test_our_own_channel_is_shown_with_topic_and_names() -> None:
    """When we enter it."""
    talk = Talk(Login("alice", "secret"))
    handshake(talk)
    talk.hears(*arrival(channels=())[:3])
    talk.hears(
        f":{ALICE} JOIN #lobby alice :alice",
        "332 alice #lobby :All are welcome",
        "333 alice #lobby bob 1700000000",
        "353 alice = #lobby :@bob!bob@irc.test alice",
        "366 alice #lobby :End",
    )
    assert talk.shows() == [
        Joined("#lobby", "alice", mine=True),
        TopicIs("#lobby", "All are welcome"),
        NamesAre("#lobby", ("alice", "@bob")),
    ]
    assert talk.session.channels.nicks("#lobby") == ["bob", "alice"]


def test_names_are_shown_when_asked_for() -> None:
    """And not when the server only refreshes them."""
    talk = online()
    answer = ["353 alice = #lobby :alice", "366 alice #lobby :End"]
    talk.hears(*answer)
    assert talk.shows() == []
    assert talk.does(ServerCommand("NAMES", ("#lobby",))) == ["NAMES #lobby"]
    talk.hears(*answer)
    assert talk.shows() == [NamesAre("#lobby", ("alice",))]


def test_people_come_and_go() -> None:
    """JOIN, PART, KICK, QUIT and NICK, and the list of names follows."""
    talk = online()
    talk.hears(f":{BOB} PART #lobby :tired", ":carol!c@h JOIN #lobby carol :Carol")
    talk.hears(":dave!d@h JOIN #lobby", ":carol!c@h KICK #lobby dave :spam")
    talk.hears(":carol!c@h NICK caro", ":caro!c@h QUIT :bye")
    assert talk.shows() == [
        Left("#lobby", "bob", "tired"),
        Joined("#lobby", "carol"),
        Joined("#lobby", "dave"),
        Left("#lobby", "dave", "spam", by="carol"),
        Renamed("carol", "caro"),
        Left(None, "caro", "bye"),
    ]
    assert talk.session.channels.nicks() == ["alice"]


def test_we_leave_a_channel() -> None:
    """By ourselves or by another's hand."""
    talk = online(channels=("#lobby", "#den"))
    talk.hears(f":{ALICE} PART #den", f":{BOB} KICK #lobby alice")
    assert talk.shows() == [
        Left("#den", "alice", mine=True),
        Left("#lobby", "alice", by="bob", mine=True),
    ]
    assert talk.session.channels.channels() == []


def test_topics() -> None:
    """Changed, and told on demand."""
    talk = online()
    talk.hears(f":{BOB} TOPIC #lobby :New", "332 alice #lobby :New", "331 alice #den :No topic")
    assert talk.shows() == [
        TopicIs("#lobby", "New", by="bob"),
        TopicIs("#lobby", "New"),
        Info("#den No topic"),
    ]


def test_invitations_and_modes() -> None:
    """Are told in words; modes of our own are not."""
    talk = online()
    talk.hears(f":{BOB} INVITE alice #den", f":{BOB} MODE #lobby +o alice", "MODE alice +i")
    assert talk.shows() == [
        Invited("bob", "#den"),
        ModesSet("bob", "#lobby", ("+o", "alice")),
    ]


def test_who_is_away_and_who_has_which_role() -> None:
    """Is known of the members from what the server tells."""
    talk = online()
    talk.hears(f":{BOB} AWAY :at lunch", ":carol!c@h JOIN #lobby caro :Carol")
    talk.hears(f":{ALICE} MODE #lobby +v-o bob alice", ":carol!c@h ACCOUNT *")
    assert talk.session.channels.members("#lobby") == [
        Member("alice", account="alice"),
        Member("bob", "+", away=True),
        Member("carol"),
    ]
    assert talk.shows()[0] == IsAway("bob", True, "at lunch")
    talk.hears(f":{BOB} AWAY")
    assert talk.shows() == [IsAway("bob", False)]
    talk.hears("306 alice :You have been marked as being away")
    assert Member("alice", account="alice", away=True) in talk.session.channels.members("#lobby")
    talk.hears("305 alice :You are no longer marked as being away")
    assert Member("alice", account="alice") in talk.session.channels.members("#lobby")


def test_a_channel_has_another_name() -> None:
    """We stay in it, and what is about an earlier message finds it."""
    talk = online(missed=Missed.FETCHED)
    talk.hears(f"@msgid=1 :{BOB} PRIVMSG #lobby :hi", f":{BOB} RENAME #lobby #hall :shorter")
    talk.hears(f"@+draft/react=x;+draft/reply=1 :{BOB} TAGMSG #hall")
    said, renamed, reacted = talk.shows()
    assert isinstance(said, Said)
    assert renamed == ChannelRenamed("#lobby", "#hall", "bob", "shorter")
    assert reacted == Reacted("#hall", "bob", "x", Earlier("bob"))
    assert talk.session.channels.channels() == ["#hall"]
    talk.loses()
    handshake(talk)
    talk.hears(*arrival(channels=("#lobby",))[:-1])
    talk.hears(f":{BOB} RENAME #lobby #other :", arrival()[-1])
    left = [event.channel for event in talk.shows() if isinstance(event, Left)]
    assert left == ["#hall"]


def test_an_error_line_is_shown() -> None:
    """It says why the connection is closed."""
    talk = online()
    talk.hears("ERROR :Server is shutting down")
    assert talk.shows() == [Problem("Server is shutting down")]


def test_echoes_that_stop_end_the_connection() -> None:
    """Without them nobody knows what is stored; other capabilities may go."""
    talk = online()
    talk.hears("CAP alice DEL :away-notify")
    assert talk.hangup is None
    talk.hears("CAP alice DEL :echo-message")
    assert talk.hangup is not None


@pytest.mark.parametrize(
    "line",
    ["PRIVMSG #lobby", "JOIN", "KICK #x", "353 alice =", "366 alice", "BATCH", "TOPIC #x", "CAP x",
     "MODE", "INVITE alice", "332 alice #x", "TAGMSG #lobby", "AWAY", "ACCOUNT bob", "005", "QUIT"],
)  # fmt: skip
def test_messages_that_lack_something_are_passed_over(line: str) -> None:
    """And so is what concerns nobody; nothing of it breaks the session."""
    talk = online()
    assert talk.hears(f":{BOB} {line}") == []
    assert all(isinstance(event, Left | IsAway) for event in talk.shows())


def test_a_ping_gets_its_own_token_back() -> None:
    """At once, at any time of the session."""
    talk = Talk(Login("alice", "secret"))
    talk.opens()
    assert talk.hears("PING :two words") == ["PONG :two words"]
    assert online().hears("PING delivered-12") == ["PONG delivered-12"]
    assert online().hears("PING") == ["PONG :"]


def test_a_quiet_session_does_not_say_that_it_has_read() -> None:
    """Its account's missed messages stay for whoever reads them; other tokens come back."""
    talk = online(missed=Missed.LEFT)
    assert talk.hears("PING delivered-12") == ["PONG here"]
    assert talk.hears("PING other") == ["PONG other"]


def test_the_prefix_is_learned_from_our_own_join() -> None:
    """It decides how much text fits into a message."""
    talk = online()
    [line] = talk.says("x" * 470)
    assert len(f":{ALICE} {line}".encode()) <= 510
    talk.hears(f":alice!alice@{'h' * 60} JOIN #far", "PONG x")
    longer = talk.says("x" * 470)
    assert len(longer) == 2


def test_times_without_a_zone_are_utc() -> None:
    """As the specification has it."""
    talk = online()
    talk.session.receive(parse(f"@time=2025-11-22T12:00:00.250 :{BOB} PRIVMSG #lobby :x"), talk.now)
    talk.hears(f"@time=2025-11-22T12:00:00.250 :{BOB} PRIVMSG #lobby :hi")
    assert talk.shows() == [Said("#lobby", "bob", "hi", time=NOON)]
