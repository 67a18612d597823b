"""Rows of lists: a place, a message that is somewhere else, a channel of the server. Pure.

A row is a list of (style name, text); the names are those of look.py. Remote text is escaped here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from securechat.client.screens.composer import CHANNEL_SIGN
from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import name_style
from securechat.client.screens.full.views.choices import Choice, Doing
from securechat.client.session.events.messages import Said
from securechat.client.session.identity import fold
from securechat.client.timeline.mentions import Mention
from securechat.common.escape import escape_name, escape_text
from securechat.common.language import _
from securechat.common.record import Record

# Characters shown of a text in a list: two or three rows of it.
BEGINNING: Final = 160

# Characters before the first word that was found.
_BEFORE: Final = 40

MOST_COUNTED: Final = 999


class Place(Record):
    """A message in its conversation. key: as of the timeline's item; mark: by what CHATHISTORY
    finds it, '' where it can't be found there.
    """

    conversation: str
    key: str
    mark: str


def place_of(said: Said) -> Place:
    """Where something was said."""
    return Place(said.conversation or said.target, said.msgid, said.mark)


def choice_row(choice: Choice) -> Row:
    """A place in the switcher."""
    name = escape_name(choice.name)
    row: Row = []
    if choice.doing is Doing.JOIN:
        row.append(("faint", _("join ")))
    elif choice.doing is Doing.WRITE:
        row.append(("faint", _("write to ")))
    row.append(("news" if choice.unread else "room", name))
    if choice.mentions:
        row.append(("mention", f" @{counted(choice.mentions)}"))
    if choice.unread:
        more = "+" if choice.more_unread else ""
        row.append(("count", f" {counted(choice.unread)}{more}"))
    if choice.here:
        row.append(("faint", _(" (you are here)")))
    if choice.by:
        row.append(("note", _(" {name} invites you").format(name=escape_name(choice.by))))
    elif not choice.known and choice.doing is Doing.JOIN:
        row.append(("note", _(" made anew, if there is none")))
    elif choice.topic:
        row.append(("faint", f"  {beginning(choice.topic)}"))
    return row


def mention_row(mention: Mention, now: datetime) -> Row:
    """A message that is for us."""
    message = mention.message
    head = _head(message.time, mention.conversation, message.nick, now)
    if message.removed_by:
        return [*head, ("removed", _("(removed)"))]
    return [*head, ("text", beginning(message.text))]


def hit_row(said: Said, words: Sequence[str], now: datetime) -> Row:
    """A message that was found; words: what was looked for."""
    head = _head(said.time, said.conversation or said.target, said.nick, now)
    return [*head, *emphasised(said.text, words)]


def channel_row(name: str, members: int, topic: str, *, joined: bool) -> Row:
    """A channel of the server's list."""
    row: Row = [("news" if joined else "room", escape_name(name)), ("count", f" {members}")]
    if joined:
        row.append(("faint", _(" (you are in it)")))
    if topic:
        row.append(("topic", f"  {beginning(topic)}"))
    return row


def emphasised(text: str, words: Iterable[str]) -> Row:
    """The part of a text in which words are, with them."""
    shown = " ".join(escape_text(row) for row in text.split("\n"))
    found = _finder(words)
    first = found.search(shown) if found else None
    start = max(0, first.start() - _BEFORE) if first and len(shown) > BEGINNING else 0
    end = start + BEGINNING
    part = ("…" if start else "") + shown[start:end] + ("…" if end < len(shown) else "")
    row: Row = []
    at = 0
    for match in found.finditer(part) if found else ():
        row += [("text", part[at : match.start()]), ("found", match[0])]
        at = match.end()
    return [piece for piece in [*row, ("text", part[at:])] if piece[1]]


def beginning(text: str) -> str:
    """The beginning of a text, in one row."""
    return escape_text(" ".join(text[: 2 * BEGINNING].split()), BEGINNING)


def counted(number: int) -> str:
    """A number that has room."""
    return str(number) if number <= MOST_COUNTED else f"{MOST_COUNTED}+"


def moment_of(time: datetime | None, now: datetime) -> str:
    """When it was, where we are; days as they are typed to jump there."""
    if time is None:
        return "--:--"
    local = time.astimezone(now.tzinfo)
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M}"


def looked_until(until: datetime) -> str:
    """The server has looked only as far as this, aware."""
    text = _("the server has looked only as far as {until:%Y-%m-%d %H:%M}")
    return text.format(until=until.astimezone())


def _head(time: datetime | None, conversation: str, nick: str, now: datetime) -> Row:
    """When, where and who."""
    row: Row = [("time", f"{moment_of(time, now)} ")]
    if conversation.startswith(CHANNEL_SIGN) or fold(conversation) != fold(nick):
        row.append(("room", f"{escape_name(conversation)} "))
    return [*row, (name_style(nick), f"{escape_name(nick)} ")]


def _finder(words: Iterable[str]) -> re.Pattern[str] | None:
    """What finds the words, each where a word begins."""
    wanted = sorted({word for word in words if word}, key=len, reverse=True)
    if not wanted:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wanted))})", re.IGNORECASE)
