"""Events as lines for people: escaped, with local times, in colours by name.

Pure: the clock comes as an argument. A line is a list of (style, text) fragments as prompt_toolkit
takes them; styles come from here only, never from remote text.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from prompt_toolkit.utils import get_cwidth

from securechat.client.session.events import (
    ClientEvent,
    Delayed,
    Info,
    InquiryAnswer,
    Invited,
    Joined,
    Left,
    Lost,
    ModesSet,
    NamesAre,
    PersonIs,
    Problem,
    Ready,
    Rejected,
    Renamed,
    Said,
    TextKind,
    TopicIs,
    Unconfirmed,
)
from securechat.client.session.identity import fold, same
from securechat.common.escape import escape, escape_name, escape_text

StyledLine = list[tuple[str, str]]

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
ALERT: Final = "ansired bold"
INDENT: Final = 6
"""Columns before the second row of a wrapped line: the width of "HH:MM "."""

# Before the server's own words, which so can't be taken for the client's.
QUOTE: Final = "server: "

# Names listed of one channel: more would push everything else off the screen.
NAMES_SHOWN: Final = 100


def colour_of(name: str) -> str:
    """The style of a name, the same on every day and every machine."""
    # Not by hash(), which Python salts anew in each process.
    return COLOURS[zlib.crc32(fold(name).encode(errors="replace")) % len(COLOURS)]


class Renderer:
    """Renders events one after the other, and tells when another day begins.

    channels: counts those we are in. clock: the time now, aware, in the zone to show.
    """

    def __init__(self, channels: Callable[[], int], clock: Callable[[], datetime]) -> None:
        self._channels = channels
        self._clock = clock
        self._day = clock().date()

    def render(self, event: ClientEvent) -> list[StyledLine]:
        """The lines for an event; none for one that needs no showing."""
        bodies = self._bodies(event)
        if not bodies:
            return []
        now = self._clock()
        time = getattr(event, "time", None)
        local = time.astimezone(now.tzinfo) if time else now
        stamped: list[StyledLine] = [[("", f"{local:%H:%M} "), *body] for body in bodies]
        if local.date() == self._day:
            return stamped
        self._day = local.date()
        return [[(NOTE, f"--- {local:%A, %d %B %Y} ---")], *stamped]

    def _bodies(self, event: ClientEvent) -> list[StyledLine]:
        match event:
            case Said():
                return [self._said(event)]
            case InquiryAnswer(verdict="FAIL" | "WARN", text=text):
                return [[(ALERT, f"!! {QUOTE}{_e(text)}")]]
            case InquiryAnswer(text=text) | Delayed(text):
                return [[(NOTE, f"-- {QUOTE}{_e(text)}")]]
            case Info(text, remote):
                return [[(NOTE, f"-- {line}")] for line in _rows(text, remote)]
            case Problem(text, remote):
                return [[(ALERT, f"!! {line}")] for line in _rows(text, remote)]
            case Rejected(target, text, reason):
                return [[(ALERT, f"!! not sent to {_n(target)}: {_e(reason)}: "), ("", _e(text))]]
            case Unconfirmed(target, text, doubt):
                return [[(ALERT, f"!! to {_n(target)}, {doubt.value}: "), ("", _e(text))]]
        note = _note(event)
        return [[(NOTE, f"-- {note}")]] if note else []

    def _said(self, event: Said) -> StyledLine:
        name = _n(event.nick) or "server"
        style = colour_of(event.nick)
        line: StyledLine = [(NOTE, "(missed) ")] if event.missed else []
        if not _is_channel(event.target):
            private = f"(to {_n(event.target)}) " if event.mine else "(private) "
            line.append((NOTE, private))
        elif self._channels() > 1:
            line.append(("", f"{_n(event.target)} "))
        before, after = {
            TextKind.MESSAGE: ("<", "> "),
            TextKind.NOTICE: ("-", "- "),
            TextKind.ACTION: ("* ", " "),
        }[event.kind]
        return [*line, ("", before), (style, name), ("", after), ("", _e(event.text))]


def _e(text: str) -> str:
    return escape_text(text)


def _n(name: str) -> str:
    return escape_name(name)


def _is_channel(target: str) -> bool:
    return target.startswith(("#", "&"))


def _rows(text: str, remote: bool) -> list[str]:
    """The rows of a text: one for the server's words, perhaps several for our own."""
    if remote:  # a second row would begin like a line of ours
        return [QUOTE + _e(text)]
    return [escape(row) for row in text.split("\n")]


def _note(event: ClientEvent) -> str:
    match event:
        case Joined(channel, nick, mine):
            return f"you are in {_n(channel)}" if mine else f"{_n(nick)} joined {_n(channel)}"
        case Left():
            return _left(event)
        case TopicIs(channel, topic, by):
            who = f"{_n(by)} set the topic of" if by else "topic of"
            return f"{who} {_n(channel)}: {_e(topic)}"
        case NamesAre(channel, names):
            shown = " ".join(map(_n, names[:NAMES_SHOWN]))
            more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
            return f"in {_n(channel)} ({len(names)}): {shown}{more}"
        case Ready(nick, again):
            return "the connection is back" if again else f"you are logged in as {_n(nick)}"
        case Lost(reason, seconds):
            return f"the connection is lost ({_e(reason)}); trying again in {seconds:.0f} s"
        case Renamed(old, new):
            return f"{_n(old)} is now {_n(new)}"
        case Invited(by, channel):
            return f"{_n(by)} invites you to {_n(channel)}; enter with /join {_n(channel)}"
        case ModesSet(by, channel, change):
            return f"{_n(by)} sets {_e(' '.join(change))} in {_n(channel)}"
        case PersonIs():
            return _person(event)
    return ""


def _person(event: PersonIs) -> str:
    alias = f" ({_e(event.real_name)})" if event.real_name not in ("", event.nick) else ""
    where = f" in {_n(event.channel)}" if event.channel else ""
    return f"{_n(event.nick)}{alias}{where}{', away' if event.away else ''}"


def _left(event: Left) -> str:
    who = "you" if event.mine else _n(event.nick)
    # The server puts "Quit: " before every farewell, also before none.
    reason = f" ({_e(event.reason)})" if event.reason.strip() not in ("", "Quit:") else ""
    if event.channel is None:
        return f"{who} went away{reason}"
    channel = _n(event.channel)
    if event.by and not same(event.by, event.nick):
        was = "were" if event.mine else "was"
        return f"{who} {was} removed from {channel} by {_n(event.by)}{reason}"
    return f"{who} left {channel}{reason}"


def plain(line: StyledLine) -> str:
    """A line without its styles."""
    return "".join(text for _, text in line)


def wrap(line: StyledLine, width: int) -> list[StyledLine]:
    """line in rows of at most width columns, the second and later ones indented."""
    # Not only for looks: a terminal that wraps by itself starts the next row at its left edge,
    # where a long message could put what looks like a line of somebody else.
    width = max(width, INDENT * 3)
    rows: list[list[tuple[str, str]]] = []
    row: list[tuple[str, str]] = []
    used = 0
    for style, text in line:
        for char in text:
            size = _columns(char)
            if used + size > width:
                kept, row = _break(row, 0 if not rows else INDENT)
                rows.append(kept)
                row = [("", " ")] * INDENT + row
                used = sum(_columns(one) for _, one in row)
                if char == " " and len(row) == INDENT:
                    continue  # the border of the row stands for it
            row.append((style, char))
            used += size
    return [_joined(one) for one in [*rows, row]]


def _columns(char: str) -> int:
    """The columns that char takes at the most."""
    # For some letters terminals and tables disagree about 0 or 1.
    least = 0 if unicodedata.category(char) in ("Mn", "Me", "Cf") else 1
    return max(least, get_cwidth(char))


def _break(row: StyledLine, indent: int) -> tuple[StyledLine, StyledLine]:
    """A full row, parted at its last space; what follows the space begins the next row."""
    for at in range(len(row) - 1, max(indent, INDENT), -1):
        if row[at][1] == " ":
            return row[:at], row[at + 1 :]
    return row, []


def _joined(chars: StyledLine) -> StyledLine:
    """Characters put together to fragments again."""
    line: StyledLine = []
    for style, char in chars:
        if line and line[-1][0] == style:
            line[-1] = (style, line[-1][1] + char)
        else:
            line.append((style, char))
    return line
