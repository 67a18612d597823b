"""What an administrator says to everybody."""

from __future__ import annotations

import pytest

from securechat.core.administration.announcements import LINE_BYTES, MOST_LINES
from securechat.core.administration.requests import Refused
from securechat.core.model.announcements import MOST
from tests.support.client import SERVER, Client, of
from tests.support.rules import RulesUnderTest, outsider


def told(lines: list[str]) -> list[str]:
    return [one.params[-1] for one in of(lines, "NOTICE")]


def arrives(rules: RulesUnderTest, name: str, device: str = "") -> tuple[Client, list[str]]:
    client = rules.connect()
    return client, told(client.logs_in(f"{name}@{device}" if device else name))


def test_everybody_hears_it_at_once() -> None:
    """On all their devices, as a NOTICE of the server; who is not logged in doesn't."""
    rules = RulesUnderTest("alice", "bob")
    people = [rules.member("alice"), rules.member("alice"), rules.member("bob")]
    stranger = rules.connect()
    lines = ["Maintenance at 18:00", "", "Ten minutes"]
    assert rules.asks("announce", lines=lines, seconds=None) == {"number": 0, "heard": 2}
    for person in people:
        heard = of(person.hears(), "NOTICE")
        assert [(one.source, one.params[-1]) for one in heard] == [
            (SERVER, "Announcement: Maintenance at 18:00"),
            (SERVER, "Ten minutes"),
        ]
    assert stranger.hears() == []
    assert told(outsider(rules, "carol").hears()) == []
    [row] = [row for row in rules.audits if row.event == "announced"]
    assert row.account == "os:root"


def test_who_logs_in_hears_it_for_a_while() -> None:
    """Once on each device, and programs never; until it is over, or is ended."""
    rules = RulesUnderTest("alice", "bob", "robot", "dave")
    rules.account("robot").bot = True
    alice = rules.member("alice")
    done = rules.asks("announce", lines=["soup"], seconds=60)
    assert done == {"number": 1, "heard": 1}
    assert told(alice.hears()) == ["Announcement: soup"]
    bob, heard = arrives(rules, "bob")
    assert heard[-1] == "Announcement: soup"
    bob.hangs_up()
    for name in ("bob", "alice", "robot"):
        assert "Announcement: soup" not in arrives(rules, name)[1], name
    rules.clock, rules.now_ms = rules.clock + 61, rules.now_ms + 61_000
    assert "Announcement: soup" not in arrives(rules, "dave")[1]
    assert rules.asks("announcements") == []


def test_one_is_ended() -> None:
    """By its number, which is not given again."""
    rules = RulesUnderTest("alice")
    rules.asks("announce", lines=["a"], seconds=60)
    assert rules.asks("announcement end", number=1) == 1
    rules.asks("announce", lines=["b"], seconds=60)
    with pytest.raises(Refused, match="no announcement 1 stands; standing: 2"):
        rules.asks("announcement end", number=1)
    assert [row[:2] for row in rules.asks("announcements")] == [[2, ["Announcement: b"]]]
    for _ in range(MOST - 1):
        rules.asks("announce", lines=["c"], seconds=60)
    with pytest.raises(Refused, match="as many as may"):
        rules.asks("announce", lines=["d"], seconds=60)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["\x01VERSION\x01"], "control character"),
        (["\x1b[2J"], "control character"),
        (["a\nb"], "one line"),
        (["", "  "], "none came"),
        (["x"] * (MOST_LINES + 1), "at most 12 lines"),
        (["\u00e9" * LINE_BYTES * 12], "at most 12 lines"),
    ],
)
def test_what_can_not_be_said(lines: list[str], why: str) -> None:
    """Is told, and nobody hears any of it."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    with pytest.raises(Refused, match=why):
        rules.asks("announce", lines=lines, seconds=60)
    assert alice.hears() == []


def test_a_long_line_is_told_as_several() -> None:
    """Each within what a line may have, wherever it is cut."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    rules.asks("announce", lines=["soup " * 100, "\u00e9" * 400], seconds=None)
    heard = told(alice.hears())
    assert "".join(heard).count("soup") == 100
    assert "".join(heard).count("\u00e9") == 400
    assert all(len(line.encode()) <= LINE_BYTES for line in heard)


def test_to_nobody_it_is_not_said() -> None:
    """Unless it is kept."""
    rules = RulesUnderTest("alice")
    with pytest.raises(Refused, match="nobody is online"):
        rules.asks("announce", lines=["soup"], seconds=None)
    assert rules.asks("announce", lines=["soup"], seconds=9) == {"number": 1, "heard": 0}
