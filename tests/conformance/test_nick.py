"""NICK of who is logged in. https://modern.ircdocs.horse/#nick-message

A name is an account here, so that only the case and the form of one's own can change.
"""

from __future__ import annotations

import pytest

from securechat.core.journal.events.accounts import AccountRespelled
from tests.support.client import SERVER, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel, outsider


def test_another_case_is_told_to_all_who_see_it() -> None:
    """ "to acknowledge their NICK command was successful, and to inform other clients": once each,
    with the old source; to those in a common channel and to all of one's own connections.
    """
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("JOIN #b")
    alice.says("JOIN #b")
    phone, carol = rules.member("alice"), outsider(rules, "carol")
    bob.hears()
    told = [f"{source('alice')} NICK Alice"]
    assert alice.says("NICK Alice") == told
    assert bob.hears() == phone.hears() == told
    assert carol.hears() == []


def test_the_same_again_tells_nothing() -> None:
    """Nothing has changed."""
    _, (alice, bob) = in_channel("alice", "bob")
    assert alice.says("NICK alice") == []
    alice.says("NICK Alice")
    assert alice.says("NICK Alice") == []
    assert len(bob.hears()) == 1


def test_it_is_shown_from_then_on() -> None:
    """In lists, in what is said and in numerics; whatever the spelling, it is the same person."""
    _, (alice, bob) = in_channel("alice", "bob")
    bob.says("NAMES #den")
    alice.says("NICK ALICE")
    bob.hears()
    assert of(bob.says("NAMES #den"), "353")[0].params[-1] == "~ALICE bob"
    assert of(bob.says("WHOIS alice"), "311")[0].params[1:3] == ["ALICE", "ALICE"]
    alice.says("PRIVMSG #den :hi")
    assert bob.hears() == [f"{source('ALICE')} PRIVMSG #den :hi"]
    bob.says("PRIVMSG alice :hi")
    assert alice.hears() == [f"{source('bob')} PRIVMSG ALICE :hi"]
    assert alice.says("PING x") == [f":{SERVER} PONG {SERVER} :x"]
    assert only(alice.says("NICK bob")).params[0] == "ALICE"


def test_it_stays_so_at_the_next_login() -> None:
    """It is stored: whatever a client says of the nick at its login."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice").says("NICK Alice", "QUIT")
    alice = rules.connect()
    heard = alice.logs_in("alice")
    assert of(heard, "001")[0].params[0] == "Alice"
    assert AccountRespelled("Alice", "alice", rules.account("alice").id) in rules.stored


@pytest.mark.parametrize(
    ("wanted", "numeric"), [("bob", "433"), ("Bob", "433"), ("zed", "432"), ("al ice", "432")]
)
def test_no_other_name_can_be_had(wanted: str, numeric: str) -> None:
    """433 of somebody else's, 432 of any other."""
    _, (alice, bob) = in_channel("alice", "bob")
    assert codes(alice.says(f"NICK :{wanted}")) == [numeric]
    assert bob.hears() == []


def test_no_form_may_look_like_another_name() -> None:
    """Promise 3: a capital I looks like the small l of another account."""
    rules = RulesUnderTest("bill", "blue")
    bill, blue = rules.member("bill"), rules.member("blue")
    assert codes(bill.says("NICK BILL")) == ["NICK"]
    rules.add("mllk")
    rules.add("milk")
    milk = rules.member("milk")
    refused = only(milk.says("NICK mIlk"))
    assert (refused.command, refused.params[1]) == ("433", "mIlk")
    assert codes(milk.says("NICK Milk")) == ["NICK"]
    assert blue.hears() == []


def test_what_a_form_looked_like_is_free_again() -> None:
    """And what it looks like now is not."""
    rules = RulesUnderTest("milk", registration="open")
    milk = rules.member("milk")
    milk.says("NICK mIlk")
    password = "a fine long password"
    assert "looks like" in rules.connect().registers("mllk", password=password)[0]
    milk.says("NICK milk")
    assert "SUCCESS" in rules.connect().registers("mllk", password=password)[0]


def test_it_is_not_changed_where_nothing_can_be_stored() -> None:
    """Nobody hears of it, and who asked is told."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.full = True
    assert codes(alice.says("NICK Alice")) == ["400"]
    assert bob.hears() == []
    assert of(bob.says("WHOIS alice"), "311")[0].params[1] == "alice"
    rules.full = False
    assert codes(alice.says("NICK Alice")) == ["NICK"]


def test_a_label_is_given_back() -> None:
    """https://ircv3.net/specs/extensions/labeled-response: NICK is the answer, else an ACK."""
    alice = RulesUnderTest("alice").member("alice", caps="labeled-response batch")
    assert alice.says("@label=a NICK Alice") == [f"@label=a {source('alice')} NICK Alice"]
    assert alice.says("@label=b NICK Alice") == [f"@label=b :{SERVER} ACK"]
