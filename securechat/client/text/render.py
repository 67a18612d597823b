"""Events as lines for people: escaped, with local times, in colours by name.

Pure: the clock comes as an argument. A line is a list of (style, text) fragments as prompt_toolkit
takes them; styles come from here only, never from remote text.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from securechat.client.session.actions import TextKind
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import ChannelRenamed, Joined, Left, Renamed
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.history import HistoryPage, SearchPage
from securechat.client.session.events.messages import Said
from securechat.client.session.identity import fold, same
from securechat.client.text.lines import INDENT, StyledLine
from securechat.client.text.sentences import (
    Sentence,
    author,
    day_title,
    is_channel,
    is_whole_channel,
    place,
    sentences,
)
from securechat.client.timeline.mentions import Mentions
from securechat.common.escape import escape, escape_name, escape_text
from securechat.common.language import _, ngettext

# Readable on black and on white: not the ones that are nearly black or nearly white.
COLOURS: Final = (
    "ansired",
    "ansigreen",
    "ansiyellow",
    "ansiblue",
    "ansimagenta",
    "ansicyan",
    "ansibrightred",
    "ansibrightgreen",
    "ansibrightblue",
    "ansibrightmagenta",
    "ansibrightcyan",
)

NOTE: Final = "italic"
MENTION: Final = " reverse"
"""Added to the style of a name: what it has said is for us."""
ALERT: Final = "ansired bold"

# Characters and rows shown of a message, which may have several lines: ours has 64 rows at most.
MAX_SEVERAL = 8192
MAX_ROWS = 256

ROW: Final = " " * INDENT + "| "
"""Before each row but the first of a message of several lines. None of them begins like a line."""


def colour_of(name: str) -> str:
    """The style of a name, the same on every day and every machine."""
    # Not by hash(), which Python salts anew in each process.
    return COLOURS[zlib.crc32(fold(name).encode(errors="replace")) % len(COLOURS)]


class Renderer:
    """Renders events one after the other, and tells when another day begins.

    clock: the time now, aware, in the zone to show. placed: whether its channel is told of each
    message; else only while we are in several.
    """

    def __init__(self, clock: Callable[[], datetime], *, placed: bool = False) -> None:
        self._clock = clock
        self._placed = placed
        self._nick = ""
        self._is_mention = Mentions("")
        self._channels: set[str] = set()
        """Those we are in, folded, as the events tell: the session may have gone on since."""
        self._day: date | None = clock().date()

    def render(self, event: ClientEvent) -> list[StyledLine]:
        """The lines for an event; none for one that needs no showing."""
        if isinstance(event, Joined) and event.mine:
            self._channels.add(fold(event.channel))
        elif isinstance(event, Left) and event.mine and event.channel is not None:
            self._channels.discard(fold(event.channel))
        elif isinstance(event, ChannelRenamed) and fold(event.old) in self._channels:
            self._channels.discard(fold(event.old))
            self._channels.add(fold(event.new))
        elif isinstance(event, Ready):
            self._name(event.nick)
        elif isinstance(event, Renamed) and same(event.old, self._nick):
            self._name(event.new)
        if isinstance(event, HistoryPage):
            return self._page(event)
        if isinstance(event, SearchPage):
            return self._found(event)
        bodies = self._bodies(event)
        if not bodies:
            return []
        lines = self._stamped(getattr(event, "time", None), bodies)
        return [*lines, *_further_rows(event.text)] if isinstance(event, Said) else lines

    def _name(self, nick: str) -> None:
        self._nick, self._is_mention = nick, Mentions(nick)

    def _stamped(self, time: datetime | None, bodies: list[StyledLine]) -> list[StyledLine]:
        """Lines with their time, and their day when it isn't that of the line before."""
        local = self._local(time)
        lines: list[StyledLine] = [[("", f"{local:%H:%M} "), *body] for body in bodies]
        if local.date() == self._day:
            return lines
        self._day = local.date()
        return [[(NOTE, f"--- {day_title(local)} ---")], *lines]

    def _page(self, event: HistoryPage) -> list[StyledLine]:
        """What was said, between two lines that tell that it is no news."""
        where, count = place(event.target), len(event.said)
        if not count:
            nothing = _("there is nothing to read {where}").format(where=where)
            if not event.first:
                nothing = _("there is nothing older to read {where}").format(where=where)
            if event.hidden:
                nothing = _(
                    "all of this page {where} is of people whom you ignore; /history shows what "
                    "is older"
                ).format(where=where)
            return self._stamped(None, [[(NOTE, f"-- {nothing}")]])
        head = ngettext(
            "{count} message from before, {where}:", "{count} messages from before, {where}:", count
        ).format(count=count, where=where)
        rows = [(said, self._words(said)) for said in event.said]
        end = _("that was from before, {where}; /history shows what is older").format(where=where)
        return self._between(head, rows, end)

    def _found(self, event: SearchPage) -> list[StyledLine]:
        """What a search has found, each with its place."""
        what, count = escape_text(event.typed), len(event.said)
        if not count:
            none = _("nothing more was found for: ") if event.on else _("nothing was found for: ")
            return self._stamped(None, [[(NOTE, f"-- {none}{what}")]])
        head = _found_head(count, on=event.on) + what
        rows = [(said, self._said(said, placed=True)) for said in event.said]
        end = _("that was what was found; /search more looks for older ones")
        if event.newer:
            end = _("that was what was found; /search more looks for newer ones")
        return self._between(head, rows, end)

    def _between(
        self, head: str, rows: list[tuple[Said, StyledLine]], end: str
    ) -> list[StyledLine]:
        """Messages of long ago, between two lines that say so."""
        lines = self._stamped(None, [[(NOTE, f"-- {head}")]])
        self._day = None  # whatever day it is, it is told
        for said, row in rows:
            lines += self._stamped(said.time, [row]) + _further_rows(said.text)
        return lines + self._stamped(None, [[(NOTE, f"-- {end}")]])

    def _local(self, time: datetime | None) -> datetime:
        """A time where we are; now for None."""
        now = self._clock()
        return time.astimezone(now.tzinfo) if time else now

    def _bodies(self, event: ClientEvent) -> list[StyledLine]:
        if isinstance(event, Said):
            return [self._said(event)]
        return [_styled(sentence) for sentence in sentences(event, self._clock())]

    def _said(self, event: Said, *, placed: bool = False) -> StyledLine:
        """placed: whether its channel is told also when it is the only one."""
        line: StyledLine = [(NOTE, _("(missed) "))] if event.missed else []
        if not is_channel(event.target):
            private = _("(private) ")
            if event.mine:
                private = _("(to {name}) ").format(name=escape_name(event.target))
            line.append((NOTE, private))
        elif (
            placed or self._placed or len(self._channels) > 1 or not is_whole_channel(event.target)
        ):
            line.append(("", f"{escape_name(event.target)} "))
        return line + self._words(event)

    def _words(self, event: Said) -> StyledLine:
        """Who, and what: the first row of it."""
        name = escape_name(event.nick) or _("server")
        style = colour_of(event.nick)
        if is_channel(event.target) and self._is_mention(event):
            style += MENTION
        before, after = {
            TextKind.MESSAGE: ("<", "> "),
            TextKind.NOTICE: ("-", "- "),
            TextKind.ACTION: ("* ", " "),
        }[event.kind]
        if event.answers:
            after += _("(to {name}) ").format(name=author(event.answers, self._clock()))
        first = event.text.partition("\n")[0]
        return [
            ("", before),
            (style, name),
            ("", after),
            ("", escape_text(first, MAX_SEVERAL)),
        ]


def _styled(sentence: Sentence) -> StyledLine:
    if sentence.alert:
        line = [(ALERT, f"!! {sentence.words}")]
        return [*line, ("", sentence.quoted)] if sentence.quoted else line
    return [(NOTE, f"-- {sentence.words}")]


def _found_head(count: int, *, on: bool) -> str:
    if on:
        text = ngettext(
            "{count} more message found for: ", "{count} more messages found for: ", count
        )
    else:
        text = ngettext("{count} message found for: ", "{count} messages found for: ", count)
    return text.format(count=count)


def _further_rows(text: str) -> list[StyledLine]:
    """The second and later rows of a message of several lines."""
    kept = text[:MAX_SEVERAL]
    rows = kept.split("\n")[1:]
    if len(kept) < len(text) or len(rows) > MAX_ROWS:
        rows = [*rows[:MAX_ROWS], "…"]
    return [[(NOTE, ROW), ("", escape(row))] for row in rows]
