"""SETNAME, and whose real name it is. https://ircv3.net/specs/extensions/setname"""

from __future__ import annotations

import pytest

from tests.support.client import codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel


def test_it_is_told_to_who_asked_and_shares_a_channel() -> None:
    """And to all one's own sessions; to nobody else, and to none without the capability."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    rules.add("dave")
    dave, phone = rules.member("dave", caps="setname"), rules.member("alice", caps="setname")
    for person in (alice, bob):
        person.says("CAP REQ setname")
    phone.hears()
    bob.says("JOIN #other")
    alice.says("JOIN #other")
    for person in (bob, phone, carol):
        person.hears()
    told = f"{source('alice')} SETNAME :Alice A."
    assert alice.says("SETNAME :Alice A.") == [told]
    assert bob.hears() == phone.hears() == [told]
    assert carol.hears() == dave.hears() == []


def test_it_is_silent_without_the_capability() -> None:
    """As it was before there was one; the name is set all the same."""
    rules, (alice, bob) = in_channel("alice", "bob")
    assert alice.says("SETNAME Alice") == []
    assert of(bob.says("WHOIS alice"), "311")[0].params[-1] == "Alice"
    assert of(bob.says("WHO alice"), "352")[0].params[-1] == "0 Alice"
    assert rules.account("alice").real_name == "Alice"


def test_it_stays_whatever_a_client_says_at_the_next_login() -> None:
    """USER tells what a client is set to, often nothing; what a person has chosen counts."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice").says("SETNAME :Alice in Chains", "QUIT")
    rules.member("alice")
    assert of(rules.member("bob").says("WHOIS alice"), "311")[0].params[-1] == "Alice in Chains"


@pytest.mark.parametrize("name", ["", "   ", "x" * 151, "я" * 76])
def test_what_is_no_real_name(name: str) -> None:
    """FAIL with what was expected; nothing has changed."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice", caps="setname")
    before = rules.account("alice").real_name
    failed = only(alice.says(f"SETNAME :{name}"))
    assert failed.params[:2] == ["SETNAME", "INVALID_REALNAME"]
    assert "1 to 150 bytes" in failed.params[-1]
    assert rules.account("alice").real_name == before
    assert codes(alice.says("SETNAME")) == codes(alice.says("SETNAME two words")) == ["461"]


def test_the_longest_fits() -> None:
    """As NAMELEN tells, also behind the longest nick in an extended JOIN."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice", caps="setname")
    assert only(alice.says("SETNAME :" + "я" * 75)).params == ["я" * 75]


def test_a_channel_that_does_not_hear_them_does_not_hear_it() -> None:
    """It would be a text all the same; another channel hears it."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    for person in (bob, carol):
        person.says("CAP REQ setname")
    alice.says("MODE #den +m")
    bob.says("JOIN #other")
    carol.says("JOIN #other")
    rules.add("dave")
    dave = rules.member("dave", caps="setname")
    dave.says("JOIN #den", "JOIN #third")
    bob.says("JOIN #third")
    for person in (bob, carol, dave):
        person.hears()
    dave.says("SETNAME :Buy my things")
    assert only(bob.hears()).params == ["Buy my things"]
    assert carol.hears() == []


def test_it_is_not_set_where_nothing_can_be_stored() -> None:
    """Nobody hears of it, and who asked is told."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("CAP REQ setname")
    rules.full = True
    assert codes(alice.says("SETNAME Someone")) == ["400"]
    assert bob.hears() == []
    assert rules.account("alice").real_name != "Someone"
