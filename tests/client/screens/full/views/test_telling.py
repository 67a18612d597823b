"""Rows of lists."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.views.choices import Choice, Doing
from securechat.client.screens.full.views.telling import (
    Place,
    channel_row,
    choice_row,
    emphasised,
    hit_row,
    mention_row,
    place_of,
)
from securechat.client.timeline.items import Message
from securechat.client.timeline.mentions import Mention
from tests.client.timeline.said import NOON, at, said

HOSTILE = "\x1b]0;owned\x07[bold]\u202e\x9b2J[/]\r\nx"


def text(row: Row) -> str:
    return "".join(part for _style, part in row)


def message(words: str, nick: str = "bob") -> Message:
    return Message("1", at(1), nick, words, mark="msgid=1")


def test_where_when_and_who() -> None:
    """Of today the time alone; of a person the name once."""
    now = datetime(2026, 11, 29, 13, tzinfo=UTC)
    assert text(mention_row(Mention("#lab", message("hi")), now)) == "12:01 #lab bob hi"
    assert text(mention_row(Mention("bob", message("hi")), now)) == "12:01 bob hi"
    later = datetime(2026, 12, 1, tzinfo=UTC)
    assert text(mention_row(Mention("bob", message("hi")), later)) == "2026-11-29 12:01 bob hi"


def test_a_removed_message_says_so() -> None:
    """And nothing of what it was."""
    gone = message("secret")
    gone.remove("bob", "oops")
    assert text(mention_row(Mention("#lab", gone), NOON)).endswith("bob (removed)")


def test_found_words_are_emphasised() -> None:
    """Where a word begins so, in any case."""
    row = emphasised("The Keys are keyless, no monkey", ["key", "keys"])
    assert [part for style, part in row if style == "found"] == ["Keys", "key"]
    assert text(row) == "The Keys are keyless, no monkey"


def test_of_a_long_text_the_part_with_the_word() -> None:
    """Not its beginning."""
    row = emphasised("x " * 500 + "keys " + "y " * 500, ["keys"])
    assert ("found", "keys") in row
    assert len(text(row)) < 200
    assert text(row)[0] == text(row)[-1] == "…"


def test_words_are_no_pattern() -> None:
    """What is typed is looked for as it stands."""
    assert ("found", "(a+") in emphasised("see (a+ here", ["(a+", ""])


@pytest.mark.parametrize(
    "row",
    [
        choice_row(Choice(HOSTILE, Doing.JOIN, 1, 1, topic=HOSTILE, here=True)),
        choice_row(Choice(HOSTILE, Doing.JOIN, by=HOSTILE)),
        mention_row(Mention(HOSTILE, message(HOSTILE, HOSTILE)), NOON),
        hit_row(said(HOSTILE, nick=HOSTILE, where="#" + HOSTILE), ["owned"], NOON),
        channel_row(HOSTILE, 3, HOSTILE, joined=True),
    ],
)
def test_nothing_hostile_gets_through(row: Row) -> None:
    """In no field."""
    assert text(row).isprintable()
    assert "\u202e" not in text(row)


def test_the_place_of_a_hit() -> None:
    """By what it can be asked for."""
    assert place_of(said("hi", where="#lab")) == Place("#lab", "hi", "msgid=hi")
