"""What the person wants of the session: plain values that the input thread makes.

They aren't changed afterwards, so any thread may read them. What the session tells is in events.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class TextKind(StrEnum):
    """How a message is meant."""

    MESSAGE = "message"
    NOTICE = "notice"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Action:
    """Base of all actions."""


@dataclass(frozen=True, slots=True)
class Say(Action):
    """Send text to a channel or an account: a line of any length, or several with line feeds
    between them, which are one message where the server knows such.
    """

    target: str
    text: str
    kind: TextKind = TextKind.MESSAGE


@dataclass(frozen=True, slots=True)
class ServerCommand(Action):
    """Send a command whose answer is shown as it comes, such as JOIN or WHO."""

    name: str
    params: tuple[str, ...] = field(repr=False)  # for PASSWD and TOTP they are secrets


@dataclass(frozen=True, slots=True)
class AskPage(Action):
    """Show a page of a conversation: what was said before what is shown of it. count: messages."""

    target: str
    count: int


@dataclass(frozen=True, slots=True)
class AskSearch(Action):
    """Search in what was said. text: words, each of which is to be found. place: a channel or a
    person. sender: who has said it. after, before: times as of server-time. All of them '' for any.
    typed: what the person has typed.
    """

    text: str
    place: str = ""
    sender: str = ""
    after: str = ""
    before: str = ""
    typed: str = ""


@dataclass(frozen=True, slots=True)
class AskMore(Action):
    """Show the next page of the last search."""


@dataclass(frozen=True, slots=True)
class AskRange(Action):
    """Fetch messages for a program: the parameters of CHATHISTORY, such as ("AFTER", "#lobby",
    "msgid=…", "100"). https://ircv3.net/specs/extensions/chathistory
    """

    params: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Adopt(Action):
    """Log in with this token when the connection has to be replaced, and not by the password: that
    costs the server much more to check, and the code of a second factor is good once.
    """

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Quit(Action):
    """End the session once all that was said is stored.

    patience: seconds to wait for the echoes still to come before giving up on them.
    """

    reason: str = ""
    patience: float = 3.0
