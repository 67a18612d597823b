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
    Overrun,
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
    TopicIs,
    Unconfirmed,
)
from securechat.client.session.identity import fold, same
from securechat.client.text.lines import INDENT, StyledLine
from securechat.common.escape import escape, escape_name, escape_text
from securechat.common.language import _, ngettext, translated

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

    clock: the time now, aware, in the zone to show. placed: whether its channel is told of each
    message; else only while we are in several.
    """

    def __init__(self, clock: Callable[[], datetime], *, placed: bool = False) -> None:
        self._clock = clock
        self._placed = placed
        self._channels: set[str] = set()
        """Those we are in, folded, as the events tell: the session may have gone on since."""
        self._day: date | None = clock().date()

    def render(self, event: ClientEvent) -> list[StyledLine]:
        """The lines for an event; none for one that needs no showing."""
        if isinstance(event, Joined) and event.mine:
            self._channels.add(fold(event.channel))
        elif isinstance(event, Left) and event.mine and event.channel is not None:
            self._channels.discard(fold(event.channel))
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
        return [[(NOTE, _("--- {day:%A, %d %B %Y} ---").format(day=local))], *lines]

    def _page(self, event: HistoryPage) -> list[StyledLine]:
        """What was said, between two lines that tell that it is no news."""
        where, count = _place(event.target), len(event.said)
        if not count:
            nothing = _("there is nothing to read {where}").format(where=where)
            if not event.first:
                nothing = _("there is nothing older to read {where}").format(where=where)
            return self._stamped(None, [[(NOTE, f"-- {nothing}")]])
        head = ngettext(
            "{count} message from before, {where}:", "{count} messages from before, {where}:", count
        ).format(count=count, where=where)
        rows = [(said, self._words(said)) for said in event.said]
        end = _("that was from before, {where}; /history shows what is older").format(where=where)
        return self._between(head, rows, end)

    def _found(self, event: SearchPage) -> list[StyledLine]:
        """What a search has found, each with its place."""
        what, count = _e(event.typed), len(event.said)
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

    def _paused(self, event: SearchPaused) -> str:
        text = _(
            "the search took long and has looked only back to {until:%d %B %Y, %H:%M}; /search "
            "more goes on from there"
        )
        if event.newer:
            text = _(
                "the search took long and has looked only up to {until:%d %B %Y, %H:%M}; /search "
                "more goes on from there"
            )
        return text.format(until=self._local(event.until))

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
        return f"{local:%H:%M}" if today else _("{time:%d %B, %H:%M}").format(time=local)

    def _bodies(self, event: ClientEvent) -> list[StyledLine]:
        match event:
            case Said():
                return [self._said(event)]
            case Removed():
                return [[(NOTE, f"-- {self._removed(event)}")]]
            case Overrun(count):
                return [[(ALERT, f"!! {_overrun(count)}")]]
            case SearchPaused():
                return [[(NOTE, f"-- {self._paused(event)}")]]
            case Reacted():
                return [[(NOTE, f"-- {self._reacted(event)}")]]
            case InquiryAnswer(verdict="FAIL" | "WARN", text=text):
                return [[(ALERT, f"!! {_quoted(text)}")]]
            case InquiryAnswer(text=text) | Delayed(text):
                return [[(NOTE, f"-- {_quoted(text)}")]]
            case Info(text, remote):
                return [[(NOTE, f"-- {line}")] for line in _rows(text, remote)]
            case Problem(text, remote):
                return [[(ALERT, f"!! {line}")] for line in _rows(text, remote)]
            case Rejected(target, text, reason):
                why = _("not sent to {target}: {reason}: ")
                why = why.format(target=_n(target), reason=_e(translated(reason)))
                return [[(ALERT, f"!! {why}"), ("", _beginning(text))]]
            case Unconfirmed(target, text, doubt):
                why = _("to {target}, {doubt}: ")
                why = why.format(target=_n(target), doubt=translated(doubt.value))
                return [[(ALERT, f"!! {why}"), ("", _beginning(text))]]
        note = _note(event)
        return [[(NOTE, f"-- {note}")]] if note else []

    def _said(self, event: Said, *, placed: bool = False) -> StyledLine:
        """placed: whether its channel is told also when it is the only one."""
        line: StyledLine = [(NOTE, _("(missed) "))] if event.missed else []
        if not _is_channel(event.target):
            private = _("(private) ")
            if event.mine:
                private = _("(to {name}) ").format(name=_n(event.target))
            line.append((NOTE, private))
        elif placed or self._placed or len(self._channels) > 1 or not _is_whole(event.target):
            line.append(("", f"{_n(event.target)} "))
        return line + self._words(event)

    def _words(self, event: Said) -> StyledLine:
        """Who, and what: the first row of it."""
        name = _n(event.nick) or _("server")
        style = colour_of(event.nick)
        before, after = {
            TextKind.MESSAGE: ("<", "> "),
            TextKind.NOTICE: ("-", "- "),
            TextKind.ACTION: ("* ", " "),
        }[event.kind]
        if event.answers:
            after += _("(to {name}) ").format(name=self._of(event.answers))
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
        reason = f" ({_e(event.reason)})" if event.reason else ""
        rest = _in(event.target) + reason
        if about is None:
            return _("{name} removed a message").format(name=by) + rest
        own = same(about.nick, event.by)
        text = (
            _("{name} removed their own message")
            if own
            else _("{name} removed the message of {author}")
        )
        when = _(" of {time}").format(time=self._when(about)) if about.time else ""
        return text.format(name=by, author=_n(about.nick)) + when + rest

    def _reacted(self, event: Reacted) -> str:
        text = _("{name} reacts with {reaction}")
        if event.ended:
            text = _("{name} no more reacts with {reaction}")
        about = _(" to {message}").format(message=self._of(event.about)) if event.about else ""
        text = text.format(name=_n(event.nick), reaction=_e(event.reaction))
        return text + about + _in(event.target)


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
    more = _(" … (of {count} lines)").format(count=len(rest) + 1) if rest else ""
    return _e(first) + more


def _overrun(count: int) -> str:
    return ngettext(
        "{count} line was not shown, as the terminal stood still; /history has what was said",
        "{count} lines were not shown, as the terminal stood still; /history has what was said",
        count,
    ).format(count=count)


def _found_head(count: int, *, on: bool) -> str:
    if on:
        text = ngettext(
            "{count} more message found for: ", "{count} more messages found for: ", count
        )
    else:
        text = ngettext("{count} message found for: ", "{count} messages found for: ", count)
    return text.format(count=count)


def _in(target: str) -> str:
    """In a channel; nothing of a person."""
    return _(" in {channel}").format(channel=_n(target)) if _is_channel(target) else ""


def _place(target: str) -> str:
    """In a channel, or with a person."""
    text = _("in {channel}") if _is_channel(target) else _("with {channel}")
    return text.format(channel=_n(target))


def _quoted(text: str) -> str:
    """The server's words, marked as such; ours for them where we know them."""
    known = translated(text)
    if known == text:  # a numeric has what it is about before its text
        about, space, rest = text.partition(" ")
        known = about + space + translated(rest)
    return _("server: ") + _e(known)


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
        return [_quoted(text)]
    return [escape(row) for row in translated(text).split("\n")]


def _note(event: ClientEvent) -> str:
    match event:
        case Joined(channel, nick, mine):
            text = _("you are in {channel}") if mine else _("{name} joined {channel}")
            return text.format(channel=_n(channel), name=_n(nick))
        case Left():
            return _left(event)
        case TopicIs(channel, topic, by):
            text = _("{name} set the topic of {channel}: ") if by else _("topic of {channel}: ")
            return text.format(name=_n(by or ""), channel=_n(channel)) + _e(topic)
        case NamesAre(channel, names):
            shown = " ".join(map(_n, names[:NAMES_SHOWN]))
            text = _("in {channel} ({count}): ").format(channel=_n(channel), count=len(names))
            more = len(names) - NAMES_SHOWN
            return text + shown + (_(" and {more} more").format(more=more) if more > 0 else "")
        case Ready(nick, again):
            text = _("the connection is back") if again else _("you are logged in as {name}")
            return text.format(name=_n(nick))
        case Lost(reason, seconds):
            text = _("the connection is lost ({reason}); trying again in {seconds:.0f} s")
            return text.format(reason=_e(translated(reason)), seconds=seconds)
        case Renamed(old, new):
            return _("{old} is now {new}").format(old=_n(old), new=_n(new))
        case Invited(by, channel):
            text = _("{name} invites you to {channel}; enter with /join {channel}")
            return text.format(name=_n(by), channel=_n(channel))
        case ModesSet(by, channel, change):
            text = _("{name} sets {modes} in {channel}")
            return text.format(name=_n(by), modes=_e(" ".join(change)), channel=_n(channel))
        case PersonIs():
            return _person(event)
    return ""


def _person(event: PersonIs) -> str:
    alias = f" ({_e(event.real_name)})" if event.real_name not in ("", event.nick) else ""
    where = _(" in {channel}").format(channel=_n(event.channel)) if event.channel else ""
    return _n(event.nick) + alias + where + (_(", away") if event.away else "")


def _left(event: Left) -> str:
    who = _n(event.nick)
    # The server puts "Quit: " before every farewell, also before none.
    reason = f" ({_e(event.reason)})" if event.reason.strip() not in ("", "Quit:") else ""
    if event.channel is None:
        text = _("you went away") if event.mine else _("{name} went away")
        return text.format(name=who) + reason
    channel = _n(event.channel)
    if event.by and not same(event.by, event.nick):
        text = _("{name} was removed from {channel} by {by}")
        if event.mine:
            text = _("you were removed from {channel} by {by}")
        return text.format(name=who, channel=channel, by=_n(event.by)) + reason
    text = _("you left {channel}") if event.mine else _("{name} left {channel}")
    return text.format(name=who, channel=channel) + reason
