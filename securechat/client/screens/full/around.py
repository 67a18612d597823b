"""The lines around the timeline: header, typing line, footer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from securechat.client.screens.full.cells import Row, cut, row_cells, spread
from securechat.client.timeline.conversations import Conversations
from securechat.client.timeline.timeline import Timeline
from securechat.common.escape import escape_name, escape_text
from securechat.common.language import _, ngettext, translated

TYPING_NAMES: Final = 3
"""Names of who is typing; more of them are counted."""


def header(conversations: Conversations, people: int, now: float, width: int) -> Row:
    """Where we are, what it is about, how many are there, and whether there is a connection. now:
    seconds of a monotonic clock.
    """
    timeline = conversations.get(conversations.here) if conversations.here else None
    left: Row = [("heading", escape_name(timeline.name) if timeline is not None else "securechat")]
    if timeline is not None and is_outside(timeline):
        left.append(("faint", "  " + _("you are not in this channel")))
    elif timeline is not None and timeline.topic:
        left.append(("topic", f"  {escape_text(timeline.topic)}"))
    if not conversations.online:
        return spread(left, offline(conversations, now, width), width)
    right: Row = []
    if people:
        told = ngettext("{count} person", "{count} people", people).format(count=people)
        right.append(("faint", f"  {told}"))
    return spread(left, right, width)


def is_outside(timeline: Timeline) -> bool:
    """Whether it is a channel that we aren't in: nobody there reads what we type."""
    return timeline.name.startswith("#") and not timeline.joined


def hint(timeline: Timeline) -> str:
    """What stands where nothing is typed."""
    text = _("Write to {name}")
    if is_outside(timeline):
        text = _("You are not in {name}: /join enters it")
    return text.format(name=escape_name(timeline.name))


def offline(conversations: Conversations, now: float, width: int) -> Row:
    """Why there is no connection, and when the next attempt is."""
    left = round(conversations.retry_at - now)
    again = _("connecting …")
    if left > 0:
        again = ngettext("again in {count} second", "again in {count} seconds", left)
        again = again.format(count=left)
    head = "  " + _("offline")
    row: Row = [("offline", head), ("faint", f", {again}")]
    if conversations.lost:
        reason = escape_text(translated(conversations.lost))
        room = width // 2 - row_cells(row) - 2
        if room > len(head):
            row.insert(1, ("faint", f": {cut(reason, room)}"))
    return row


def typing(nicks: Sequence[str]) -> Row:
    """Who is typing."""
    if not nicks:
        return []
    names = [escape_name(nick) for nick in nicks[:TYPING_NAMES]]
    if len(nicks) > TYPING_NAMES:
        text = ngettext("{count} person is typing", "{count} people are typing", len(nicks))
        return [("typing", text.format(count=len(nicks)))]
    if len(names) == 1:
        return [("typing", _("{nick} is typing").format(nick=names[0]))]
    both = _("{nicks} and {nick} are typing").format(nicks=", ".join(names[:-1]), nick=names[-1])
    return [("typing", both)]


def footer(keys: Sequence[tuple[str, str]], width: int) -> Row:
    """Keys with what they do, as many as there is room for; the last one is always there."""
    *some, last = keys
    row: Row = []
    room = width - row_cells(_key(*last))
    for key in some:
        part = _key(*key)
        if row_cells(part) > room:
            break
        row += part
        room -= row_cells(part)
    return row + _key(*last)


def _key(key: str, what: str) -> Row:
    return [("key", key), ("faint", f" {what}  ")]
