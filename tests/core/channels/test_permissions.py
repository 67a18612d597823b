"""Who may enter a channel, and whom it hears; tests/core/commands/ has the dialogues of it."""

from __future__ import annotations

import pytest

from securechat.core.channels import permissions
from tests.support.rules import RulesUnderTest


@pytest.mark.parametrize(
    ("mask", "fits"),
    [
        ("bob!*@*", True),
        ("BOB!*@*", True),
        ("b?b!b*@CHAT.*", True),
        ("*!*@*", True),
        ("bo!*@*", False),
        ("*!*@evil", False),
    ],
)
def test_a_ban_is_a_mask_of_the_whole_source(mask: str, fits: bool) -> None:
    """Case doesn't count."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice").says("JOIN #den")
    channel = rules.channel("#den")
    channel.bans[mask] = ("alice", 0)
    assert permissions.banned(rules.rules.turn(0, 0.0), channel, rules.account("bob")) is fits
