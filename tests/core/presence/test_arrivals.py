"""The end of a login: all whose logins have become complete in a turn enter together."""

from __future__ import annotations

import logging

import pytest

from securechat.core.channels import channels
from securechat.core.delivery.fan_out import Delivery
from securechat.core.jobs import Missed
from securechat.core.model.entities import Account, Channel, Session
from securechat.core.presence import arrivals, welcome
from securechat.core.turn import Turn
from tests.support.client import Client, codes, of, source
from tests.support.rules import RulesUnderTest, in_channel, plain


def knocks(rules: RulesUnderTest, name: str, *caps: str) -> Client:
    """Somebody who has shown who they are, and only lacks CAP END."""
    person = rules.connect()
    person.says("CAP LS 302", f"NICK {name}", f"USER {name} 0 * :x", "CAP REQ :sasl")
    if caps:
        person.says("CAP REQ :" + " ".join(caps))
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(name)}")
    person.hears()
    return person


def away(rules: RulesUnderTest, *people: Client) -> None:
    """They go, having read everything."""
    for person in people:
        person.pongs()
        person.says("QUIT")
        person.hangs_up()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Delivery]:
    """What was delivered, as the I/O threads get it."""
    found: list[Delivery] = []
    made = Delivery.__new__

    def note(cls: type[Delivery], links: tuple[object, ...], data: bytes) -> Delivery:
        found.append(made(cls, links, data))
        return found[-1]

    monkeypatch.setattr(Delivery, "__new__", note)
    return found


def test_a_channel_hears_in_one_write_who_has_come(sent: list[Delivery]) -> None:
    """However many they are; and they find each other in the names, not in JOINs."""
    rules, (alice, bob, carol, dave) = in_channel("alice", "bob", "carol", "dave")
    away(rules, bob, carol, dave)
    alice.hears()
    coming = [knocks(rules, name) for name in ("bob", "carol", "dave")]
    sent.clear()
    with rules.turn():
        for person in coming:
            person.says("CAP END")
    assert [delivery.links for delivery in sent if alice.link in delivery.links] == [[alice.link]]
    assert alice.hears() == [f"{source(name)} JOIN #den" for name in ("bob", "carol", "dave")]
    for person, name in zip(coming, ("bob", "carol", "dave"), strict=True):
        heard = person.hears()
        assert of(heard, "353")[0].params[-1] == "~alice bob carol dave"
        assert [message.source for message in of(heard, "JOIN")] == [source(name)[1:]]


def test_a_second_session_finds_those_who_came_with_it_in_the_names_alone() -> None:
    """And the first one, which was there before, hears of them."""
    rules, (alice, bob) = in_channel("alice", "bob")
    away(rules, bob)
    alice.hears()
    again, bob = knocks(rules, "alice"), knocks(rules, "bob")
    with rules.turn():
        again.says("CAP END")
        bob.says("CAP END")
    heard = again.hears()
    assert of(heard, "353")[0].params[-1] == "~alice bob"
    assert [message.nick for message in of(heard, "JOIN")] == ["alice"]
    assert alice.hears() == [f"{source('bob')} JOIN #den"]


def test_nobody_hears_anything_before_the_welcome() -> None:
    """Neither what one who came with them says at once, nor who else has come."""
    rules, (_, bob, carol) = in_channel("alice", "bob", "carol")
    away(rules, bob, carol)
    bob, carol = knocks(rules, "bob"), knocks(rules, "carol")
    with rules.turn():
        bob.says("CAP END", "PRIVMSG #den :hello, all")
        carol.says("CAP END")
    heard = codes(carol.hears())
    assert heard[0] == "001"
    assert heard[-1] == "PRIVMSG"


def test_who_is_new_to_the_lobby_is_seen_by_those_who_came_just_before() -> None:
    """One after the other, each with its membership stored, in one turn."""
    rules = RulesUnderTest("alice", "bob", "carol", lobby="#lobby")
    coming = [knocks(rules, name) for name in ("alice", "bob", "carol")]
    with rules.turn():
        for person in coming:
            person.says("CAP END")
    heard = [person.hears() for person in coming]
    joined = [[message.nick for message in of(lines, "JOIN")] for lines in heard]
    assert joined == [["alice", "bob", "carol"], ["bob", "carol"], ["carol"]]
    assert [of(lines, "353")[0].params[-1] for lines in heard] == [
        "alice",
        "alice bob",
        "alice bob carol",
    ]


def test_what_is_said_between_a_login_and_its_arrival_is_not_lost() -> None:
    """It is given back as missed, once."""
    rules, (alice, bob) = in_channel("alice", "bob")
    away(rules, bob)
    bob = knocks(rules, "bob")
    with rules.turn():
        bob.says("CAP END")
        alice.says("PRIVMSG #den :just now")
    alice.says("PRIVMSG #den :live")
    said = [message.params[-1] for message in of(bob.hears(), "PRIVMSG")]
    assert [text.rpartition("] ")[2] for text in said] == ["just now", "live"]


def test_only_so_many_come_in_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others in the next: those who talk must not wait for all of them."""
    monkeypatch.setattr(arrivals, "MOST_AT_ONCE", 2)
    rules, people = in_channel("alice", "bob", "carol", "dave")
    away(rules, *people)
    coming = [knocks(rules, name) for name in ("alice", "bob", "carol")]
    groups: list[int] = []
    entrance = arrivals.ArrivalBatch.__init__

    def note(self: arrivals.ArrivalBatch, turn: Turn, group: list[Missed]) -> None:
        groups.append(len(group))
        entrance(self, turn, group)

    monkeypatch.setattr(arrivals.ArrivalBatch, "__init__", note)
    with rules.turn():
        for person in coming:
            person.says("CAP END")
    assert ["001" in codes(person.hears()) for person in coming] == [True, True, True]
    assert groups == [2, 1]


def test_who_goes_before_the_arrival_has_not_come() -> None:
    """Nobody is told of it."""
    rules, (alice, bob) = in_channel("alice", "bob")
    away(rules, bob)
    alice.hears()
    bob = knocks(rules, "bob")
    with rules.turn():
        bob.says("CAP END")
        bob.hangs_up()
    assert alice.hears() == []
    assert rules.account("bob") not in rules.model.online


def test_what_one_said_who_is_gone_again_counts() -> None:
    """A script that says all at once and doesn't wait for the end."""
    rules, (alice, bob) = in_channel("alice", "bob")
    away(rules, bob)
    alice.hears()
    bob = knocks(rules, "bob")
    with rules.turn():
        bob.says("CAP END", "PRIVMSG #den :hello", "QUIT")
        bob.hangs_up()
    assert codes(alice.hears()) == ["JOIN", "PRIVMSG", "QUIT"]
    assert not rules.model.arriving


def test_nobody_is_given_what_could_not_be_stored() -> None:
    """A message that is refused in the very turn in which somebody's login becomes complete."""
    rules, (alice, bob) = in_channel("alice", "bob")
    away(rules, bob)
    bob = knocks(rules, "bob")
    rules.refuses = lambda span: span.command == "PRIVMSG"
    with rules.turn():
        bob.says("CAP END")
        alice.says("PRIVMSG #den :never stored")
    assert "400" in codes(alice.hears())
    heard = codes(bob.hears())
    assert "001" in heard
    assert "PRIVMSG" not in heard


def test_a_bug_at_one_arrival_costs_only_that_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is taken back and closed; who came with it is in."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    away(rules, bob, carol)
    alice.hears()
    bob, carol = knocks(rules, "bob"), knocks(rules, "carol")
    whole = welcome.welcome

    def broken(turn: Turn, session: Session) -> None:
        if session is bob.session:
            raise ZeroDivisionError
        whole(turn, session)

    monkeypatch.setattr(welcome, "welcome", broken)
    with caplog.at_level(logging.ERROR), rules.turn():
        bob.says("CAP END")
        carol.says("CAP END")
    assert codes(bob.hears()) == ["ERROR"]
    assert codes(carol.hears())[0] == "001"
    assert alice.hears() == [f"{source('carol')} JOIN #den"]
    assert rules.account("bob") not in rules.model.online
    assert "an arrival failed" in caplog.text


def test_the_list_of_names_is_made_once_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand names take a millisecond, and a thousand who come at once want them."""
    made: list[str] = []
    whole = channels.prefix

    def counted(channel: Channel, account: Account, *, every: bool) -> str:
        made.append("a name")
        return whole(channel, account, every=every)

    rules, (_, bob, carol) = in_channel("alice", "bob", "carol")
    away(rules, bob, carol)
    bob, carol = knocks(rules, "bob"), knocks(rules, "carol")
    monkeypatch.setattr(channels, "prefix", counted)
    with rules.turn():
        bob.says("CAP END")
        carol.says("CAP END")
    assert len(made) == 3


def test_the_names_are_true_after_each_change() -> None:
    """A role, somebody who goes, and the longer form for those who asked for it."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    assert of(alice.says("NAMES #den"), "353")[0].params[-1] == "~alice bob carol"
    alice.says("MODE #den +v bob")
    assert of(alice.says("NAMES #den"), "353")[0].params[-1] == "~alice +bob carol"
    away(rules, carol)
    assert of(alice.says("NAMES #den"), "353")[0].params[-1] == "~alice +bob"
    alice.says("CAP REQ :userhost-in-names")
    full = of(alice.says("NAMES #den"), "353")[0].params[-1]
    assert full == "~" + source("alice")[1:] + " +" + source("bob")[1:]
    assert of(bob.says("NAMES #den"), "353")[0].params[-1] == "~alice +bob"
