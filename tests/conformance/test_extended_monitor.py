"""extended-monitor. https://ircv3.net/specs/extensions/extended-monitor"""

from __future__ import annotations

import pytest

from tests.support.client import Client, codes, of, source
from tests.support.rules import RulesUnderTest

ALL = "extended-monitor away-notify setname account-notify"


def scene(caps: str, *, shared: bool = False) -> tuple[RulesUnderTest, Client, Client]:
    """alice follows bob; they share a channel or none."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice", caps=caps), rules.member("bob")
    for client in (alice, bob) if shared else ():
        client.says("JOIN #den")
    alice.says("MONITOR + bob")
    bob.hears()
    alice.hears()
    return rules, alice, bob


@pytest.mark.parametrize("shared", [False, True])
def test_away_is_told_once(*, shared: bool) -> None:
    """ "If away-notify is also enabled": without a common channel as well as with one."""
    _, alice, bob = scene(ALL, shared=shared)
    bob.says("AWAY :afk")
    assert alice.hears() == [f"{source('bob')} AWAY :afk"]
    bob.says("AWAY")
    assert alice.hears() == [f"{source('bob')} AWAY"]


@pytest.mark.parametrize("shared", [False, True])
def test_a_real_name_is_told_once(*, shared: bool) -> None:
    """ "If setname is also enabled"."""
    _, alice, bob = scene(ALL, shared=shared)
    bob.says("SETNAME :Robert")
    assert alice.hears() == [f"{source('bob')} SETNAME :Robert"]


@pytest.mark.parametrize("caps", ["", "extended-monitor", "away-notify setname account-notify"])
def test_only_who_asked_for_both_is_told(caps: str) -> None:
    """Each needs its own capability beside this one."""
    _, alice, bob = scene(caps)
    bob.says("AWAY :afk", "SETNAME :Robert", "AWAY")
    assert alice.hears() == []


def test_each_is_by_itself() -> None:
    """Away to who has away-notify, names to who has setname."""
    _, alice, bob = scene("extended-monitor setname")
    bob.says("AWAY :afk", "SETNAME :Robert")
    assert codes(alice.hears()) == ["SETNAME"]


def test_beginning_to_follow_tells_no_more_than_who_is_online() -> None:
    """ "the client will get notifications": of changes, and not of how things are."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice", caps=ALL), rules.member("bob")
    bob.says("AWAY :afk")
    assert codes(alice.says("MONITOR + bob")) == ["730"]


def test_it_ends_with_the_following_and_with_the_capability() -> None:
    """Nothing more is told then."""
    _, alice, bob = scene(ALL)
    alice.says("CAP REQ :-extended-monitor")
    bob.says("AWAY :afk")
    assert alice.hears() == []
    alice.says("CAP REQ extended-monitor", "MONITOR - bob")
    bob.says("AWAY")
    assert alice.hears() == []


def test_one_is_not_told_of_oneself() -> None:
    """https://ircv3.net/specs/extensions/away-notify: SHOULD NOT be sent of their own; one's own
    SETNAME comes once.
    """
    _, alice, _ = scene(ALL)
    alice.says("MONITOR + alice")
    assert codes(alice.says("AWAY :x", "SETNAME :Al")) == ["306", "SETNAME"]


def test_who_is_silent_in_a_channel_is_so_here() -> None:
    """What a channel must not hear of their words is not told by way of a follower in it."""
    _, alice, bob = scene(ALL, shared=True)
    alice.says("MODE #den +m")
    bob.says("AWAY :buy my things")
    assert [line.params for line in of(alice.hears(), "AWAY")] == [["Away"]]
