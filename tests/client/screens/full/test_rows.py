"""Items of a timeline as rows: what people see of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.client.screens.full.cells import cells
from securechat.client.screens.full.rows import Place, follows, lay, quote, with_name
from securechat.client.screens.full.spans import ASCII, Row, Setting
from securechat.client.session.actions import TextKind
from securechat.client.session.events.answers import NamesAre
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.channels import TopicIs
from securechat.client.session.events.connection import Lost
from securechat.client.timeline.items import Delivery, Item, Message, Movement, Note
from securechat.common.escape import escape
from securechat.common.record import replace

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
SETTING = Setting(40, UTC, "alice")
LONG = "one two three four five six seven eight"


def message(text: str = "hello", nick: str = "bob", **more: object) -> Message:
    made = Message("m", NOON, nick, text, mine=nick == "alice")
    for name, value in more.items():
        setattr(made, name, value)
    return made


def drawn(item: Item, place: Place | None = None, setting: Setting = SETTING) -> list[str]:
    """The rows as they are read, without what is empty at their ends."""
    laid = lay(item, place or Place(), setting, NOON)
    return [plain(row).rstrip() for row in laid.lead + laid.body]


def plain(row: Row) -> str:
    return "".join(span.text for span in row)


def styles(item: Item, text: str, place: Place | None = None) -> set[str]:
    """The styles of what has this text in it."""
    rows = lay(item, place or Place(), SETTING, NOON).body
    return {span.style for row in rows for span in row if text in span.text}


def test_a_message_has_its_columns() -> None:
    """When, who, what; further rows begin below the text, so that nobody can forge a line."""
    assert drawn(message(LONG)) == [
        " 12:00    bob │ one two three four five",
        "              │ six seven eight",
    ]


def test_who_goes_on_is_not_named_again() -> None:
    """But the time is told."""
    assert drawn(message(), Place(named=False)) == [" 12:00        │ hello"]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (120, " 12:00            bob │ hello"),
        (60, " 12:00        bob │ hello"),
        (33, "    bob │ hello"),
        (10, "    bob │ hello"),
    ],
)
def test_columns_shrink_with_the_terminal(width: int, expected: str) -> None:
    """The time goes first."""
    assert drawn(message(), setting=Setting(width, UTC)) == [expected]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (message(nick="bartholomew"), " 12:00 barth… │ hello"),
        (message(nick="田中田中"), " 12:00  田中… │ hello"),
        (message(nick=""), " 12:00 server │ hello"),
        (message(kind=TextKind.NOTICE), " 12:00  -bob- │ hello"),
        (message("waves", kind=TextKind.ACTION), " 12:00      * │ bob waves"),
        (message(bot=True), " 12:00    bob │ [bot] hello"),
        (message(mention=True), "»12:00    bob │ hello"),
        (message(nick="alice"), " 12:00  alice │ hello ✓"),
        (message(nick="alice", delivery=Delivery.PENDING), " 12:00  alice │ hello …"),
        (message(time=None), "          bob │ hello"),
        (message("\x1b[2Jhi\u202e"), " 12:00    bob │ ^[[2Jhi<U+202E>"),
        (message("hi", nick="b\x1b[2Jb"), " 12:00 b^[[2… │ hi"),
    ],
)
def test_what_kinds_of_message_there_are(item: Item, expected: str) -> None:
    """Each is known by a sign, not by its colour alone."""
    assert drawn(item) == [expected]


@pytest.mark.parametrize(
    ("delivery", "reason", "expected"),
    [
        (Delivery.REFUSED, "you are muted", "✗ you are muted"),
        (Delivery.REFUSED, "", "✗ refused"),
        (Delivery.DOUBTFUL, "was not sent", "? was not sent"),
        (Delivery.REFUSED, "a\x1b[mb\nc", "✗ a^[[mb^Jc"),
    ],
)
def test_why_a_message_came_no_further(delivery: Delivery, reason: str, expected: str) -> None:
    """It is told below the message."""
    told = drawn(message(nick="alice", delivery=delivery, reason=reason))
    assert told == [" 12:00  alice │ hello", f"              │ {expected}"]


def test_a_sign_that_does_not_fit_has_a_row_of_its_own() -> None:
    """So that a message is as high on its way as on the disk."""
    text = "x" * SETTING.room
    assert drawn(message(text, "alice"))[1] == "              │ ✓"


def test_a_reply_tells_of_what_it_answers() -> None:
    """Above it, in one row."""
    answered = quote(message(LONG, "carol"), SETTING.room)
    assert drawn(message(), Place(answered=answered)) == [
        "              │ ↳ carol: one two three …",
        " 12:00    bob │ hello",
    ]


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (None, "a message that isn't loaded"),
        (message("", "eve", removed_by="carol"), "eve: a message that was removed"),
        (message("first\nsecond", "e\x1bve"), "e^[ve: first"),
    ],
)
def test_what_is_answered(about: Message | None, expected: str) -> None:
    """It may be gone, or nobody has it here."""
    assert quote(about, 50) == expected


def test_reactions_stand_below() -> None:
    """Ours in brackets."""
    item = message(reactions={"👍": ["carol", "dave"], "🎉": ["Alice"], "a b\x1b": ["eve"]})
    assert drawn(item)[1:] == ["              │ 👍\xa02 [🎉\xa01] a\xa0b^[\xa01"]


def test_a_flood_of_reactions_is_counted() -> None:
    """Only so many are shown."""
    item = message(reactions={f"{number}": ["eve"] for number in range(25)})
    assert drawn(item)[-1].endswith(" +5")


def test_what_was_removed_leaves_its_place() -> None:
    """And who has removed it, and why."""
    item = message()
    item.remove("carol", "off\x1btopic")
    assert drawn(item) == [" 12:00    bob │ removed by carol:", "              │ off^[topic"]


def test_a_day_and_what_is_new_begin_with_a_line() -> None:
    """In words of ours."""
    assert drawn(message(), Place(day=True, unread=True)) == [
        "────────────── Sunday, 29 November 2026 ─"[1:],
        "────────────── new ─────────────────────",
        " 12:00    bob │ hello",
    ]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (TopicIs("#a", "x\x1b", "bob"), ["-- │ bob set the topic of #a:", "x^["]),
        (Problem("too\nbad", remote=False), ["!! │ too", "bad"]),
        (Problem("too\nbad"), ["!! │ server: too^Jbad"]),
        (Lost("x", 3.0), ["-- │ the connection is lost", "(x); trying again in 3 s"]),
        (NamesAre("#a", ("@bob",)), ["-- │ in #a (1): @bob"]),
    ],
)
def test_what_happened_beside(event: ClientEvent, expected: list[str]) -> None:
    """A sign where the name would stand."""
    first, *others = drawn(Note("n", NOON, event))
    assert first == f" 12:00     {expected[0]}"
    assert others == [f"              │ {row}" for row in expected[1:]]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Movement("n", NOON, came=["a", "b\x1b"], went=["c"]), "came: a, b^[; went: c"),
        (Movement("n", NOON, returned=["a"]), "went and came back: a"),
        (Movement("n", NOON, passed=["a"]), "came and went: a"),
        (Movement("n", NOON, came=list("abcdefghij")), "came: a, b, c, d, e, f, g, h and 2 more"),
    ],
)
def test_who_came_and_went(item: Item, expected: str) -> None:
    """In one line, however many."""
    assert drawn(item, setting=replace(SETTING, width=80)) == [f" 12:00            -- │ {expected}"]


def test_a_long_message_is_shortened() -> None:
    """Until somebody wants to see it."""
    item = message("\n".join(f"row {number}" for number in range(30)))
    shown = drawn(item)
    assert len(shown) == 18
    assert shown[-2:] == ["              │ … 14 more lines, Enter", "              │ shows them"]
    assert lay(item, Place(), SETTING, NOON).shortened
    assert len(drawn(item, Place(opened=True))) == 30


def test_what_is_selected_has_a_sign_and_a_style() -> None:
    """Up to the right edge."""
    item = message()
    laid = lay(item, Place(selected=True), SETTING, NOON)
    assert plain(laid.body[0]).startswith("▌12:00    bob │ hello")
    assert cells(plain(laid.body[0])) == SETTING.width
    assert all("selected" in span.style for span in laid.body[0])


@pytest.mark.parametrize("width", [60, 30])
def test_any_row_can_have_the_name(width: int) -> None:
    """At the top of the window, where what stands above isn't seen."""
    setting = replace(SETTING, width=width)
    item = message(LONG * 2)
    named = lay(item, Place(), setting, NOON).body
    for selected in (False, True):
        body = lay(item, Place(named=False, selected=selected), setting, NOON).body
        assert plain(with_name(body[0], item, setting))[1:].rstrip() == plain(named[0])[1:]
        further = plain(with_name(body[1], item, setting)).rstrip()
        assert (
            further[1:]
            == " " * (setting.indent - 7) + "bob" + plain(named[1])[setting.indent - 3 :]
        )
        assert len({"selected" in span.style for span in with_name(body[0], item, setting)}) == 1


def test_a_mention_is_told_by_style_too() -> None:
    """The name has it."""
    assert styles(message(mention=True), "bob") == {"mention"}
    assert styles(message(), "hello") == {"text"}


def test_links_lead_where_they_say() -> None:
    """On each row that they are on."""
    item = message("see https://example.org/a/long/path")
    spans = [span for row in lay(item, Place(), SETTING, NOON).body for span in row if span.link]
    assert {span.link for span in spans} == {"https://example.org/a/long/path"}
    assert "".join(span.text for span in spans) == "https://example.org/a/long/path"
    assert {span.style for span in spans} == {"link"}


def test_other_signs_for_other_terminals() -> None:
    """Where the locale isn't UTF-8, what is ours is ASCII."""
    setting = replace(SETTING, signs=ASCII)
    item = message(LONG, "alice", delivery=Delivery.PENDING, reactions={"x": ["bartholomew"]})
    place = Place(day=True, unread=True, answered="x" * 50, selected=True)
    assert all(row.isascii() for row in drawn(item, place, setting) if "\xa0" not in row)


@pytest.mark.parametrize(
    ("before", "minutes", "expected"),
    [
        (message(), 4, True),
        (message(nick="BOB"), 4, True),
        (message(), 6, False),
        (message(nick="carol"), 0, False),
        (message(kind=TextKind.ACTION), 0, False),
        (message(bot=True), 0, False),
        (message(removed_by="carol"), 0, False),
        (message(time=None), 0, True),
        (Movement("n", NOON), 0, False),
        (None, 0, False),
    ],
)
def test_who_goes_on(before: Item | None, minutes: int, expected: bool) -> None:
    """The same person, soon, in the same way."""
    assert follows(message(time=NOON + timedelta(minutes=minutes)), before) is expected
    assert not follows(message(reply="x"), before)


ANY = st.text() | st.sampled_from(
    ["👩‍👩‍👧🇩🇪 ❤️ 漢字\u0301 https://a.b/漢", "\x1b]8;;http://x\x1b\\", "a" * 99]
)


@given(ANY, ANY, st.integers(20, 130), st.sampled_from(list(TextKind)), st.booleans())
def test_no_row_is_too_wide_or_drives_the_terminal(
    text: str, nick: str, width: int, kind: TextKind, selected: bool
) -> None:
    """Whatever somebody writes, in each field; and what they wrote is there."""
    item = message(text, nick, kind=kind, mention=True, reactions={text: [nick]}, reason=text)
    place = Place(answered=quote(message(text, nick), 30), selected=selected, opened=True, day=True)
    setting = Setting(width, UTC, nick)
    rows = lay(item, place, setting, NOON)
    for row in rows.lead + rows.body:
        assert sum(cells(span.text) for span in row) <= width
        assert escape(plain(row)) == plain(row)
        assert all(span.link in ("", span.link.strip()) and span.link.isascii() for span in row)
    if kind is TextKind.MESSAGE:
        said = "".join(plain(row).partition("│")[2] for row in rows.body)
        wanted = "".join(escape(line) for line in text.split("\n"))
        assert wanted.replace(" ", "") in said.replace(" ", "")
