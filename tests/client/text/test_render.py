"""Events as lines for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from securechat.client.session.actions import TextKind
from securechat.client.session.events.answers import InquiryAnswer, NamesAre, PersonIs
from securechat.client.session.events.base import ClientEvent, Info, Problem
from securechat.client.session.events.channels import (
    ChannelRenamed,
    Invited,
    Joined,
    Left,
    ModesSet,
    Renamed,
    TopicIs,
)
from securechat.client.session.events.connection import Delayed, Lost, Ready
from securechat.client.session.events.deliveries import Doubt, Rejected, Stored, Unconfirmed
from securechat.client.session.events.history import HistoryPage, SearchPage, SearchPaused
from securechat.client.session.events.messages import Earlier, Reacted, Removed, Said
from securechat.client.text.lines import plain
from securechat.client.text.render import (
    COLOURS,
    MAX_ROWS,
    MAX_SEVERAL,
    MENTION,
    Renderer,
    colour_of,
)
from securechat.client.text.sentences import day_title

HERE = timezone(timedelta(hours=2))
NOW = datetime(2025, 11, 22, 14, 30, tzinfo=HERE)


def shown(*events: ClientEvent, channels: int = 1) -> list[str]:
    """The lines, without their styles and the time."""
    renderer = Renderer(lambda: NOW, placed=channels > 1)
    lines = [plain(line) for event in events for line in renderer.render(event)]
    return [line.removeprefix("14:30 ") for line in lines]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Said("#lobby", "bob", "hi"), "<bob> hi"),
        (Said("#lobby", "bob", "hi", missed=True), "(missed) <bob> hi"),
        (Said("#lobby", "bob", "waves", TextKind.ACTION), "* bob waves"),
        (Said("#lobby", "bob", "beep", TextKind.NOTICE), "-bob- beep"),
        (Said("alice", "bob", "psst"), "(private) <bob> psst"),
        (Said("bob", "alice", "yes?", mine=True), "(to bob) <alice> yes?"),
        (Said("#lobby", "", "boo"), "<server> boo"),
        (Said("&lobby", "bob", "hi"), "<bob> hi"),
        (Said("@#lobby", "bob", "psst"), "@#lobby <bob> psst"),
        (Said("&#lobby", "al", "psst", mine=True), "&#lobby <al> psst"),
        (Joined("#lobby", "bob"), "-- bob joined #lobby"),
        (Joined("#lobby", "alice", mine=True), "-- you are in #lobby"),
        (Left("#lobby", "bob"), "-- bob left #lobby"),
        (Left("#lobby", "bob", "tired"), "-- bob left #lobby (tired)"),
        (Left(None, "bob", "bye"), "-- bob went away (bye)"),
        (Left(None, "bob", "Quit: "), "-- bob went away"),
        (Left(None, "bob", "Quit: bye"), "-- bob went away (Quit: bye)"),
        (Left("#lobby", "bob", by="carol"), "-- bob was removed from #lobby by carol"),
        (Left("#lobby", "bob", "carol", by="carol"), "-- bob was removed from #lobby by carol"),
        (Left("#x", "al", "spam", "bob", True), "-- you were removed from #x by bob (spam)"),
        (TopicIs("#lobby", "Be kind"), "-- topic of #lobby: Be kind"),
        (TopicIs("#lobby", "Be kind", "bob"), "-- bob set the topic of #lobby: Be kind"),
        (NamesAre("#lobby", ("@alice", "bob")), "-- in #lobby (2): @alice bob"),
        (
            InquiryAnswer("NOTE", "TOKEN", "CREATED", ("x", "sct1_x"), "Keep it"),
            "-- server: Keep it",
        ),
        (InquiryAnswer("FAIL", "TOKEN", "TOO_MANY", (), "Enough"), "!! server: Enough"),
        (Delayed("Wait a little", 3), "-- server: Wait a little"),
        (Info("news"), "-- server: news"),
        (Info("help", remote=False), "-- help"),
        (Problem("trouble"), "!! server: trouble"),
        (Problem("mistyped", remote=False), "!! mistyped"),
        (Renamed("bob", "rob"), "-- bob is now rob"),
        (ChannelRenamed("#a", "#b", "al"), "-- al has renamed #a to #b"),
        (ChannelRenamed("#a", "#b", "al", "shorter"), "-- al has renamed #a to #b (shorter)"),
        (Invited("bob", "#den"), "-- bob invites you to #den; enter with /join #den"),
        (ModesSet("bob", "#den", ("+o", "al")), "-- bob makes al an operator of #den"),
        (PersonIs("bob", "Bob B.", "#den", True), "-- bob (Bob B.) in #den, away"),
        (PersonIs("bob", "bob", "", False), "-- bob"),
        (Rejected("#den", "hi", "Cannot send"), "!! not sent to #den: Cannot send: hi"),
        (Unconfirmed("#x", "hi", Doubt.SILENT), "!! to #x, not confirmed by the server: hi"),
        (Ready("alice"), "-- you are logged in as alice"),
        (Ready("alice", again=True), "-- the connection is back"),
        (Lost("no answer", 2.2), "-- the connection is lost (no answer); trying again in 2 s"),
        (
            Lost("no answer", 0.0),
            "-- the connection is lost (no answer); trying the server's addresses",
        ),
    ],
)
def test_events_in_words(event: ClientEvent, line: str) -> None:
    """One line each."""
    assert shown(event) == [line]


def test_what_needs_no_showing() -> None:
    """An echo shows itself as a message."""
    assert shown(Stored("#lobby", "hi")) == []


def test_channels_are_named_when_there_are_several() -> None:
    """One channel needs no name."""
    assert shown(Said("#den", "bob", "hi"), channels=2) == ["#den <bob> hi"]


def test_a_crowd_is_not_listed_whole() -> None:
    """Only its first hundred."""
    [line] = shown(NamesAre("#lobby", tuple(f"n{number}" for number in range(150))))
    assert line.endswith("n99 and 50 more")


def test_times_are_local() -> None:
    """The server's are in UTC; what has none gets the time of its arrival."""
    renderer = Renderer(lambda: NOW)
    said = Said("#lobby", "bob", "hi", time=datetime(2025, 11, 22, 10, 5, tzinfo=UTC))
    assert plain(renderer.render(said)[0]) == "12:05 <bob> hi"
    assert plain(renderer.render(Joined("#x", "al"))[0]) == "14:30 -- al joined #x"


def test_a_date_line_when_the_day_changes() -> None:
    """There and back: what was missed is from another day, what follows is from today."""
    renderer = Renderer(lambda: NOW)
    old = Said("#lobby", "bob", "hi", time=datetime(2025, 11, 20, 23, 0, tzinfo=UTC), missed=True)
    new = Left("#lobby", "al")
    lines = [plain(line) for event in (old, old, new) for line in renderer.render(event)]
    assert lines == [
        "--- Friday, 21 November 2025 ---",
        "01:00 (missed) <bob> hi",
        "01:00 (missed) <bob> hi",
        "--- Saturday, 22 November 2025 ---",
        "14:30 -- al left #lobby",
    ]


EVIL = "a\x1b[2J\n12:00 <bob> fake\u202e\x9b"


@pytest.mark.parametrize(
    "event",
    [
        Said(EVIL, EVIL, EVIL),
        Said(EVIL, EVIL, EVIL, mine=True),
        Said("#" + EVIL, EVIL, EVIL, TextKind.ACTION),
        Joined(EVIL, EVIL),
        Joined(EVIL, EVIL, mine=True),
        Left(EVIL, EVIL, EVIL),
        Left(None, EVIL, EVIL),
        Left(EVIL, EVIL, EVIL, by="x" + EVIL),
        TopicIs(EVIL, EVIL),
        TopicIs(EVIL, EVIL, EVIL),
        NamesAre(EVIL, (EVIL, EVIL)),
        Info(EVIL),
        Problem(EVIL),
        Removed(EVIL, EVIL, Earlier(EVIL), EVIL),
        Removed("#" + EVIL, EVIL, Earlier(EVIL, NOW), EVIL),
        Reacted(EVIL, EVIL, EVIL, Earlier(EVIL, NOW)),
        Said(EVIL, EVIL, EVIL, answers=Earlier(EVIL, NOW)),
        HistoryPage(EVIL, ()),
        SearchPage(EVIL, ()),
        SearchPage(EVIL, (Said(EVIL, EVIL, EVIL),)),
        HistoryPage(EVIL, (Said(EVIL, EVIL, EVIL),)),
        Rejected(EVIL, EVIL, EVIL),
        Unconfirmed(EVIL, EVIL, Doubt.CUT),
        Ready(EVIL),
        Lost(EVIL, 1.0),
    ],
)
def test_remote_text_never_reaches_the_terminal_raw(event: ClientEvent) -> None:
    """In no field of no event: one line, no control character, no override. A message may have
    several rows, of which none but the first looks like a line.
    """
    line, *rows = shown(event, channels=2)
    if isinstance(event, HistoryPage | SearchPage) and event.said:
        line, *rows = rows[1:-1]
    assert line.isprintable()
    assert not any(style for style, _ in render(event) if "\x1b" in style)
    assert not rows or isinstance(event, Said | HistoryPage | SearchPage)
    assert all(row.startswith("      | ") and row.isprintable() for row in rows)


def render(event: ClientEvent) -> list[tuple[str, str]]:
    """The fragments of an event's first line."""
    line, *_ = Renderer(lambda: NOW, placed=True).render(event)
    return line


def test_a_message_of_several_lines() -> None:
    """Below its first line the others, set back; without an end it is cut."""
    assert shown(Said("#lobby", "bob", "one\n\n12:00 <al> three")) == [
        "<bob> one",
        "      | ",
        "      | 12:00 <al> three",
    ]
    assert len(shown(Said("#lobby", "bob", "x\n" * 5000))) == MAX_ROWS + 2
    long = "x" * MAX_SEVERAL
    assert shown(Said("#lobby", "bob", long)) == [f"<bob> {long}"]
    assert shown(Said("#lobby", "bob", f"{long}x\ny")) == [f"<bob> {long}…", "      | …"]


def test_a_page_of_history() -> None:
    """Between two lines that say so; with its days, also when that is today, and without what is
    the same for all of it.
    """
    page = (
        Said("#lobby", "bob", "old", time=datetime(2025, 11, 20, 23, 0, tzinfo=UTC)),
        Said("#lobby", "al", "one\ntwo", time=datetime(2025, 11, 22, 8, 0, tzinfo=UTC)),
    )
    assert shown(HistoryPage("#lobby", page), Said("#lobby", "bob", "new"), channels=2) == [
        "-- 2 messages from before, in #lobby:",
        "--- Friday, 21 November 2025 ---",
        "01:00 <bob> old",
        "--- Saturday, 22 November 2025 ---",
        "10:00 <al> one",
        "      | two",
        "-- that was from before, in #lobby; /history shows what is older",
        "#lobby <bob> new",
    ]
    today = (Said("bob", "al", "today", time=NOW, mine=True),)
    assert shown(HistoryPage("bob", today))[:3] == [
        "-- 1 message from before, with bob:",
        "--- Saturday, 22 November 2025 ---",
        "<al> today",
    ]
    assert shown(HistoryPage("#lobby", ())) == ["-- there is nothing older to read in #lobby"]
    nothing = HistoryPage("bob", (), first=True)
    assert shown(nothing) == ["-- there is nothing to read with bob"]


def test_what_a_search_has_found() -> None:
    """Each with its day, its time and its place; and how it goes on."""
    found = (
        Said("#lobby", "bob", "old", time=datetime(2025, 11, 20, 23, 0, tzinfo=UTC)),
        Said("bob", "al", "psst", mine=True, time=datetime(2025, 11, 20, 23, 5, tzinfo=UTC)),
    )
    assert shown(SearchPage("from:bob", found)) == [
        "-- 2 messages found for: from:bob",
        "--- Friday, 21 November 2025 ---",
        "01:00 #lobby <bob> old",
        "01:05 (to bob) <al> psst",
        "--- Saturday, 22 November 2025 ---",
        "-- that was what was found; /search more looks for older ones",
    ]
    one = shown(SearchPage("x", found[:1], on=True, newer=True))
    assert one[0] == "-- 1 more message found for: x"
    assert one[-1] == "-- that was what was found; /search more looks for newer ones"
    assert shown(SearchPage("x", ())) == ["-- nothing was found for: x"]
    assert shown(SearchPage("x", (), on=True)) == ["-- nothing more was found for: x"]
    far = datetime(2025, 10, 2, 9, 5, tzinfo=UTC)
    assert shown(SearchPaused(far), SearchPaused(far, newer=True)) == [
        f"-- the search took long and has looked only {way} 02 October 2025, 11:05; "
        "/search more goes on from there"
        for way in ("back to", "up to")
    ]


def test_of_a_text_of_ours_the_beginning_is_told() -> None:
    """When it is refused, or its echo doesn't come."""
    assert shown(Unconfirmed("#lobby", "one\ntwo", Doubt.QUEUED)) == [
        "!! to #lobby, waiting for the connection: one … (of 2 lines)"
    ]


YESTERDAY = Earlier("al", datetime(2025, 11, 21, 9, 5, tzinfo=HERE))
TODAY = Earlier("al", datetime(2025, 11, 22, 9, 5, tzinfo=HERE))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Removed("#lobby", "bob"), "-- bob removed a message in #lobby"),
        (
            Removed("#lobby", "bob", TODAY, "spam"),
            "-- bob removed the message of al of 09:05 in #lobby (spam)",
        ),
        (
            Removed("bob", "al", YESTERDAY),
            "-- al removed their own message of 21 November, 09:05",
        ),
        (Removed("#lobby", "bob", Earlier("al")), "-- bob removed the message of al in #lobby"),
        (Reacted("#lobby", "bob", "👍", TODAY), "-- bob reacts with 👍 to al 09:05 in #lobby"),
        (Reacted("al", "bob", "👍"), "-- bob reacts with 👍"),
        (Reacted("al", "bob", "👍", ended=True), "-- bob no more reacts with 👍"),
        (Said("#lobby", "bob", "yes", answers=TODAY), "<bob> (to al 09:05) yes"),
    ],
)
def test_what_is_about_an_earlier_message(event: ClientEvent, line: str) -> None:
    """Tells whose it is and of when, as a line client can't show it beside that."""
    assert shown(event) == [line]


def test_our_own_texts_may_have_several_lines() -> None:
    """Such as /help; remote ones may not."""
    assert shown(Info("one\ntwo", remote=False)) == ["-- one", "-- two"]


def test_a_name_has_its_colour() -> None:
    """The same in any case, and not all names have the same."""
    assert colour_of("Bob") == colour_of("bob")
    assert {colour_of(f"name{number}") for number in range(200)} == set(COLOURS)
    assert (colour_of("bob"), "bob") in render(Said("#x", "bob", "hi"))


@pytest.mark.usefixtures("russian")
def test_a_reader_of_russian_is_told_in_russian() -> None:
    """What we say, and what we know of the server's words, which stay marked as its own."""
    assert shown(Ready("alice"), Joined("#lobby", "bob", mine=False)) == [
        "-- вы вошли как alice",
        "-- bob теперь в #lobby",
    ]
    assert shown(Problem("No such channel")) == ["!! сервер: Нет такого канала"]
    assert shown(Info("#den No topic is set")) == ["-- сервер: #den Тема не задана"]
    assert shown(Problem("Something of another server")) == [
        "!! сервер: Something of another server"
    ]


@pytest.mark.usefixtures("russian")
def test_what_people_say_is_never_translated() -> None:
    """Not even when it is one of our own texts."""
    said = Said("#lobby", "bob", "No such channel", TextKind.MESSAGE, time=NOW)
    assert shown(said) == ["<bob> No such channel"]


def test_what_is_for_us_is_marked() -> None:
    """By the style of who has said it: no word is added to what others have written."""
    renderer = Renderer(lambda: NOW)
    renderer.render(Ready("alice"))
    lines = [
        renderer.render(Said("#a", "bob", text, conversation="#a"))[0]
        for text in ("alice?", "malice")
    ]
    assert [style.endswith(MENTION) for line in lines for style, text in line if text == "bob"] == [
        True,
        False,
    ]


@pytest.mark.usefixtures("russian")
def test_a_day_has_its_name_in_russian() -> None:
    """Also where the C library speaks English only."""
    assert day_title(NOW) == "суббота, 22.11.2025"


def test_a_page_of_ignored_people_is_not_the_beginning() -> None:
    """Else nobody would look for what is older."""
    [line] = shown(HistoryPage("#lobby", (), hidden=5))
    assert "people whom you ignore; /history shows what is older" in line
