"""What is said in conversations, and what is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from securechat.client.session.actions import TextKind
from securechat.client.session.events.base import ClientEvent
from securechat.common.record import Record, field


class Earlier(Record):
    """A message that others are about. time: the server's in UTC, None when it didn't tell."""

    nick: str
    time: datetime | None = None


class Said(ClientEvent):
    """Somebody, perhaps we ourselves, said something.

    target: the channel, or the account it was sent to. text: may have several lines. mine: it is
    from our account. time: the server's time in UTC, None when it didn't tell. missed: it was
    replayed, not live. answers: the message that it is a reply to, where that is known. mark: by
    what CHATHISTORY finds it, '' when it has neither id nor time. tags: as they came.
    conversation: the channel, or the person that we talk with.
    """

    target: str
    nick: str
    text: str
    kind: TextKind = TextKind.MESSAGE
    mine: bool = False
    time: datetime | None = None
    missed: bool = False
    answers: Earlier | None = None
    # For programs; to who reads it, two messages that look the same are the same.
    mark: str = field(default="", compare=False)
    tags: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    conversation: str = field(default="", compare=False)

    @property
    def msgid(self) -> str:
        """'' for none."""
        return self.tags.get("msgid", "")

    @property
    def reply(self) -> str:
        """The msgid of what it answers, '' for nothing."""
        return client_tag(self.tags, "reply")


class Removed(ClientEvent):
    """by took a message out of a conversation. about: which one, where that is known. msgid: its
    id. mark: as of Said, and of this event itself.
    """

    target: str
    by: str
    about: Earlier | None = None
    reason: str = ""
    time: datetime | None = None
    msgid: str = field(default="", compare=False)
    conversation: str = field(default="", compare=False)
    mark: str = field(default="", compare=False)


class Reacted(ClientEvent):
    """nick reacts to a message, or does so no more. about: as of Removed."""

    target: str
    nick: str
    reaction: str
    about: Earlier | None = None
    ended: bool = False
    time: datetime | None = None
    msgid: str = field(default="", compare=False)
    conversation: str = field(default="", compare=False)
    mine: bool = field(default=False, compare=False)
    mark: str = field(default="", compare=False)


class IsTyping(ClientEvent):
    """nick types in a conversation, or no more. paused: they have stopped, and not given up. The
    session has no clock for it: who shows it forgets it after typing.LASTS seconds, or PAUSED, and
    when nick says something or leaves.
    """

    conversation: str
    nick: str
    ended: bool = False
    paused: bool = False


class MarkedRead(ClientEvent):
    """All up to time is read, on this device or another one; None: nothing is."""

    target: str
    time: datetime | None


def client_tag(tags: Mapping[str, str], name: str) -> str:
    """A client-only tag, by its name of today or by that of its draft; '' for none."""
    return tags.get(f"+{name}") or tags.get(f"+draft/{name}", "")
