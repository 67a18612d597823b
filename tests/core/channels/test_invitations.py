"""Invitations: whose count, and that nobody can void or crowd out those of others."""

from __future__ import annotations

from securechat.core.channels.invitations import MAX_OPEN
from tests.support.client import codes
from tests.support.rules import RulesUnderTest, in_channel, outsider


def test_a_disabled_operator_s_invitation_opens_nothing() -> None:
    """Nor a deleted one's."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    alice.says("MODE #den +io bob")
    bob.says("INVITE carol #den")
    rules.account("bob").disabled = True
    assert codes(carol.says("JOIN #den")) == ["INVITE", "473"]
    rules.account("bob").disabled = False
    assert codes(carol.says("JOIN #den"))[0] == "JOIN"


def test_a_plain_invitation_voids_no_operator_s() -> None:
    """The one that opens more is remembered; both are told."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    alice.says("INVITE carol #den")
    assert codes(bob.says("INVITE carol #den")) == ["341"]
    alice.says("MODE #den +i")
    assert codes(carol.says("JOIN #den"))[:3] == ["INVITE", "INVITE", "JOIN"]


def test_an_operator_s_invitation_takes_the_place_of_a_plain_one() -> None:
    """Whoever came first."""
    rules, (alice, bob) = in_channel("alice", "bob")
    carol = outsider(rules, "carol")
    bob.says("INVITE carol #den")
    alice.says("MODE #den +i", "INVITE carol #den")
    assert codes(carol.says("JOIN #den"))[-1] == "366"


def test_nobody_fills_the_places_for_invitations() -> None:
    """Ten of one inviter, then the oldest of the same goes; who has few is not pushed out."""
    rules = RulesUnderTest("alice", "mallory", "victim")
    alice, mallory = rules.member("alice"), rules.member("mallory")
    alice.says("JOIN #den", "MODE #den +i", "INVITE victim #den")
    for number in range(30):
        mallory.says(f"JOIN #m{number}", f"INVITE victim #m{number}")
    open_ones = [channel.name for channel in rules.account("victim").invited_to]
    assert open_ones == ["#den", *(f"#m{number}" for number in range(20, 30))]
    assert codes(rules.member("victim").says("JOIN #den"))[0] == "JOIN"


def test_many_inviters_do_not_keep_one_out() -> None:
    """Where all places are taken the oldest goes of who has the most."""
    outsiders = [f"m{number}x" for number in range(11)]
    rules = RulesUnderTest("alice", "victim", *outsiders)
    for name in outsiders:
        person = rules.member(name)
        for number in range(10):
            person.says(f"JOIN #{name}{number}", f"INVITE victim #{name}{number}")
    rules.member("alice").says("JOIN #den", "MODE #den +i", "INVITE victim #den")
    assert len(rules.account("victim").invited_to) == MAX_OPEN
    assert codes(rules.member("victim").says("JOIN #den"))[0] == "JOIN"
