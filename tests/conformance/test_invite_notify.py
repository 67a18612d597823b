"""invite-notify. https://ircv3.net/specs/extensions/invite-notify"""

from __future__ import annotations

from tests.support.client import codes, source
from tests.support.rules import in_channel, outsider


def test_members_who_asked_are_told_who_invites_whom() -> None:
    """Format: `:<inviter> INVITE <target> <channel>`; who isn't in the channel is told nothing."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    dave, erin = (outsider(rules, name, caps="invite-notify") for name in ("dave", "erin"))
    bob.says("CAP REQ invite-notify")
    alice.says("CAP REQ invite-notify")
    phone = rules.member("alice", caps="invite-notify")
    assert codes(alice.says("INVITE dave #den")) == ["341"]
    told = [f"{source('alice')} INVITE dave #den"]
    assert bob.hears() == dave.hears() == phone.hears() == told
    assert carol.hears() == erin.hears() == []


def test_what_is_refused_is_told_to_nobody() -> None:
    """Nobody was invited."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="invite-notify")
    outsider(rules, "dave")
    alice.says("MODE #den +i")
    bob.hears()
    assert codes(bob.says("INVITE dave #den", "INVITE zed #den", "INVITE alice #den")) == [
        *("482", "401", "443"),
    ]
    assert alice.hears() == []
