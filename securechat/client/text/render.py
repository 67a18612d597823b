"""Events as lines for people: escaped, with local times, in colours by name.

Pure: the clock comes as an argument. A line is a list of (style, text) fragments as prompt_toolkit
takes them; styles come from here only, never from remote text.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from securechat.client.session.channels import DEFAULT_PREFIXES
from securechat.client.session.events import (
    ClientEvent,
    Delayed,
    Earlier,
    HistoryPage,
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
    Reacted,
    Ready,
    Rejected,
    Removed,
    Renamed,
    Said,
    SearchPage,
    SearchPaused,
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

# Characters and rows shown of a message, which may have several lines: ours has 64 rows at most.
MAX_SEVERAL = 8192
MAX_ROWS = 256

ROW: Final = " " * INDENT + "| "
"""Before each row but the first of a message of several lines. None of them begins like a line."""

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
        self._day: date | None = clock().date()

    def render(self, event: ClientEvent) -> list[StyledLine]:
        """The lines for an event; none for one that needs no showing."""
        if isinstance(event, HistoryPage):
            return self._page(event)
        if isinstance(event, SearchPage):
            return self._found(event)
        bodies = self._bodies(event)
        if not bodies:
            return []
        lines = self._stamped(getattr(event, "time", None), bodies)
        return [*lines, *_further_rows(event.text)] if isinstance(event, Said) else lines

    def _stamped(self, time: datetime | None, bodies: list[StyledLine]) -> list[StyledLine]:
        """Lines with their time, and their day when it isn't that of the line before."""
        local = self._local(time)
        lines: list[StyledLine] = [[("", f"{local:%H:%M} "), *body] for body in bodies]
        if local.date() == self._day:
            return lines
        self._day = local.date()
        return [[(NOTE, f"--- {local:%A, %d %B %Y} ---")], *lines]

    def _page(self, event: HistoryPage) -> list[StyledLine]:
        """What was said, between two lines that tell that it is no news."""
        where, count = _place(event.target), len(event.said)
        if not count:
            nothing = "nothing" if event.first else "nothing older"
            return self._stamped(None, [[(NOTE, f"-- there is {nothing} to read {where}")]])
        head = f"{_messages(count)} from before, {where}:"
        rows = [(said, self._words(said)) for said in event.said]
        return self._between(
            head, rows, f"that was from before, {where}; /history shows what is older"
        )

    def _found(self, event: SearchPage) -> list[StyledLine]:
        """What a search has found, each with its place."""
        what, more = _e(event.typed), "more " if event.on else ""
        if not event.said:
            return self._stamped(None, [[(NOTE, f"-- nothing {more}was found for: {what}")]])
        head = f"{_messages(len(event.said), more)} found for: {what}"
        rows = [(said, self._said(said, placed=True)) for said in event.said]
        which = "newer" if event.newer else "older"
        return self._between(
            head, rows, f"that was what was found; /search more looks for {which} ones"
        )

    def _between(
        self, head: str, rows: list[tuple[Said, StyledLine]], end: str
    ) -> list[StyledLine]:
        """Messages of long ago, between two lines that say so."""
        lines = self._stamped(None, [[(NOTE, f"-- {head}")]])
        self._day = None  # whatever day it is, it is told
        for said, row in rows:
            lines += self._stamped(said.time, [row]) + _further_rows(said.text)
        return lines + self._stamped(None, [[(NOTE, f"-- {end}")]])

    def _paused(self, event: SearchPaused) -> str:
        until = f"{self._local(event.until):%d %B %Y, %H:%M}"
        far = f"up to {until}" if event.newer else f"back to {until}"
        return f"the search took long and has looked only {far}; /search more goes on from there"

    def _local(self, time: datetime | None) -> datetime:
        """A time where we are; now for None."""
        now = self._clock()
        return time.astimezone(now.tzinfo) if time else now

    def _when(self, earlier: Earlier) -> str:
        """When something was said, beside what is told now."""
        if earlier.time is None:
            return ""
        local = self._local(earlier.time)
        today = local.date() == self._clock().date()
        return f"{local:%H:%M}" if today else f"{local:%d %B, %H:%M}"

    def _bodies(self, event: ClientEvent) -> list[StyledLine]:
        match event:
            case Said():
                return [self._said(event)]
            case Removed():
                return [[(NOTE, f"-- {self._removed(event)}")]]
            case SearchPaused():
                return [[(NOTE, f"-- {self._paused(event)}")]]
            case Reacted():
                return [[(NOTE, f"-- {self._reacted(event)}")]]
            case InquiryAnswer(verdict="FAIL" | "WARN", text=text):
                return [[(ALERT, f"!! {QUOTE}{_e(text)}")]]
            case InquiryAnswer(text=text) | Delayed(text):
                return [[(NOTE, f"-- {QUOTE}{_e(text)}")]]
            case Info(text, remote):
                return [[(NOTE, f"-- {line}")] for line in _rows(text, remote)]
            case Problem(text, remote):
                return [[(ALERT, f"!! {line}")] for line in _rows(text, remote)]
            case Rejected(target, text, reason):
                why = f"!! not sent to {_n(target)}: {_e(reason)}: "
                return [[(ALERT, why), ("", _beginning(text))]]
            case Unconfirmed(target, text, doubt):
                return [[(ALERT, f"!! to {_n(target)}, {doubt.value}: "), ("", _beginning(text))]]
        note = _note(event)
        return [[(NOTE, f"-- {note}")]] if note else []

    def _said(self, event: Said, *, placed: bool = False) -> StyledLine:
        """placed: whether its channel is told also when it is the only one."""
        line: StyledLine = [(NOTE, "(missed) ")] if event.missed else []
        if not _is_channel(event.target):
            private = f"(to {_n(event.target)}) " if event.mine else "(private) "
            line.append((NOTE, private))
        elif placed or self._channels() > 1 or not _is_whole(event.target):
            line.append(("", f"{_n(event.target)} "))
        return line + self._words(event)

    def _words(self, event: Said) -> StyledLine:
        """Who, and what: the first row of it."""
        name = _n(event.nick) or "server"
        style = colour_of(event.nick)
        before, after = {
            TextKind.MESSAGE: ("<", "> "),
            TextKind.NOTICE: ("-", "- "),
            TextKind.ACTION: ("* ", " "),
        }[event.kind]
        if event.answers:
            after += f"(to {self._of(event.answers)}) "
        first = event.text.partition("\n")[0]
        return [
            ("", before),
            (style, name),
            ("", after),
            ("", escape_text(first, MAX_SEVERAL)),
        ]

    def _of(self, earlier: Earlier) -> str:
        """Whose message, and of when."""
        return f"{_n(earlier.nick)} {self._when(earlier)}".rstrip()

    def _removed(self, event: Removed) -> str:
        by, about = _n(event.by), event.about
        where = f" in {_n(event.target)}" if _is_channel(event.target) else ""
        reason = f" ({_e(event.reason)})" if event.reason else ""
        if about is None:
            return f"{by} removed a message{where}{reason}"
        own = same(about.nick, event.by)
        whose = "their own message" if own else f"the message of {_n(about.nick)}"
        when = f" of {self._when(about)}" if about.time else ""
        return f"{by} removed {whose}{when}{where}{reason}"

    def _reacted(self, event: Reacted) -> str:
        what = "no more reacts with" if event.ended else "reacts with"
        about = f" to {self._of(event.about)}" if event.about else ""
        where = f" in {_n(event.target)}" if _is_channel(event.target) else ""
        return f"{_n(event.nick)} {what} {_e(event.reaction)}{about}{where}"


def _e(text: str) -> str:
    return escape_text(text)


def _n(name: str) -> str:
    return escape_name(name)


def _is_channel(target: str) -> bool:
    """A channel, or those of some rank in it: @#lobby (STATUSMSG)."""
    return _is_whole(target) or target.lstrip(DEFAULT_PREFIXES).startswith("#")


def _is_whole(target: str) -> bool:
    return target.startswith("#") or (target.startswith("&") and "#" not in target)


def _beginning(text: str) -> str:
    """A text of ours in one row, so that it is known again."""
    first, *rest = text.split("\n")
    return f"{_e(first)} … (of {len(rest) + 1} lines)" if rest else _e(first)


def _messages(count: int, more: str = "") -> str:
    return f"1 {more}message" if count == 1 else f"{count} {more}messages"


def _place(target: str) -> str:
    """In a channel, or with a person."""
    return f"in {_n(target)}" if _is_channel(target) else f"with {_n(target)}"


def _further_rows(text: str) -> list[StyledLine]:
    """The second and later rows of a message of several lines."""
    kept = text[:MAX_SEVERAL]
    rows = kept.split("\n")[1:]
    if len(kept) < len(text) or len(rows) > MAX_ROWS:
        rows = [*rows[:MAX_ROWS], "…"]
    return [[(NOTE, ROW), ("", escape(row))] for row in rows]


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
    from prompt_toolkit.utils import get_cwidth  # only here, as a script wraps nothing

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
