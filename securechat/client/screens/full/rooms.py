"""The list of conversations: channels, then people, then invitations. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from securechat.client.screens.full.cells import Row, spread
from securechat.client.session.identity import fold, same
from securechat.client.timeline.conversations import Conversations
from securechat.client.timeline.timeline import Timeline
from securechat.common.escape import escape_name
from securechat.common.language import _
from securechat.common.record import Record, field

HERE: Final = "▸"
"""Before the conversation that is shown."""

MENTION: Final = "@"
"""Before the count of messages that are for us."""

MOST: Final = 99
"""Of a count; more are told of as 99+."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)


class Entry(Record):
    """A row of the list. name: the conversation that it leads to, '' for none. invited: we are
    asked into it.
    """

    row: Row = field(default_factory=list)
    name: str = ""
    invited: bool = False


def in_order(conversations: Conversations) -> list[Timeline]:
    """The conversations that are listed: channels by their names, people by who spoke last."""
    listed = [one for one in conversations if _is_listed(one, conversations.here)]
    channels = sorted((one for one in listed if _is_channel(one)), key=lambda one: fold(one.name))
    people = sorted(
        (one for one in listed if not _is_channel(one)),
        key=lambda one: one.newest or _BEGINNING,
        reverse=True,
    )
    return [*channels, *people]


def neighbour(conversations: Conversations, step: int) -> str:
    """The conversation before or behind the one that is shown; '' when there is no other."""
    names = [one.name for one in in_order(conversations)]
    at = next((at for at, name in enumerate(names) if same(name, conversations.here)), None)
    if at is None:
        return names[0] if names else ""
    return names[(at + step) % len(names)] if len(names) > 1 else ""


def next_unread(conversations: Conversations) -> str:
    """Where to read on: what is for us first, then what waits for longest; '' for nothing."""
    waiting = [
        one
        for one in in_order(conversations)
        if one.unread and not same(one.name, conversations.here)
    ]
    waiting.sort(key=lambda one: (not one.mentions, one.newest or _BEGINNING))
    return waiting[0].name if waiting else ""


def entries(conversations: Conversations, width: int) -> list[Entry]:
    """The rows of the list, for so many cells."""
    listed = in_order(conversations)
    channels = [one for one in listed if _is_channel(one)]
    people = [one for one in listed if not _is_channel(one)]
    found: list[Entry] = [Entry([("heading", _("Channels"))])]
    found += [_entry(one, conversations.here, width) for one in channels]
    if people:
        found += [Entry(), Entry([("heading", _("People"))])]
        found += [_entry(one, conversations.here, width) for one in people]
    if conversations.invitations:
        found += [Entry(), Entry([("heading", _("Invitations"))])]
        for channel in conversations.invitations:
            row: Row = [("news", f"+ {escape_name(channel)}")]
            found.append(Entry(row, channel, invited=True))
    return found


def count(number: int, *, more: bool = False) -> str:
    """A number for a narrow place."""
    return f"{MOST}+" if number > MOST or more else str(number)


def _entry(timeline: Timeline, here: str, width: int) -> Entry:
    is_here = same(timeline.name, here)
    style = "here" if is_here else "news" if timeline.unread else "room"
    if _is_channel(timeline) and not timeline.joined and not is_here:
        style = "faint"
    left: Row = [(style, f"{HERE if is_here else ' '} {escape_name(timeline.name)}")]
    right: Row = []
    if timeline.mentions and _is_channel(timeline):
        right.append(("mention", f" {MENTION}{count(timeline.mentions)}"))
    if timeline.unread:
        number = count(timeline.unread, more=timeline.more_unread)
        right.append(("count" if _is_channel(timeline) else "mention", f" {number}"))
    return Entry(spread(left, right, width), timeline.name)


def _is_channel(timeline: Timeline) -> bool:
    return timeline.name.startswith("#")


def _is_listed(timeline: Timeline, here: str) -> bool:
    """A channel that we have left stays away, until something is to be read there."""
    if _is_channel(timeline):
        return timeline.joined or bool(timeline.unread) or same(timeline.name, here)
    return True
