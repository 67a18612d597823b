"""A member that a channel doesn't hear is heard by no other way: +m without a voice, +b."""

from __future__ import annotations

import pytest

from tests.support.client import Client, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel

SILENCING = pytest.mark.parametrize("modes", ["+m", "+b bob", "+b BOB!*@*"])
CAPS = ("away-notify", "extended-join", "message-tags")


def silent_bob(modes: str) -> tuple[RulesUnderTest, Client, Client]:
    """A channel of alice's that anybody may give a topic, which doesn't hear bob."""
    rules, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    alice.tags = ()
    alice.says("MODE #den -t", f"MODE #den {modes}")
    bob.hears()
    return rules, alice, bob


@SILENCING
def test_a_part_has_no_reason(modes: str) -> None:
    """Neither where it is seen, nor in the log."""
    rules, alice, bob = silent_bob(modes)
    bob.says("PART #den :psst")
    assert alice.hears() == [f"{source('bob')} PART #den"]
    assert (rules.log[-1].kind, rules.log[-1].text) == ("PART", "")


@SILENCING
def test_a_quit_has_no_reason(modes: str) -> None:
    """In all channels, as all see one line."""
    _, alice, bob = silent_bob(modes)
    alice.says("JOIN #pub")
    bob.says("JOIN #pub")
    alice.hears()
    bob.says("QUIT :psst")
    assert alice.hears() == [f"{source('bob')} QUIT :Quit: "]


@SILENCING
def test_a_topic_is_refused(modes: str) -> None:
    """Also in a channel without +t."""
    rules, alice, bob = silent_bob(modes)
    assert codes(bob.says("TOPIC #den :psst")) == ["404"]
    assert (alice.hears(), rules.channel("#den").topic) == ([], "")
    assert codes(bob.says("TOPIC #den")) == ["331"]


@SILENCING
def test_being_away_has_no_message(modes: str) -> None:
    """The channel sees that he is away; who writes to him sees why."""
    _, alice, bob = silent_bob(modes)
    bob.says("AWAY :psst")
    assert alice.hears() == [f"{source('bob')} AWAY :Away"]
    assert only(alice.says("PRIVMSG bob :hi")).params[-1] == "psst"
    bob.says("AWAY")
    assert alice.hears()[-1] == f"{source('bob')} AWAY"


@SILENCING
def test_a_real_name_is_not_shown(modes: str) -> None:
    """When he comes back into the channel by a login; another channel sees it."""
    rules, alice, bob = silent_bob(modes)
    alice.says("JOIN #pub")
    bob.says("JOIN #pub")
    bob.hangs_up()
    alice.hears()
    rules.member("bob")
    joins = of(alice.hears(), "JOIN")
    assert {tuple(join.params) for join in joins} == {
        ("#den", "bob", "bob"),
        ("#pub", "bob", "Bob"),
    }


@SILENCING
def test_nothing_else_is_heard(modes: str) -> None:
    """Whatever carries a text or a tag."""
    _, alice, bob = silent_bob(modes)
    bob.says("CAP REQ standard-replies")  # so that a NOTICE is answered too
    said = ("PRIVMSG #den :psst", "NOTICE #den :psst", "@+x=psst TAGMSG #den")
    assert codes(bob.says(*said, "KICK #den alice :psst")) == ["404", "FAIL", "404", "482"]
    assert alice.hears() == []


@SILENCING
def test_a_voice_is_heard_by_all_ways(modes: str) -> None:
    """The texts are there again."""
    _, alice, bob = silent_bob(modes)
    alice.says("MODE #den +v bob")
    bob.says("TOPIC #den :tea", "AWAY :lunch", "PRIVMSG #den :hi", "PART #den :bye")
    assert [message.params[-1] for message in of(alice.hears(), "TOPIC", "AWAY", "PART")] == [
        *("tea", "lunch", "bye"),
    ]
