"""The desk: what is typed, where it goes, what is read, and what is kept of it."""

from __future__ import annotations

from securechat.client.exits import Exit
from securechat.client.screens.full.desk import MARK_EVERY, MAX_SENT
from securechat.client.session.actions import MarkRead, Say, ServerCommand, Type
from securechat.client.session.events.channels import Joined, Left
from securechat.client.session.events.connection import Stopped
from securechat.client.text.sentences import sentences
from securechat.client.timeline.items import Note
from tests.client.screens.full.conversing import at_desk, happen
from tests.client.timeline.said import NOON, said


def test_what_is_typed_is_sent_where_one_looks() -> None:
    """After somebody has gone elsewhere, too."""
    fake, desk = at_desk("#lobby", "#den")
    desk.send("hello")
    desk.go("#den")
    desk.send("hello, den", reply="m1")
    assert fake.said == [("#lobby", "hello"), ("#den", "hello, den")]
    assert [one.reply for one in fake.actions if isinstance(one, Say)] == ["", "m1"]


def test_a_command_is_obeyed_and_followed() -> None:
    """Who joins looks at the channel at once; who quits is told to go."""
    fake, desk = at_desk("#lobby")
    desk.send("/join #den")
    assert ServerCommand("JOIN", ("#den",)) in fake.actions
    assert desk.conversations.here == "#den"
    assert desk.send("exit").quits


def test_what_has_no_room_goes_back() -> None:
    """With a word on why."""
    fake, desk = at_desk("#lobby")
    fake.full = True
    assert desk.send("hello").back == "hello"
    assert desk.here is not None
    assert len(desk.here) == 1


def test_who_is_put_out_writes_nowhere() -> None:
    """But sees on where it was; what is typed on isn't said elsewhere."""
    fake, desk = at_desk("#lobby", "#den")
    desk.go("#den")
    happen(desk, Left("#den", "alice", by="zoe", mine=True))
    desk.send("and another thing")
    assert fake.said == []
    assert desk.conversations.here == "#den"


def test_typing_is_told_but_for_commands() -> None:
    """And that it has ended without a message."""
    fake, desk = at_desk("#lobby")
    for text in ("h", "", "/", "/w", "//x"):
        desk.typing(text)
    told = [one for one in fake.actions if isinstance(one, Type)]
    assert told == [Type("#lobby"), Type("#lobby", ended=True), Type("#lobby")]


def test_what_is_read_is_told_now_and_then() -> None:
    """The newest once for all that came together; at once when somebody goes elsewhere."""
    fake, desk = at_desk("#lobby")

    def marks() -> list[str]:
        return [one.time for one in fake.actions if isinstance(one, MarkRead)]

    for minute in (1, 2, 3):
        happen(desk, said(f"m{minute}", minute))
        desk.seen(100.0 + minute / 10)
    assert marks() == ["2026-11-29T12:01:00.000Z"]
    desk.mark(100.0 + MARK_EVERY + 1)
    assert marks()[1:] == ["2026-11-29T12:03:00.000Z"]
    happen(desk, said("m4", 4))
    desk.seen(103.2)
    desk.mark(103.3, at_once=True)
    assert marks()[2:] == ["2026-11-29T12:04:00.000Z"]


def test_drafts_stay_with_their_rooms() -> None:
    """In memory, and not without end."""
    _fake, desk = at_desk("#lobby", "#den")
    desk.keep_draft("#Lobby", "half a tho")
    desk.go("#den")
    assert desk.draft() == ""
    desk.go("#lobby")
    assert desk.draft() == "half a tho"
    for number in range(MAX_SENT + 9):
        desk.send(f"m{number}")
    assert len(desk.sent) == MAX_SENT


def test_what_is_for_us_is_news_once() -> None:
    """Not what was missed, nor what is for others."""
    _fake, desk = at_desk("#lobby")
    happen(desk, said("hello", 1), said("hello alice", 2), said("psst", 3, where="bob"))
    assert [(one.conversation, one.message.text) for one in desk.news] == [
        ("#lobby", "hello alice"),
        ("bob", "psst"),
    ]


def test_an_invitation_is_accepted() -> None:
    """By going there."""
    fake, desk = at_desk("#lobby")
    desk.accept("#lab")
    assert ServerCommand("JOIN", ("#lab",)) in fake.actions
    happen(desk, Joined("#lab", "alice", mine=True))
    assert desk.conversations.here == "#lab"


def test_the_end_has_its_code() -> None:
    """As of the session."""
    _fake, desk = at_desk("#lobby")
    codes = [desk.code]
    happen(desk, Stopped(Exit.UNREACHABLE, "gone"))
    assert [*codes, desk.code] == [Exit.OK, Exit.UNREACHABLE]


def test_who_is_ignored_makes_nothing_old_news() -> None:
    """Their words to us go from the list, whose newest is another one then."""
    _fake, desk = at_desk("#lobby")
    happen(desk, said("alice: one", 1, "bob"), said("alice: two", 2, "carol"))
    desk.news.clear()
    desk.composer.ignored.add("carol")
    happen(desk, said("three", 3, "dave"), said("alice: four", 4, "carol"))
    assert desk.news == []
    assert [one.message.text for one in desk.conversations.mentions] == ["alice: one"]


def test_who_leaves_a_channel_is_told_so_where_they_are_then() -> None:
    """With how to come back; the channel itself is no more shown."""
    fake, desk = at_desk("#lab", "#lobby")
    desk.go("#lab")
    fake.joined.leave("#lab")
    happen(desk, Left("#lab", "alice", mine=True))
    assert desk.conversations.here == "#lobby"
    [note] = [one for one in desk.conversations.timeline("#lobby") if isinstance(one, Note)]
    [told] = sentences(note.event, NOON)
    assert told.words == "you left #lab; /join #lab goes in again"
    happen(desk, Left("#den", "alice", "over", by="alice", mine=True))
    last = desk.conversations.timeline("#lobby")[-1]
    assert isinstance(last, Note)
    assert sentences(last.event, NOON)[0].words == "you left #den (over)"
