"""What a program gets and gives: messages, and places in the history. Any thread may use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from securechat.client.exits import UsageError
from securechat.client.session.actions import TextKind
from securechat.client.session.events.messages import Said
from securechat.client.session.moments import server_time
from securechat.common.escape import escape_name, escape_text


@dataclass(frozen=True, slots=True)
class Message:
    """Somebody said something.

    conversation: the channel or the person, where an answer goes. text: as it came, perhaps of
    several lines; str() of the message is escaped and safe on a terminal. msgid: the server's id,
    '' for none. time: the server's, in UTC, None when it didn't tell. kind: "message", "notice" or
    "action". mine: our own account said it, here or elsewhere. bot: a bot said it. reply: the msgid
    of what it answers, '' for nothing. tags: as they came.
    """

    conversation: str
    sender: str
    text: str
    msgid: str = ""
    time: datetime | None = None
    kind: TextKind = TextKind.MESSAGE
    mine: bool = False
    bot: bool = False
    reply: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        where = escape_name(self.conversation)
        return f"{where} <{escape_name(self.sender)}> {escape_text(self.text)}"


Place = Message | datetime | str
"""A place in the history: a message, a time (a naive one is local), or a msgid."""


def message_of(said: Said) -> Message:
    """What the session tells, as a program gets it."""
    return Message(
        said.conversation or said.target,
        said.nick,
        said.text,
        said.msgid,
        said.time,
        said.kind,
        said.mine,
        "bot" in said.tags,
        said.reply,
        said.tags,
    )


def msgid_of(message: Message | str) -> str:
    """The id of a message, or an id as it is. Raises UsageError for a message without one."""
    msgid = message.msgid if isinstance(message, Message) else message
    if not msgid or any(char.isspace() for char in msgid):
        raise UsageError("the message has no msgid: this server gives none")
    return msgid


def mark_of(place: Place | None) -> str:
    """A place as CHATHISTORY has it, '' for None. Raises UsageError."""
    if place is None:
        return ""
    if isinstance(place, datetime):
        return f"timestamp={time_of(place)}"
    return f"msgid={msgid_of(place)}"


def time_of(moment: datetime | None) -> str:
    """A time as the server writes it, '' for None. Raises UsageError."""
    if moment is None:
        return ""
    try:
        text = server_time(moment.astimezone(UTC))
    except (OverflowError, OSError):
        text = None
    if text is None:
        raise UsageError(f"{moment} is outside of all calendars")
    return text
