"""What is said at one node is heard at another, as it is heard at the first."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.support.client import Client
from tests.support.rules_nodes import NodesUnderTest, NodeUnderTest

CAPS = "message-tags server-time account-tag draft/multiline batch"


class Place(NamedTuple):
    """At one node alice, bob and dora are in #den, and carol and erik at another one; dora and erik
    have asked for no capability. All that was heard is read.
    """

    here: NodeUnderTest
    alice: Client
    bob: Client
    carol: Client
    dora: Client
    erik: Client
    turns: int
    """That there have been."""


@pytest.fixture
def place() -> Place:
    nodes = NodesUnderTest("alice", "bob", "carol", "dora", "erik")
    here, there = nodes
    alice, bob = (here.member(name, caps=CAPS) for name in ("alice", "bob"))
    carol, dora, erik = there.member("carol", caps=CAPS), here.member("dora"), there.member("erik")
    clients = alice, bob, carol, dora, erik
    for client in clients:
        client.says("JOIN #den")
    for client in clients:
        client.hears()
    return Place(here, *clients, len(nodes.told))


def said(place: Place) -> list[Any]:
    """What the nodes have told each other that is said."""
    bodies = [json.loads(one.text) for one in place.here.nodes.told[place.turns :]]
    return [one for body in bodies for one in body.get("said", ())]


@pytest.mark.parametrize(
    "lines",
    [
        ["PRIVMSG #den :hello"],
        ["PRIVMSG #den :hello", "PRIVMSG #den :hello", "PRIVMSG #den :again"],
        ["NOTICE #den :ünïcödé \U0001f600"],
        ["@+draft/reply=x PRIVMSG #den :as an answer"],
        ["@+draft/react=x TAGMSG #den"],
        ["PRIVMSG #den :\x01ACTION waves\x01"],
        ["TOPIC #den :of today", "PRIVMSG #den :behind it"],
        ["PRIVMSG #den :before", "MODE #den +m", "PRIVMSG #den :behind it"],
        ["PRIVMSG #den :before", "@+draft/react=x TAGMSG #den", "PRIVMSG #den :behind it"],
        ["PRIVMSG #den :one", "JOIN #other", "PRIVMSG #den :two"],
        ["PRIVMSG #den :one", "AWAY :out", "PRIVMSG #den :two", "NICK alice"],
        [
            "BATCH +1 draft/multiline #den",
            "@batch=1 PRIVMSG #den :first",
            "@batch=1 PRIVMSG #den :second",
            "BATCH -1",
        ],
    ],
)
def test_all_hear_the_same(place: Place, lines: list[str]) -> None:
    """With all tags that they have asked for, whatever it is, and in one order."""
    place.alice.sends(*lines)
    heard = place.bob.hears()
    assert heard
    assert place.carol.hears() == heard
    assert place.erik.hears() == place.dora.hears()


def test_a_text_is_told_once(place: Place) -> None:
    """As it stands in the log; and what is in front of the messages of a row once for all."""
    here = place.here
    place.alice.sends("PRIVMSG #den :hello", "PRIVMSG #den :again")
    first = here.model.last_seq - 1
    head = ":alice!alice@chat.test PRIVMSG #den :"
    assert said(place) == [["messages", head, "alice", [first, first + 1]]]
    assert str(here.nodes.told).count("hello") == 1


def test_the_messages_of_two_come_in_their_order(place: Place) -> None:
    """A row ends with another one's message."""
    here, alice = place.here, place.alice
    with here.turn():
        alice.sends("PRIVMSG #den :one")
        place.bob.sends("PRIVMSG #den :two")
        alice.sends("PRIVMSG #den :three")
    assert len(said(place)) == 3
    heard = place.erik.hears()
    assert [line.rpartition(":")[2] for line in heard] == ["one", "two", "three"]


def test_what_is_said_to_a_rank_is_told_to_it_alone(place: Place) -> None:
    """Though it stands in the log with the channel."""
    place.alice.says("MODE #den +v erik")
    place.erik.hears()
    place.carol.hears()
    place.alice.sends("PRIVMSG +#den :psst")
    assert place.carol.hears() == []
    assert [line.rpartition(":")[2] for line in place.erik.hears()] == ["psst"]
