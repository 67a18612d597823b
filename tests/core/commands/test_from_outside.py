"""An administrator changes a channel without being in it, and sees what has come of it."""

from __future__ import annotations

import pytest

from tests.support.client import Client, codes, source
from tests.support.rules import RulesUnderTest, in_channel


def scene(*caps: str) -> tuple[RulesUnderTest, Client, Client]:
    """A channel of alice's with bob, and somebody else who administers the server."""
    rules, (alice, _) = in_channel("alice", "bob")
    rules.add("boss", admin=True)
    return rules, alice, rules.member("boss", caps=caps)


@pytest.mark.parametrize(
    "line",
    [
        "MODE #den +m",
        "MODE #den +b x!*@*",
        "MODE #den +v bob",
        "TOPIC #den :tea",
        "KICK #den bob :out",
    ],
)
def test_the_line_comes_back(line: str) -> None:
    """Once, as the members see it."""
    _, alice, boss = scene()
    expected = [f"{source('boss')} {line}"]
    assert boss.says(line) == expected
    assert alice.hears() == expected


def test_an_invitation_is_confirmed() -> None:
    """And opens the channel."""
    rules, alice, boss = scene()
    alice.says("MODE #den +i")
    rules.add("carol")
    carol = rules.member("carol")
    assert codes(boss.says("INVITE carol #den")) == ["341"]
    assert codes(carol.says("JOIN #den"))[:2] == ["INVITE", "JOIN"]


def test_within_it_comes_once() -> None:
    """As to everybody."""
    _, alice, boss = scene()
    boss.says("JOIN #den")
    assert codes(boss.says("MODE #den +m", "TOPIC #den :tea")) == ["MODE", "TOPIC"]
    alice.hears()


def test_others_act_from_within_only() -> None:
    """442, whatever they run elsewhere."""
    rules, _, _ = scene()
    rules.add("carol")
    carol = rules.member("carol")
    assert set(codes(carol.says("TOPIC #den :x", "INVITE boss #den", "MODE #den +m"))) == {"442"}
