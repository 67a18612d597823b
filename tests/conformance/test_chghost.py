"""chghost. https://ircv3.net/specs/extensions/chghost

The host is the server's name here, and the user the account's: what can change is its case or form.
"""

from __future__ import annotations

from tests.support.client import SERVER, codes, source
from tests.support.rules import RulesUnderTest, in_channel, outsider


def test_another_user_is_told_to_who_has_asked() -> None:
    """The CHGHOST message: `:nick!old_user@old_host CHGHOST new_user new_host`; "to other clients
    who share channels", and "to the client whose own username or host changed".
    """
    rules, (alice, bob) = in_channel("alice", "bob", caps="chghost")
    carol = outsider(rules, "carol", caps="chghost")
    told = [f"{source('alice')} NICK Alice", f":Alice!alice@{SERVER} CHGHOST Alice {SERVER}"]
    assert alice.says("NICK Alice") == told
    assert bob.hears() == told
    assert carol.hears() == []


def test_who_did_not_ask_is_told_of_the_nick_only() -> None:
    """No one is simulated to reconnect, which the fallback would have: the nick tells enough."""
    _, (alice, bob) = in_channel("alice", "bob")
    assert codes(alice.says("NICK Alice")) == codes(bob.hears()) == ["NICK"]


def test_who_follows_them_is_told() -> None:
    """https://ircv3.net/specs/extensions/extended-monitor: "If chghost is also enabled"."""
    rules = RulesUnderTest("alice", "bob", "carol")
    alice = rules.member("alice")
    bob = rules.member("bob", caps="extended-monitor chghost")
    carol = rules.member("carol", caps="chghost")
    for client in (bob, carol):
        client.says("MONITOR + alice")
    alice.says("NICK Alice")
    assert bob.hears() == [f":Alice!alice@{SERVER} CHGHOST Alice {SERVER}"]
    assert carol.hears() == []
