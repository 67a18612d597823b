"""account-notify. https://ircv3.net/specs/extensions/account-notify

An account is a nick here, and nobody logs out and stays: what can change is the form of its name.
"""

from __future__ import annotations

from tests.support.client import codes, source
from tests.support.rules import RulesUnderTest, in_channel, outsider


def test_the_display_name_of_an_account_is_told_when_it_changes() -> None:
    """Description: "for clients on common channels with them, including themselves", behind the
    NICK, with "the display name of that account".
    """
    rules, (alice, bob) = in_channel("alice", "bob", caps="account-notify")
    carol = outsider(rules, "carol", caps="account-notify")
    told = [f"{source('alice')} NICK Alice", f"{source('Alice')} ACCOUNT Alice"]
    assert alice.says("NICK Alice") == told
    assert bob.hears() == told
    assert carol.hears() == []


def test_who_did_not_ask_is_told_of_the_nick_only() -> None:
    """Description: "When enabled, clients will get the ACCOUNT message"."""
    _, (alice, bob) = in_channel("alice", "bob")
    assert codes(alice.says("NICK Alice")) == codes(bob.hears()) == ["NICK"]


def test_who_follows_them_is_told() -> None:
    """https://ircv3.net/specs/extensions/extended-monitor: ACCOUNT without a common channel; and
    no NICK, as it tells of none.
    """
    rules = RulesUnderTest("alice", "bob", "carol")
    alice = rules.member("alice")
    bob = rules.member("bob", caps="extended-monitor account-notify")
    carol = rules.member("carol", caps="extended-monitor")
    for client in (bob, carol):
        client.says("MONITOR + alice")
    alice.says("NICK Alice")
    assert bob.hears() == [f"{source('Alice')} ACCOUNT Alice"]
    assert carol.hears() == []


def test_a_login_is_told_by_the_join() -> None:
    """Nobody is seen before they are logged in: extended-join has the account, and there is no
    ACCOUNT.
    """
    rules, (_, bob) = in_channel("alice", "bob", caps="account-notify extended-join")
    carol = outsider(rules, "carol")
    carol.says("JOIN #den")
    assert bob.hears() == [f"{source('carol')} JOIN #den carol :Carol"]
