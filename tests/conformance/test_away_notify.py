"""away-notify. https://ircv3.net/specs/extensions/away-notify

That a person with several devices is away when all of them are: tests/core/test_away.py.
"""

from __future__ import annotations

from tests.support.client import codes, source
from tests.support.rules import in_channel, outsider


def test_setting_changing_and_removing_is_told_once() -> None:
    """Description: when somebody "sharing a channel" sets, changes or removes it; who shares two
    hears once, and who shares none hears nothing.
    """
    rules, (alice, bob) = in_channel("alice", "bob", caps="away-notify")
    carol = outsider(rules, "carol", caps="away-notify")
    for client in (alice, bob):
        client.says("JOIN #other")
    alice.hears()
    for said in ("AWAY :out", "AWAY :later", "AWAY"):
        bob.says(said)
        assert alice.hears() == [f"{source('bob')} {said}"]
    assert carol.hears() == []


def test_what_does_not_change_is_not_told() -> None:
    """The same message again, or coming back when one was here."""
    _, (alice, bob) = in_channel("alice", "bob", caps="away-notify")
    bob.says("AWAY", "AWAY :out", "AWAY :out")
    assert codes(alice.hears()) == ["AWAY"]


def test_who_joins_and_is_away_is_told_behind_the_join() -> None:
    """Description: "as well as when a user joins and has an away message set"; not of others."""
    rules, (alice,) = in_channel("alice", caps="away-notify")
    bob, carol = outsider(rules, "bob"), outsider(rules, "carol")
    bob.says("AWAY :out", "JOIN #den")
    carol.says("JOIN #den")
    assert alice.hears() == [
        f"{source('bob')} JOIN #den",
        f"{source('bob')} AWAY :out",
        f"{source('carol')} JOIN #den",
    ]


def test_one_is_not_told_of_oneself() -> None:
    """Description: clients "SHOULD NOT be sent AWAY messages" of their own; 306 and 305 tell."""
    rules, (alice, _) = in_channel("alice", "bob", caps="away-notify")
    phone = rules.member("alice", caps="away-notify")
    assert codes(alice.says("AWAY :out", "AWAY")) == ["306", "305"]
    assert phone.hears() == []


def test_who_did_not_ask_is_not_told() -> None:
    """Description: "When this capability is enabled"."""
    _, (alice, bob) = in_channel("alice", "bob")
    bob.says("AWAY :out")
    assert alice.hears() == []
