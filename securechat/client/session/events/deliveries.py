"""What becomes of our own messages, see session/deliveries.py."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from securechat.client.session.actions import TextKind
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.common.record import field


class TooLong(Problem):
    """What was typed can't be sent as it is; it goes back to where it was typed."""


class Queued(ClientEvent):
    """A message of ours is on its way. id: by what the later events tell of it: that of its Say,
    and for each further piece of what is too long for one message one of its own, with the Say's as
    part_of. When the first piece is told again its text is the piece's.
    """

    id: int
    target: str
    text: str
    kind: TextKind = TextKind.MESSAGE
    reply: str = ""
    part_of: int = 0


class Stored(ClientEvent):
    """A message of ours is on the server's disk: its echo arrived. msgid, time: of the echo. id: of
    Queued.
    """

    target: str
    text: str
    msgid: str = field(default="", compare=False)
    time: datetime | None = field(default=None, compare=False)
    id: int = field(default=0, compare=False)


class Rejected(ClientEvent):
    """The server did not take a message of ours. id: of Queued."""

    target: str
    text: str
    reason: str
    id: int = field(default=0, compare=False)


class Doubt(StrEnum):
    """Why a message of ours is not known to be stored."""

    QUEUED = "waiting for the connection"
    SILENT = "not confirmed by the server"
    CUT = "not confirmed before the connection was lost"
    RESENT = "was not stored; sent again"
    ASKED = "not confirmed; sent again, and the server keeps one of them"
    UNSENT = "was not sent"
    UNKNOWN = "was never confirmed: it may be stored or not"


class Unconfirmed(ClientEvent):
    """A message of ours that isn't known to be stored, and why. id: of Queued."""

    target: str
    text: str
    doubt: Doubt
    id: int = field(default=0, compare=False)
