"""A hostile server, or anybody, writes to the full screen: what its timeline draws drives no
terminal, forges no line, and leads nowhere but where it says.
"""

from __future__ import annotations

import re
from datetime import UTC

import pytest
from rich.color import ColorSystem
from rich.style import Style

from securechat.client.screens.full.cells import cells
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.painting import Painter
from securechat.client.screens.full.rows import Place, lay, quote
from securechat.client.screens.full.spans import Row, Setting
from securechat.client.session.actions import TextKind
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.timeline.items import Delivery, Item, Message, Movement, Note
from securechat.common.record import replace
from tests.security.server.hostile import NOON, SEQUENCES, is_inert, kinds, text_fields

SETTING = Setting(60, UTC, "alice")

# What may be among the text: styles, and links of the two kinds.
DRIVING = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;(?:id=[0-9-]+)?;(https?://[!-~]+)?\x1b\\")


def everywhere(evil: str) -> list[Item]:
    """A hostile text in all places of each kind of item."""
    mine = Message("m", NOON, evil, evil, mine=True, delivery=Delivery.REFUSED, reason=evil)
    return [
        *(Message("m", NOON, evil, evil, kind, mention=True, bot=True) for kind in TextKind),
        Message("m", NOON, evil, evil, reactions={evil: [evil]}, reply="x"),
        Message("m", NOON, evil, "", removed_by=evil, reason=evil),
        mine,
        replace(mine, delivery=Delivery.DOUBTFUL),
        Movement("m", NOON, came=[evil], went=[evil], returned=[evil], passed=[evil]),
        Note("m", NOON, Problem(evil)),
    ]


def rows_of(item: Item, evil: str) -> list[Row]:
    answered = quote(Message("m", NOON, evil, evil), SETTING.room)
    place = Place(day=True, unread=True, answered=answered, selected=True, opened=True)
    laid = lay(item, place, SETTING, NOON)
    return laid.lead + laid.body


def drawn(row: Row) -> str:
    """What is written to the terminal for a row."""
    painter = Painter(Look(), "|")
    painter.paint([row], range(0), SETTING.width + 1, Style.null())
    return "".join(
        segment.text if segment.style is None
        else segment.style.render(segment.text, color_system=ColorSystem.TRUECOLOR)
        for segment in painter.strips[0]
    )  # fmt: skip


@pytest.mark.parametrize("evil", SEQUENCES, ids=range(len(SEQUENCES)))
def test_what_is_drawn_is_inert(evil: str) -> None:
    """Each trick in each place: styles are ours, and no row is wider than it may be."""
    for item in everywhere(evil):
        for row in rows_of(item, evil):
            text = "".join(span.text for span in row)
            assert is_inert(text)
            assert cells(text) <= SETTING.width
            assert "\x1b" not in DRIVING.sub("", drawn(row))


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_notes_of_each_kind_are_inert(kind: type[ClientEvent]) -> None:
    """Also of one that is added later: what can be made of nothing but texts."""
    fields = text_fields(kind)
    for evil in SEQUENCES[::3]:
        try:
            event = kind(**dict.fromkeys(fields, evil))
        except TypeError:  # it has fields of other kinds, which test_screen.py attacks
            return
        for row in rows_of(Note("m", NOON, event), evil):
            assert is_inert("".join(span.text for span in row))


def test_nobody_begins_a_row() -> None:
    """A text of many lines can't look like what somebody else said: before it stands the bar."""
    forged = "\n".join(["x", "12:00    bob │ I am bob", "\r12:00 bob", " " * 99 + "bob │ me"])
    for row in rows_of(Message("m", NOON, "eve", forged), "x")[3:]:
        before = "".join(span.text for span in row).index("│")
        assert before == SETTING.indent - 2


@pytest.mark.parametrize(
    "link",
    [
        "http://a.b/\x1b\\\x1b]0;title\x07",
        "https://a.b/\x9c\x9d0;title\x9c",
        "https://a.b/;id=1:https://c.d",
        "https://a.b/\u202egnp.exe",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://а.b/",
    ],
)
def test_a_link_leads_where_it_says(link: str) -> None:
    """By http or https, in characters that are seen."""
    for row in rows_of(Message("m", NOON, "eve", link), "x"):
        assert "\x1b" not in DRIVING.sub("", drawn(row))
        for span in row:
            if span.link:
                assert re.fullmatch(r"https?://[!-~]+", span.link)
                assert span.text in span.link
                assert "<U+" not in span.link
