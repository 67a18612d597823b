"""An item of a timeline as rows of a terminal: when and who in columns of their own, then the text.

Pure: no Textual. No row begins with anything remote: before it stands what is ours, up to a bar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from securechat.client.screens.full.cells import cells
from securechat.client.screens.full.look import name_style
from securechat.client.screens.full.spans import (
    Row,
    Setting,
    Span,
    linked,
    rule,
    shortened,
    wrapped,
)
from securechat.client.session.actions import TextKind
from securechat.client.session.identity import same
from securechat.client.text.render import MAX_ROWS, MAX_SEVERAL
from securechat.client.text.sentences import day_title, moved, sentences
from securechat.client.timeline.items import Delivery, Item, Message, Movement, Note
from securechat.common.escape import escape, escape_name, escape_text
from securechat.common.language import _, ngettext, translated
from securechat.common.record import Record

TALL: Final = 20
"""Rows of a message; of a longer one the first are shown, until somebody wants to see all."""

SHORTENED: Final = 16
"""Rows that are shown of such a message."""

# Different reactions shown of one message, and columns of each: anybody may react with anything.
MAX_SHOWN = 20
REACTION_ROOM = 16

SECONDS_TOGETHER: Final = 300
"""What somebody says so soon after their last words stands below them, without the name."""


class Place(Record):
    """What an item's rows depend on besides itself. day: whether another day begins with it.
    unread: whether the unread line stands before it. named: whether who said it is told. answered:
    what it replies to, as quote() has it; '' for nothing. opened: whether it is shown wholly.
    """

    day: bool = False
    unread: bool = False
    named: bool = True
    answered: str = ""
    selected: bool = False
    opened: bool = False


class Laid(NamedTuple):
    """lead: rows before the item: day, unread line. body: its own; none of what needs no showing.
    shortened: whether there are more rows.
    """

    lead: list[Row]
    body: list[Row]
    shortened: bool = False


def lay(item: Item, place: Place, setting: Setting, now: datetime) -> Laid:
    """The rows of an item. now: as of sentences()."""
    lead = []
    if place.day and item.time:
        title = day_title(item.time.astimezone(setting.zone))
        lead.append(rule(title, "day", setting))
    if place.unread:
        lead.append(rule(_("new"), "unread", setting))
    if isinstance(item, Message):
        return _message(item, place, setting, lead)
    told: list[Row] = []
    style, sign = "note", "--"
    if isinstance(item, Note):
        for sentence in sentences(item.event, now):
            if sentence.alert:
                style, sign = "alert", "!!"
            told += wrapped(
                [Span(style, sentence.words), Span("text", sentence.quoted)], setting.room
            )
    elif isinstance(item, Movement):
        told = wrapped([Span(style, moved(item))], setting.room)
    margin = _margin_beside(item, Span(style, sign.rjust(setting.name)), setting)
    body = [margin[at > 0] + row for at, row in enumerate(told)]
    return Laid(lead, body)


def follows(item: Message, before: Item | None) -> bool:
    """Whether a message needs no name, as it goes on with the one before."""
    return (
        isinstance(before, Message)
        and same(before.nick, item.nick)
        and before.kind is item.kind is TextKind.MESSAGE
        and not (item.reply or before.removed_by or before.bot is not item.bot)
        and (
            item.time is None
            or before.time is None
            or abs((item.time - before.time).total_seconds()) <= SECONDS_TOGETHER
        )
    )


def with_name(row: Row, item: Message, setting: Setting) -> Row:
    """Any row of a message with the name of who said it, as that may stand out of sight above."""
    bar = next(at for at, span in enumerate(row) if span.text == f" {setting.signs.bar} ")
    first = bar - 1 - (setting.time > 0) == 1
    if first and row[bar - 1].text.strip():  # it is there
        return row
    time = row[1] if first and setting.time else Span("", " " * setting.time)
    style, text, _link = _name(item, setting)
    if "selected" in row[0].style:
        time, style = Span(f"{time.style} selected".strip(), time.text), f"{style} selected"
    return [row[0], time, Span(style, text), *row[bar:]]


def quote(message: Message | None, room: int) -> str:
    """What a reply replies to, in one row; None where that isn't loaded."""
    if message is None:
        return _("a message that isn't loaded")
    if message.removed_by:
        return f"{escape_name(message.nick)}: " + _("a message that was removed")
    # What is never shown need not be escaped.
    first = message.text[: room * 4].partition("\n")[0]
    return f"{escape_name(message.nick)}: {escape_text(first)}"


# -- messages


def _message(item: Message, place: Place, setting: Setting, lead: list[Row]) -> Laid:
    margin = _Margin(item, place, setting)
    rows: list[Row] = []
    if place.answered:
        quoted = shortened(place.answered, setting.room - 2, setting)
        rows.append([Span("reply", f"{setting.signs.reply} {quoted}")])
    texts, collapsed = _collapsed(list(_texts(item, setting, named=place.named)), place, setting)
    rows += _with_delivery(texts, item, setting)
    rows += _reactions(item, setting)
    # The name stands where the text begins, not beside what it replies to.
    first = 1 if place.answered else 0
    body = [margin.before(at == first) + row for at, row in enumerate(rows)]
    if place.selected:
        body = [_selected(row, setting) for row in body]
    return Laid(lead, body, collapsed)


class _Margin:
    """What stands at the left of each row of a message."""

    def __init__(self, item: Message, place: Place, setting: Setting) -> None:
        signs = setting.signs
        sign = signs.selected if place.selected else signs.mention if item.mention else " "
        mark = Span("mention", sign) if sign != " " else Span("", " ")
        bar = Span("mention" if item.mention else "faint", f" {signs.bar} ")
        time = _clock(item, setting)
        name = _name(item, setting) if place.named else Span("", " " * setting.name)
        self._first = [mark, *time, name, bar]
        self._further = [mark, Span("", " " * (setting.time + setting.name)), bar]

    def before(self, first: bool) -> Row:
        return self._first if first else self._further


def _clock(item: Item, setting: Setting) -> Row:
    if not setting.time:
        return []
    local = setting.local(item.time)
    return [Span("time", f"{local:%H:%M} " if local else " " * setting.time)]


def _name(item: Message, setting: Setting) -> Span:
    name = "*" if item.kind is TextKind.ACTION else escape_name(item.nick) or _("server")
    dashes = item.kind is TextKind.NOTICE
    name = shortened(name, setting.name - 2 * dashes, setting)
    name = f"-{name}-" if dashes else name
    style = "mention" if item.mention else name_style(item.nick) + (" mine" if item.mine else "")
    return Span(style, " " * (setting.name - cells(name)) + name)


def _texts(item: Message, setting: Setting, *, named: bool) -> Iterator[Row]:
    """The rows of what somebody said."""
    if item.removed_by:
        yield from wrapped([Span("removed", _tombstone(item))], setting.room)
        return
    before: Row = []
    style = "text"
    if item.kind is TextKind.ACTION:
        style = "action"
        name = shortened(escape_name(item.nick), setting.name * 2, setting)
        before = [Span(name_style(item.nick), name), Span("", " ")]
    elif item.kind is TextKind.NOTICE:
        style = "notice"
    if item.bot and named:
        before = [*before, Span("bot", _("[bot]")), Span("", " ")]
    kept = item.text[:MAX_SEVERAL]
    lines = kept.split("\n")
    if len(kept) < len(item.text) or len(lines) > MAX_ROWS:
        lines = [*lines[:MAX_ROWS], setting.signs.more]
    for at, line in enumerate(lines):
        spans = linked(escape(line), style)
        yield from wrapped(spans if at else before + spans, setting.room)


def _tombstone(item: Message) -> str:
    text = _("removed by {name}").format(name=escape_name(item.removed_by))
    return text + (f": {escape_text(item.reason)}" if item.reason else "")


def _collapsed(rows: list[Row], place: Place, setting: Setting) -> tuple[list[Row], bool]:
    if len(rows) <= TALL or place.opened:
        return rows, False
    count = len(rows) - SHORTENED
    more = ngettext(
        "{count} more line, Enter shows it", "{count} more lines, Enter shows them", count
    )
    text = f"{setting.signs.more} {more.format(count=count)}"
    return [*rows[:SHORTENED], *wrapped([Span("faint", text)], setting.room)], True


def _with_delivery(rows: list[Row], item: Message, setting: Setting) -> list[Row]:
    """How far a message of ours has come: a sign behind it, and why it came no further below."""
    if not item.mine or item.removed_by:
        return rows
    signs = setting.signs
    sign, style, words = {
        Delivery.PENDING: (signs.pending, "pending", ""),
        Delivery.STORED: (signs.stored, "faint", ""),
        Delivery.DOUBTFUL: ("?", "doubtful", item.reason or item.delivery),
        Delivery.REFUSED: (signs.refused, "refused", item.reason or item.delivery),
    }[item.delivery]
    if words:
        told = escape_text(translated(words))
        return rows + wrapped([Span(style, f"{sign} {told}")], setting.room)
    last = rows[-1]
    if sum(cells(span.text) for span in last) + 2 <= setting.room:
        return [*rows[:-1], [*last, Span(style, f" {sign}")]]
    return [*rows, [Span(style, sign)]]


def _reactions(item: Message, setting: Setting) -> list[Row]:
    spans: Row = []
    for reaction, nicks in list(item.reactions.items())[:MAX_SHOWN]:
        shown = shortened(escape_text(reaction, REACTION_ROOM * 4), REACTION_ROOM, setting)
        text = f"{shown} {len(nicks)}".replace(" ", "\N{NO-BREAK SPACE}")
        ours = any(same(nick, setting.nick) for nick in nicks)
        spans.append(Span("reaction mine", f"[{text}]") if ours else Span("reaction", text))
        spans.append(Span("", " "))
    left = len(item.reactions) - MAX_SHOWN
    if left > 0:
        spans.append(Span("faint", f"+{left}"))
    return wrapped(spans, setting.room) if spans else []


def _selected(row: Row, setting: Setting) -> Row:
    """A row of what is selected, up to the right edge."""
    used = sum(cells(span.text) for span in row)
    spans = [Span(f"{span.style} selected".strip(), span.text, span.link) for span in row]
    return [*spans, Span("selected", " " * max(0, setting.width - used))]


# -- what isn't said


def _margin_beside(item: Item, sign: Span, setting: Setting) -> tuple[Row, Row]:
    """What stands before its first row, and before further ones."""
    bar = Span("faint", f" {setting.signs.bar} ")
    first = [Span("", " "), *_clock(item, setting), sign, bar]
    return first, [Span("", " " * (1 + setting.time + setting.name)), bar]
