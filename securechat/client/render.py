"""Events as lines for people: escaped, with local times, in colours by name.

Pure: the clock comes as an argument. A line is a list of (style, text) fragments as prompt_toolkit
takes them; styles come from here only, never from remote text.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from prompt_toolkit.utils import get_cwidth

from securechat.client.escape import escape
from securechat.client.events import (
    Event,
    Info,
    Joined,
    Kind,
    Left,
    Lost,
    NamesAre,
    Problem,
    Ready,
    Refused,
    Said,
    TopicIs,
    Unconfirmed,
)
from securechat.client.fold import fold, same

Line = list[tuple[str, str]]

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
"""Readable on black and on white; not the ones that are nearly black or nearly white."""

NOTE: Final = "italic"
ALERT: Final = "ansired bold"
INDENT: Final = 6
"""Columns before the second row of a wrapped line: the width of "HH:MM "."""

NAMES_SHOWN: Final = 100
"""Names listed of one room; more would push everything else off the screen."""


def colour_of(name: str) -> str:
    """The style of a name, the same on every day and every machine."""
    return COLOURS[zlib.crc32(fold(name).encode(errors="replace")) % len(COLOURS)]


class Renderer:
    """rooms: counts those we are in. clock: the time now, aware, in the zone to show."""

    def __init__(self, rooms: Callable[[], int], clock: Callable[[], datetime]) -> None:
        self._rooms = rooms
        self._clock = clock
        self._day = clock().date()

    def render(self, event: Event) -> list[Line]:
        """The lines for an event; none for one that needs no showing."""
        bodies = self._bodies(event)
        if not bodies:
            return []
        now = self._clock()
        time = getattr(event, "time", None)
        local = time.astimezone(now.tzinfo) if time else now
        stamped: list[Line] = [[("", f"{local:%H:%M} "), *body] for body in bodies]
        if local.date() == self._day:
            return stamped
        self._day = local.date()
        return [[(NOTE, f"--- {local:%A, %d %B %Y} ---")], *stamped]

    def _bodies(self, event: Event) -> list[Line]:
        match event:
            case Said():
                return [self._said(event)]
            case Info(text, remote):
                return [[(NOTE, f"-- {line}")] for line in _rows(text, remote)]
            case Problem(text, remote):
                return [[(ALERT, f"!! {line}")] for line in _rows(text, remote)]
            case Refused(target, text, reason):
                return [[(ALERT, f"!! not sent to {_e(target)}: {_e(reason)}: "), ("", _e(text))]]
            case Unconfirmed(target, text, doubt):
                return [[(ALERT, f"!! to {_e(target)}, {doubt.value}: "), ("", _e(text))]]
        note = _note(event)
        return [[(NOTE, f"-- {note}")]] if note else []

    def _said(self, event: Said) -> Line:
        name = _e(event.nick) or "server"
        style = colour_of(event.nick)
        line: Line = [(NOTE, "(missed) ")] if event.missed else []
        if not _is_room(event.target):
            private = f"(to {_e(event.target)}) " if event.mine else "(private) "
            line.append((NOTE, private))
        elif self._rooms() > 1:
            line.append(("", f"{_e(event.target)} "))
        before, after = {
            Kind.MESSAGE: ("<", "> "),
            Kind.NOTICE: ("-", "- "),
            Kind.ACTION: ("* ", " "),
        }[event.kind]
        return [*line, ("", before), (style, name), ("", after), ("", _e(event.text))]


def _e(text: str) -> str:
    return escape(text)


def _is_room(target: str) -> bool:
    return target.startswith(("#", "&"))


def _rows(text: str, remote: bool) -> list[str]:
    """Remote text stays on one row whatever it holds; our own may have several."""
    return [escape(row) for row in ([text] if remote else text.split("\n"))]


def _note(event: Event) -> str:
    match event:
        case Joined(room, nick, mine):
            return f"you are in {_e(room)}" if mine else f"{_e(nick)} joined {_e(room)}"
        case Left():
            return _left(event)
        case TopicIs(room, topic, by):
            who = f"{_e(by)} set the topic of" if by else "topic of"
            return f"{who} {_e(room)}: {_e(topic)}"
        case NamesAre(room, names):
            shown = " ".join(map(_e, names[:NAMES_SHOWN]))
            more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
            return f"in {_e(room)} ({len(names)}): {shown}{more}"
        case Ready(nick, again):
            return "the connection is back" if again else f"you are logged in as {_e(nick)}"
        case Lost(reason, seconds):
            return f"the connection is lost ({_e(reason)}); trying again in {seconds:.0f} s"
    return ""


def _left(event: Left) -> str:
    who = "you" if event.mine else _e(event.nick)
    reason = f" ({_e(event.reason)})" if event.reason else ""
    if event.room is None:
        return f"{who} went away{reason}"
    room = _e(event.room)
    if event.by and not same(event.by, event.nick):
        was = "were" if event.mine else "was"
        return f"{who} {was} removed from {room} by {_e(event.by)}{reason}"
    return f"{who} left {room}{reason}"


def plain(line: Line) -> str:
    """A line without its styles."""
    return "".join(text for _, text in line)


def wrap(line: Line, width: int) -> list[Line]:
    """line in rows of at most width columns, the second and later ones indented.

    Not only for looks: a terminal that wraps by itself starts the next row at its left edge,
    where a long message could put what looks like a line of somebody else.
    """
    width = max(width, INDENT * 3)
    rows: list[list[tuple[str, str]]] = []
    row: list[tuple[str, str]] = []
    used = 0
    for style, text in line:
        for char in text:
            size = get_cwidth(char)
            if used + size > width:
                kept, row = _break(row, 0 if not rows else INDENT)
                rows.append(kept)
                row = [("", " ")] * INDENT + row
                used = sum(get_cwidth(one) for _, one in row)
                if char == " " and len(row) == INDENT:
                    continue  # the border of the row stands for it
            row.append((style, char))
            used += size
    return [_joined(one) for one in [*rows, row]]


def _break(row: Line, indent: int) -> tuple[Line, Line]:
    """A full row, parted at its last space; what follows the space begins the next row."""
    for at in range(len(row) - 1, max(indent, INDENT), -1):
        if row[at][1] == " ":
            return row[:at], row[at + 1 :]
    return row, []


def _joined(chars: Line) -> Line:
    """Characters put together to fragments again."""
    line: Line = []
    for style, char in chars:
        if line and line[-1][0] == style:
            line[-1] = (style, line[-1][1] + char)
        else:
            line.append((style, char))
    return line
