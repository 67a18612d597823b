"""Which messages were shown: ShownMessages, and what is told of a message that others are about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.client.session.events.messages import Earlier, IsTyping, Reacted, Removed, Said
from securechat.client.session.shown import (
    MAX_CONVERSATIONS,
    MAX_ID,
    MAX_PIECES,
    REMEMBERED_IDS,
    Pieces,
    ShownMessages,
    mark_of,
)
from securechat.irc.message import parse
from tests.client.dialogue import ALICE, Talk, online

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
AT_NOON = "time=2025-11-22T12:00:00.000Z"


def test_an_id_is_new_once() -> None:
    """As long as it is remembered; what has none, or one that is no id, is always new."""
    shown = ShownMessages()
    assert shown.is_new("1")
    assert not shown.is_new("1")
    assert shown.has("1")
    assert shown.is_new("")
    assert shown.is_new("")
    assert shown.is_new("x" * (MAX_ID + 1))
    assert shown.is_new("x" * (MAX_ID + 1))
    for number in range(2, REMEMBERED_IDS + 2):
        assert shown.is_new(str(number))
    assert shown.is_new("1")


def test_what_is_remembered_belongs_to_a_conversation() -> None:
    """And is as much as what is known to have been shown."""
    shown = ShownMessages()
    shown.note("", "#lobby", Earlier("bob"))
    shown.note("1", "#lobby", Earlier("bob"))
    assert shown.about("", "#lobby") is None
    assert shown.about("1", "#lobby") == Earlier("bob")
    with pytest.raises(ValueError, match="not part of this conversation"):
        shown.about("1", "#den")
    for number in range(2, REMEMBERED_IDS + 2):
        shown.note(str(number), "#lobby", Earlier("bob"))
    assert shown.about("1", "#lobby") is None


def test_a_piece_begins_with_the_first_message_of_a_connection() -> None:
    """Unless that was shown before."""
    pieces = Pieces()
    assert pieces.begin("#a") == ""
    pieces.comes("#a", "1", shown=False)
    pieces.comes("#a", "2", shown=False)
    assert pieces.begin("#a") == "1"
    pieces.restart()
    pieces.comes("#a", "2", shown=True)
    pieces.comes("#a", "3", shown=False)
    assert pieces.begin("#a") == "1"
    pieces.restart()
    pieces.comes("#a", "9", shown=False)
    assert pieces.begin("#a") == "9"
    assert pieces.begin("#b") == ""


def test_pages_close_a_gap() -> None:
    """When one reaches the piece before, that is where the next one goes on."""
    pieces = Pieces()
    pieces.comes("#a", "3", shown=False)
    pieces.interrupt("#a")
    pieces.comes("#a", "9", shown=False)
    assert not pieces.page("#a", "8", reached=False)
    assert pieces.begin("#a") == "8"
    assert pieces.page("#a", "7", reached=True)
    assert pieces.begin("#a") == "3"
    assert not pieces.page("#a", "2", reached=True)
    assert pieces.begin("#a") == "2"
    assert not pieces.page("#b", "5", reached=False)
    assert pieces.begin("#b") == "5"
    assert not pieces.page("#b", "", reached=True)


def test_so_many_pieces_are_remembered() -> None:
    """The first one always; conversations as well, the latest."""
    pieces = Pieces()
    for number in range(MAX_PIECES * 2):
        pieces.restart()
        pieces.comes("#a", str(number), shown=False)
    count = 1
    while pieces.page("#a", "", reached=True):
        count += 1
    assert count == MAX_PIECES
    assert pieces.begin("#a") == "0"
    for number in range(MAX_CONVERSATIONS):
        pieces.comes(f"#{number}", "1", shown=False)
    assert pieces.begin("#a") == ""
    assert pieces.begin("#0") == "1"


def test_by_what_a_message_is_found() -> None:
    """Its id, else its time, if that has the form that is asked for."""
    time = "2025-11-22T12:00:00.000Z"
    assert mark_of(parse(f"@msgid=7;time={time} PRIVMSG #a :x")) == "msgid=7"
    assert mark_of(parse(f"@time={time} PRIVMSG #a :x")) == f"timestamp={time}"
    assert mark_of(parse("@time=now PRIVMSG #a :x")) == ""
    assert mark_of(parse(f"@msgid={'x' * (MAX_ID + 1)} PRIVMSG #a :x")) == ""


def told(*lines: str) -> Talk:
    """Alice, who has seen a message of bob to a channel and one to her, 1 and 2."""
    talk = online()
    talk.hears(f"@msgid=1;{AT_NOON} :bob!b@h PRIVMSG #lobby :hi")
    talk.hears(f"@msgid=2;{AT_NOON} :bob!b@h PRIVMSG alice :psst")
    talk.shows()
    talk.hears(*lines)
    return talk


def test_a_message_is_removed() -> None:
    """By whom, why, and which one (message-redaction, Command); unknown ones as well."""
    talk = told(
        f":{ALICE} REDACT #lobby 1 :spam",
        ":bob!b@h REDACT alice 2",
        f":{ALICE} REDACT #lobby 77",
    )
    bobs = Earlier("bob", NOON)
    assert talk.shows() == [
        Removed("#lobby", "alice", bobs, "spam"),
        Removed("alice", "bob", bobs),
        Removed("#lobby", "alice"),
    ]


def test_a_removal_with_the_wrong_target_is_passed_over() -> None:
    """ "When a msgid references a known message not in the target's history, clients MUST ignore
    it" (message-redaction, Client implementation considerations).
    """
    talk = told(":bob!b@h REDACT #den 1", ":bob!b@h REDACT #lobby 2", ":bob!b@h REDACT #lobby")
    assert talk.shows() == []


def test_reactions_and_replies() -> None:
    """By their names of today and of the draft."""
    talk = told(
        "@+reply=1;+draft/react=👍 :bob!b@h TAGMSG #lobby",
        "@+draft/reply=2;+draft/unreact=👍 :bob!b@h TAGMSG alice",
        "@+draft/react=👍 :bob!b@h TAGMSG #lobby",
        "@+typing=active :bob!b@h TAGMSG #lobby",
        "@+draft/reply=1 :carol!c@h PRIVMSG #lobby :yes",
        "@+draft/reply=2 :carol!c@h PRIVMSG #lobby :of elsewhere",
        "@+reply=2;+draft/react=x :bob!b@h TAGMSG #lobby",
    )
    bobs = Earlier("bob", NOON)
    assert talk.shows() == [
        Reacted("#lobby", "bob", "👍", bobs),
        Reacted("alice", "bob", "👍", bobs, ended=True),
        Reacted("#lobby", "bob", "👍"),
        IsTyping("#lobby", "bob"),
        Said("#lobby", "carol", "yes", answers=bobs),
        Said("#lobby", "carol", "of elsewhere"),
    ]
