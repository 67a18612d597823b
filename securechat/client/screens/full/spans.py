"""What a row of the timeline consists of, and what all rows have in common. Pure: no Textual."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from securechat.client.screens.full.cells import cells, cut
from securechat.client.screens.full.links import links
from securechat.client.screens.full.wrapping import wrap
from securechat.common.record import Record

LEAST = 20
"""Columns for which rows are made; on fewer of them they are cut off at the right."""


class Span(NamedTuple):
    """A piece of a row in one style. style: names of Look. link: where it leads, '' for nowhere."""

    style: str
    text: str
    link: str = ""


Row = list[Span]


class Signs(NamedTuple):
    """What is drawn, each of one column."""

    bar: str
    rule: str
    selected: str
    mention: str
    reply: str
    more: str
    pending: str
    stored: str
    refused: str
    below: str
    thumb: str


UNICODE: Final = Signs("│", "─", "▌", "»", "↳", "…", "…", "✓", "✗", "↓", "▐")
ASCII: Final = Signs("|", "-", ">", "*", "^", "~", "~", "+", "x", "v", "#")
"""For locales that aren't UTF-8, where nobody knows what the font has."""


def signs_for(encoding: str | None) -> Signs:
    """What can be drawn where output has this encoding."""
    return UNICODE if (encoding or "").lower().replace("-", "") == "utf8" else ASCII


class Setting(Record):
    """What all rows have in common. width: columns. zone: in which times are told, None for the
    system's. nick: ours.
    """

    width: int
    zone: tzinfo | None = None
    nick: str = ""
    signs: Signs = UNICODE

    @property
    def time(self) -> int:
        """Columns of the time with a space behind it; none where there is no room for it."""
        return 6 if self.width >= 34 else 0

    @property
    def name(self) -> int:
        """Columns of the name."""
        return max(6, min(14, self.width // 6))

    @property
    def indent(self) -> int:
        """Columns before the text: sign, time, name, space, bar, space."""
        return 1 + self.time + self.name + 3

    @property
    def room(self) -> int:
        """Columns of the text."""
        return max(LEAST, self.width) - self.indent

    def local(self, time: datetime | None) -> datetime | None:
        """A time as it is here."""
        return time.astimezone(self.zone) if time else None


def rule(title: str, style: str, setting: Setting) -> Row:
    """A line across, with a few words in it; they are ours."""
    sign, width = setting.signs.rule, max(LEAST, setting.width)
    title = shortened(title, width - 4, setting)
    before = min(setting.indent - 2, width - cells(title) - 3)
    after = width - before - cells(title) - 2
    return [
        Span(f"faint {style}", sign * before),
        Span(style, f" {title} "),
        Span("faint", sign * after),
    ]


def linked(text: str, style: str) -> Row:
    """An escaped text with its links."""
    spans: Row = []
    at = 0
    for link in links(text):
        spans += [Span(style, text[at : link.start]), Span("link", link.target, link.target)]
        at = link.end
    spans.append(Span(style, text[at:]))
    return [span for span in spans if span.text] or [Span(style, "")]


def wrapped(spans: Row, room: int) -> list[Row]:
    """Spans in rows of room columns."""
    if len(spans) == 1:
        style, text, link = spans[0]
        return [[Span(style, text[start:end], link)] for start, end in wrap(text, room)]
    text = "".join(span.text for span in spans)
    return [list(_between(spans, start, end)) for start, end in wrap(text, room)]


def _between(spans: Row, start: int, end: int) -> Iterator[Span]:
    at = 0
    for style, text, link in spans:
        if part := text[max(0, start - at) : max(0, end - at)]:
            yield Span(style, part, link)
        at += len(text)


def shortened(text: str, room: int, setting: Setting) -> str:
    """text in so many cells, with a sign where something is left out."""
    shown = cut(text, room)
    return shown if shown == text or not shown else shown[:-1] + setting.signs.more
