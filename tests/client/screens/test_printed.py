"""What has been printed on a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.client.screens.printed import MARK_EVERY, MAX_MARKS, Printed
from securechat.client.session.actions import MarkRead
from securechat.client.session.events.base import Info
from securechat.client.session.events.channels import Renamed
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.messages import Said


def said(
    text: str, second: int = 0, where: str = "#lobby", *, missed: bool = False, mine: bool = False
) -> Said:
    time = datetime(2026, 1, 31, 15, 30, second, tzinfo=UTC)
    return Said(where, "bob", text, time=time, conversation=where, missed=missed, mine=mine)


def mark(second: int, where: str = "#lobby") -> MarkRead:
    return MarkRead(where, f"2026-01-31T15:30:{second:02d}.000Z")


@pytest.mark.parametrize(
    ("event", "rings"),
    [
        (said("alice: hello"), True),
        (said("hello"), False),
        (said("malice"), False),
        (said("hello", where="bob"), True),
        (said("alice: hello", missed=True), False),
        (said("alice", mine=True), False),
        (Info("alice"), False),
    ],
)
def test_what_is_for_us_and_news(event: Said | Info, rings: bool) -> None:
    """It names us, or is said to us alone, just now."""
    one = Printed()
    assert not one.take([Ready("alice")])
    assert one.take([event]) is rings


def test_by_the_name_that_we_have_now() -> None:
    """Others' names are nothing to us."""
    one = Printed()
    one.take([Ready("alice"), Renamed("bob", "rob"), Renamed("alice", "ann")])
    assert [one.take([said(text)]) for text in ("alice?", "ann?")] == [False, True]


def test_how_far_it_is_read() -> None:
    """Told once for a while, and at the end; never back."""
    one = Printed()
    one.take([said("x", 5), said("y", 3), said("z", 7, "bob")])
    assert one.waiting
    assert one.due(0.0) == [mark(5), mark(7, "bob")]
    one.take([said("x", 8)])
    assert (one.due(MARK_EVERY - 1), one.waiting) == ([], True)
    assert one.due(MARK_EVERY) == [mark(8)]
    one.take([said("x", 9)])
    assert one.due(MARK_EVERY + 1, at_once=True) == [mark(9)]
    assert one.due(99.0) == []


def test_conversations_without_end() -> None:
    """Aren't all remembered; neither is what has no time."""
    one = Printed()
    one.take([said("x", where=f"#{number}") for number in range(MAX_MARKS + 9)])
    assert len(one.due(0.0)) == MAX_MARKS
    one.take([Said("#lobby", "bob", "x", conversation="#lobby")])
    assert not one.waiting
