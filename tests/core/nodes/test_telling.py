"""What a turn tells the other nodes of what it says: no more than their people need."""

from __future__ import annotations

import json
from typing import Any

from tests.support.client import Client, codes, of, source
from tests.support.rules_nodes import NodesUnderTest, NodeUnderTest


def den(*names: str, caps: str = "") -> tuple[NodeUnderTest, NodeUnderTest, list[Client]]:
    """The nodes a and b, and people in #den: the first one at a, all others at b."""
    a, b = NodesUnderTest(*names)
    people = [(b if number else a).member(name, caps=caps) for number, name in enumerate(names)]
    for person in people:
        person.says("JOIN #den")
    for person in people:
        person.hears()
    return a, b, people


def said(node: NodeUnderTest) -> list[Any]:
    """To whom the newest turn says something, without the lines."""
    return [one[:-1] for one in json.loads(node.nodes.told[-1].text).get("said", [])]


def test_a_line_to_a_channel_is_told_once_for_all_who_are_there() -> None:
    """By the channel, of which each node knows its own part."""
    a, _, (alice, bob, carol) = den("alice", "bob", "carol")
    alice.says("PRIVMSG #den :hi")
    assert [one[0] for one in said(a)] == ["messages"]
    line = f"{source('alice')} PRIVMSG #den :hi"
    assert bob.hears() == carol.hears() == [line]
    assert alice.hears() == []


def test_nothing_is_told_where_nobody_is_there_to_hear_it() -> None:
    """That it was said is: the entry of the log."""
    a, _, (alice,) = den("alice")
    alice.says("PRIVMSG #den :hi")
    assert said(a) == []
    [event] = json.loads(a.nodes.told[-1].text)["events"]
    assert event[5] == "hi"


def test_what_is_for_a_rank_is_heard_by_it_alone() -> None:
    """Also by who has got it in this very turn."""
    a, _, (alice, bob, carol) = den("alice", "bob", "carol")
    alice.says("MODE #den +v bob")
    for person in (bob, carol):
        person.hears()
    alice.says("PRIVMSG +#den :voices")
    assert said(a) == [["channel", a.channel("#den").id, 2]]
    assert bob.hears() == [f"{source('alice')} PRIVMSG +#den :voices"]
    assert carol.hears() == []
    alice.says("MODE #den +o carol", "PRIVMSG @#den :operators")
    assert codes(carol.hears()) == ["MODE", "PRIVMSG"]
    assert codes(bob.hears()) == ["MODE"]


def test_who_is_put_out_in_the_turn_hears_of_it_and_of_nothing_behind_it() -> None:
    """The audience is another one by then."""
    _, _, (alice, bob, carol) = den("alice", "bob", "carol")
    alice.says("PRIVMSG #den :before", "KICK #den bob :out", "PRIVMSG #den :after")
    assert codes(bob.hears()) == ["PRIVMSG", "KICK"]
    assert codes(carol.hears()) == ["PRIVMSG", "KICK", "PRIVMSG"]


def test_a_channel_that_is_dropped_is_left_by_all() -> None:
    """It is there no more when its last lines are told."""
    a, b, (alice, bob, _) = den("alice", "bob", "carol")
    a.asks("channel drop", channel="#den", reason="")
    assert codes(bob.hears())[-1] in ("KICK", "PART")
    assert codes(alice.hears())[-1] in ("KICK", "PART")
    assert not b.model.channels
    assert codes(bob.says("PRIVMSG #den :still?")) == ["403"]


def test_a_reply_to_a_session_elsewhere_is_encoded_for_it() -> None:
    """With the tags that it has asked for."""
    _, b, (alice, bob) = den("alice", "bob", caps="server-time message-tags echo-message")
    phone = b.member("alice", caps="server-time message-tags")
    alice.says("INVITE bob #den", "PRIVMSG bob :hi")
    assert any("time=" in line and "PRIVMSG" in line for line in bob.hears())
    assert phone.hears() == []  # it asked for no echo


def test_a_label_is_for_who_has_asked() -> None:
    """Their own sessions at other nodes hear the same without it."""
    caps = "labeled-response batch echo-message message-tags"
    _, b, (alice, bob) = den("alice", "bob", caps=caps)
    phone = b.member("alice", caps=caps)
    [echo] = alice.says("@label=7 PRIVMSG #den :hi")
    assert echo.startswith("@label=7;")
    for other in (bob, phone):
        [line] = other.hears()
        assert "label" not in line
        assert line.endswith("PRIVMSG #den :hi")


def test_several_lines_go_as_a_batch_to_who_knows_batches() -> None:
    caps = "batch draft/multiline message-tags"
    _, _, (alice, bob) = den("alice", "bob", caps=caps)
    alice.says(
        "BATCH +m draft/multiline #den",
        "@batch=m PRIVMSG #den :one",
        "@batch=m PRIVMSG #den :two",
        "BATCH -m",
    )
    heard = bob.hears()
    assert codes(heard) == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]
    assert [line.params[-1] for line in of(heard, "PRIVMSG")] == ["one", "two"]
