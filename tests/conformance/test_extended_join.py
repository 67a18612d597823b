"""https://ircv3.net/specs/extensions/extended-join"""

from __future__ import annotations

from tests.support.client import source
from tests.support.rules import RulesUnderTest, in_channel, outsider


def test_a_join_has_the_account_and_the_real_name() -> None:
    """Description: "JOIN #channelname accountname :Real Name", for who asked."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("CAP REQ extended-join")
    carol = outsider(rules, "carol")
    carol.says("SETNAME :Carol C.", "JOIN #den")
    assert alice.hears() == [f"{source('carol')} JOIN #den carol :Carol C."]
    assert bob.hears() == [f"{source('carol')} JOIN #den"]


def test_ones_own_join_is_extended_too_also_at_a_login() -> None:
    """Description: "the JOIN message will designate the account name"."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice", caps="extended-join")
    assert alice.says("JOIN #den")[0] == f"{source('alice')} JOIN #den alice :Alice"
    heard = rules.connect().logs_in("alice", caps="extended-join")
    assert f"{source('alice')} JOIN #den alice :Alice" in heard
