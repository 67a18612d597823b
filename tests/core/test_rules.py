"""The door to the core: lines, deadlines, and what an administrator does."""

from __future__ import annotations

import pytest

from securechat.core.auth.login import LATE_SECONDS
from securechat.core.journal.events.channels import ChannelClosed, MemberLeft
from securechat.core.model.states import State
from securechat.core.turn import Turn
from securechat.irc.framing import TOO_LONG
from tests.support.client import SERVER, codes, of, only, source
from tests.support.rules import RIGHT, RulesUnderTest, in_channel, plain

# Lines


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (TOO_LONG, "417"),
        (b"TOPIC #den :" + b"x" * 700, "417"),
        (b"@+x=" + b"y" * 4100 + b" TOPIC #den :x", "417"),
        (b"PRIVMSG #den :\xff", "INVALID_UTF8"),
        (b"PRIVMSG #den :\x00", "INVALID_MESSAGE"),
        (b"PRIVMSG\r#den", "INVALID_MESSAGE"),
        ("я x".encode(), "INVALID_MESSAGE"),
        (b":alice", "INVALID_MESSAGE"),
        (b"@x", "INVALID_MESSAGE"),
    ],
)
def test_a_line_that_is_none(line: bytes, answer: str) -> None:
    """It is refused for what it is, and nobody hears of it."""
    rules, (alice, bob) = in_channel("alice", "bob")
    for person in (alice, rules.connect()):
        message = only(person.says(line))
        assert answer in (message.command, message.params[1])
    assert bob.hears() == []


def test_who_a_line_says_it_is_from_does_not_count() -> None:
    """A client's source is ignored."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says(":bob!bob@chat.test PRIVMSG #den :I am bob")
    assert bob.hears() == [f"{source('alice')} PRIVMSG #den :I am bob"]


def test_after_the_end_nothing_is_heard() -> None:
    """Lines that were on their way are dropped."""
    _, (alice, bob) = in_channel("alice", "bob")
    heard = alice.says("QUIT", "PRIVMSG #den :ghost", "PING x")
    assert codes(heard) == ["ERROR"]
    assert codes(bob.hears()) == ["QUIT"]


# Connections


def test_a_lost_connection_is_a_quit() -> None:
    """With what the server saw as the reason; the session is forgotten."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.hangs_up("Connection lost")
    assert alice.hears() == [f"{source('bob')} QUIT :Connection lost"]
    assert bob.session not in rules.model.sessions
    assert bob.session.state is State.CLOSED


def test_a_connection_lost_after_quit_says_nothing_more() -> None:
    """QUIT comes once."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("QUIT")
    bob.hangs_up()
    assert codes(alice.hears()) == ["QUIT"]
    assert list(rules.model.sessions) == [alice.session]


def test_an_unauthenticated_connection_is_lost_unheard() -> None:
    """In any state."""
    rules, (alice,) = in_channel("alice")
    for lines in (
        [],
        ["AUTHENTICATE PLAIN"],
        ["AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}"],
    ):
        person = rules.connect()
        person.says(*lines)
        person.hangs_up()
    assert alice.hears() == []
    assert len(rules.model.sessions) == 1


# Deadlines


@pytest.mark.parametrize("lines", [[], ["CAP LS", "NICK alice"], ["AUTHENTICATE PLAIN"]])
def test_a_login_takes_a_minute_at_most(lines: list[str]) -> None:
    """Then the connection ends, however busy it is."""
    rules = RulesUnderTest("alice", login_seconds=60.0)
    person = rules.connect()
    person.says(*lines)
    rules.passes(60)
    person.says("PING x")
    assert person.session.state is not State.CLOSED
    rules.passes(1)
    assert codes(person.hears()) == ["ERROR"]


def test_members_are_asked_whether_they_are_there() -> None:
    """A PING with the newest number, every ping_seconds."""
    rules, (alice,) = in_channel("alice", ping_seconds=60.0)
    first = alice.token
    alice.says("PRIVMSG #den :x")
    rules.passes(60)
    assert alice.token == first
    rules.passes(1)
    assert alice.token == f"delivered-{rules.model.last_seq}" != first


def test_who_does_not_answer_is_gone() -> None:
    """After dead_seconds of silence; any line is an answer."""
    rules, (alice, bob) = in_channel("alice", "bob", ping_seconds=60.0, dead_seconds=120.0)
    for _ in range(4):
        rules.passes(40)
        alice.says("PING x")
    assert bob.session.state is State.CLOSED
    assert codes(bob.hears()) == ["ERROR"]
    assert alice.session.state is State.READY


def test_the_others_are_told_how_long() -> None:
    """QUIT with the seconds."""
    rules, (alice, bob) = in_channel("alice", "bob", dead_seconds=120.0)
    rules.passes(100)
    alice.says("PING x")
    rules.passes(21)
    assert only(alice.hears()).params == ["No answer for 121 seconds"]
    assert bob.session.account is not None


def test_a_reader_that_takes_too_long_ends_the_login() -> None:
    """However late the server is, once it is minutes; its late answer is nothing."""
    rules = RulesUnderTest("alice", login_seconds=60.0)
    rules.busy = True
    person = rules.connect()
    person.says("PASS alice:right", "NICK alice", "USER a 0 * :A")
    rules.passes(60 + LATE_SECONDS)
    assert codes(person.hears()) == ["NOTE"]
    rules.passes(1)
    assert codes(person.hears()) == ["ERROR"]
    rules.work()
    assert person.hears() == []


# The administrator


def test_an_account_s_sessions_can_be_ended() -> None:
    """All of them, those that have just logged in as well; the others see one QUIT."""
    rules, (alice, bob) = in_channel("alice", "bob")
    phone, late = rules.member("bob"), rules.connect()
    late.says("CAP LS", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('bob')}")
    with rules.turn() as turn:
        rules.rules.end_sessions(turn, rules.account("bob"), "Disabled")
    for person in (bob, phone, late):
        assert codes(person.hears())[-1:] == ["ERROR"]
        assert person.session.state is State.CLOSED
    assert alice.hears() == [f"{source('bob')} QUIT :Disabled"]


@pytest.mark.parametrize("password", [RIGHT, "wrong"])
def test_nothing_is_heard_unauthenticated_of_an_account_s_end(password: str) -> None:
    """A connection that waits for an answer gets the one that a name of nobody's gets, even if the
    password was right when it was looked at; and may try again.
    """
    rules = RulesUnderTest("bob")
    rules.busy = True
    heard = []
    for name in ("bob", "nobody"):
        person = rules.connect()
        person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(name, password)}")
        with rules.turn() as turn:
            rules.rules.end_sessions(turn, rules.account("bob"), "Disabled")
        rules.work()
        heard.append(person.hears())
        assert person.session.state is State.CONNECTED
    assert heard[0] == heard[1]
    assert codes(heard[0]) == ["904"]
    person = rules.connect()
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('bob')}")
    rules.work()
    assert codes(person.hears()) == ["900", "903"]


def test_a_deleted_account_leaves_its_channels() -> None:
    """Those it was alone in end."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("JOIN #own")
    account = rules.account("bob")
    with rules.turn() as turn:
        rules.rules.account_removed(turn, account, "Deleted")
    assert codes(alice.hears()) == ["QUIT"]
    assert [type(event) for event in rules.stored[-3:]] == [MemberLeft, MemberLeft, ChannelClosed]
    assert account.channels == {}
    assert "#own" not in rules.model.channels
    assert account not in rules.channel("#den").members


# The end


def test_before_the_end_everybody_is_asked() -> None:
    """all_answered tells when each has received everything."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("PRIVMSG #den :last words")
    assert not rules.rules.all_answered()
    with rules.turn() as turn:
        rules.rules.ask_all(turn)
    alice.pongs()
    assert not rules.rules.all_answered()
    bob.pongs()
    assert rules.rules.all_answered()


def test_the_end_is_told_to_all() -> None:
    """ERROR with the reason, also before a login; what was acknowledged is stored."""
    rules, (alice, bob) = in_channel("alice", "bob")
    client = rules.connect()
    rules.passes(61)
    bob.pongs()
    with rules.turn() as turn:
        rules.rules.stop(turn, "Going down")
    for person in (alice, bob):
        assert person.hears() == ["ERROR :Closing link: Going down"]
    assert codes(client.hears()) == ["ERROR"]
    assert rules.account("bob").devices[""].stored == rules.model.last_seq
    assert len(rules.closings) == 3


def test_nobody_online_has_answered() -> None:
    """An empty server may stop at once."""
    assert RulesUnderTest("alice").rules.all_answered()


def test_the_lobby_is_stored_with_the_first_turn() -> None:
    """And is nobody's."""
    rules = RulesUnderTest(lobby="#Hall")
    assert (rules.channel("#hall").name, rules.channel("#hall").founder) == ("#Hall", None)
    assert len(rules.stored) == 1


def test_a_dialogue_of_two() -> None:
    """The whole, once, as they see it."""
    rules = RulesUnderTest("alice", "bob", lobby="#lobby")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("PRIVMSG #lobby :hello", "PRIVMSG bob :psst")
    bob.says("PRIVMSG alice :yes?")
    assert of(alice.hears(), "PRIVMSG")[0].params == ["alice", "yes?"]
    assert SERVER not in "".join(person.session.shown_nick for person in (alice, bob))


def test_what_was_said_ahead_of_the_login_is_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; or who comes again and again would say as much each time."""
    paid: list[int] = []
    monkeypatch.setattr(Turn, "charge", lambda turn, account, lines: paid.append(lines))
    rules = RulesUnderTest("alice")
    rules.busy = True
    alice = rules.connect()
    alice.logs_in("alice")
    alice.says("PING 1", "PING 2", "PING 3")
    rules.busy = False
    rules.answer(rules.do(rules.jobs.pop(0)))
    assert sum(paid) == 4  # CAP END was one of them
