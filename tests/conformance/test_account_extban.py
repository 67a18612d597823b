"""account-extban: masks of accounts. https://ircv3.net/specs/extensions/account-extban"""

from __future__ import annotations

import pytest

from tests.support.client import codes, of, only
from tests.support.rules import RulesUnderTest, in_channel, outsider


def tokens() -> set[str]:
    """What 005 says."""
    heard = of(RulesUnderTest("alice").connect().logs_in("alice"), "005")
    return {token for line in heard for token in line.params[1:-1]}


def test_both_tokens_are_told() -> None:
    """ACCOUNTEXTBAN: "Servers publishing ACCOUNTEXTBAN MUST also publish EXTBAN"; its value is one
    of the types that EXTBAN names.
    """
    assert {"EXTBAN=~,a", "ACCOUNTEXTBAN=a"} <= tokens()


def test_it_matches_the_account_and_nobody_else() -> None:
    """ACCOUNTEXTBAN: "MUST support matching exact account names"; in any case and form."""
    rules, (alice,) = in_channel("alice")
    bob, bobby = outsider(rules, "bob"), outsider(rules, "bobby")
    told = only(alice.says("MODE #den +b ~a:BOB"))
    assert told.params == ["#den", "+b", "~a:BOB"]
    assert codes(bob.says("JOIN #den")) == ["474"]
    assert codes(bobby.says("JOIN #den"))[0] == "JOIN"
    assert only(alice.says("MODE #den -b ~a:bob")[-1:]).params == ["#den", "-b", "~a:BOB"]
    assert codes(bob.says("JOIN #den"))[0] == "JOIN"


def test_other_scripts_are_compared_as_names_are() -> None:
    """As accounts are (UTF8MAPPING), whatever a mask of a nick would make of them."""
    rules, (alice,) = in_channel("alice")
    boris = outsider(rules, "борис")
    alice.says("MODE #den +b ~a:БОРИС")
    assert codes(boris.says("JOIN #den")) == ["474"]


def test_it_silences_a_member() -> None:
    """As a ban does; a voice is heard."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +b ~a:bob")
    bob.hears()
    assert codes(bob.says("PRIVMSG #den :hi")) == ["404"]
    alice.says("MODE #den +v bob")
    bob.hears()
    assert codes(bob.says("PRIVMSG #den :hi")) == []


def test_it_is_one_mask_in_any_case() -> None:
    """Nothing is listed twice."""
    rules, (alice,) = in_channel("alice")
    assert codes(alice.says("MODE #den +bbb ~a:bob ~a:BOB ~a:Bob")) == ["MODE"]
    assert list(rules.channel("#den").bans) == ["~a:bob"]


@pytest.mark.parametrize("kind", ["e", "I"])
def test_it_works_in_the_other_lists(kind: str) -> None:
    """Extended bans stand in each list of masks."""
    rules, (alice,) = in_channel("alice")
    bob, eve = outsider(rules, "bob"), outsider(rules, "eve")
    alice.says("MODE #den +b *!*@*" if kind == "e" else "MODE #den +i")
    alice.says(f"MODE #den +{kind} ~a:bob")
    assert codes(bob.says("JOIN #den"))[0] == "JOIN"
    assert codes(eve.says("JOIN #den")) == ["474" if kind == "e" else "473"]


@pytest.mark.parametrize(
    "mask", ["~a:", "~a", "~a:*", "~a:b?b", "~x:bob", "~", "~a:b!b@b", "~q:~a:bob"]
)
@pytest.mark.parametrize("sign", "+-")
def test_what_names_no_account_is_refused(sign: str, mask: str) -> None:
    """696: a mask that can match nobody would look as if somebody were kept out."""
    rules, (alice,) = in_channel("alice")
    assert codes(alice.says(f"MODE #den {sign}b {mask}")) == ["696"]
    assert not rules.channel("#den").bans


def test_it_outlives_the_membership_and_the_account_s_sessions() -> None:
    """A ban by account stays, whatever its owner does: parting, coming again, another device."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +b ~a:bob")
    bob.says("PART #den", "QUIT")
    phone = rules.member("bob")
    assert codes(phone.says("JOIN #den")) == ["474"]
