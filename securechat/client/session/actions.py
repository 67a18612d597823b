"""What the person wants of the session: plain values that the input thread makes.

They aren't changed afterwards, so any thread may read them. What the session tells is in events/.
"""

from __future__ import annotations

import itertools
from enum import StrEnum

from securechat.common.record import Record, field

next_id = itertools.count(1).__next__
"""A number that nothing else has in this process. Any thread may call."""


class TextKind(StrEnum):
    """How a message is meant."""

    MESSAGE = "message"
    NOTICE = "notice"
    ACTION = "action"


class Action(Record):
    """Base of all actions."""


class Say(Action):
    """Send text to a channel or an account: a line of any length, or several with line feeds
    between them, which are one message where the server knows such.

    reply: the msgid of what it answers, '' for nothing. id: by what events tell of it.
    """

    target: str
    text: str
    kind: TextKind = TextKind.MESSAGE
    reply: str = ""
    id: int = field(default_factory=next_id, compare=False)


class React(Action):
    """React to a message, or do so no more. https://ircv3.net/specs/client-tags/react"""

    target: str
    msgid: str
    reaction: str
    ended: bool = False


class Redact(Action):
    """Take a message out of a conversation. .../extensions/message-redaction"""

    target: str
    msgid: str
    reason: str = ""


class Type(Action):
    """Tell the others that we are typing to target, or no more: to be submitted at each change of
    what is typed, as the session says it only as often as it should be said. ended: the text is
    empty again; not when it was sent. .../client-tags/typing
    """

    target: str
    ended: bool = False


class MarkRead(Action):
    """All up to this time is read. time: as of server-time. .../extensions/read-marker"""

    target: str
    time: str


class ServerCommand(Action):
    """Send a command whose answer is shown as it comes, such as JOIN or WHO."""

    name: str
    params: tuple[str, ...] = field(repr=False)  # for PASSWD and TOTP they are secrets


class SendLine(Action):
    """Send a line as it is, without CR, LF or NUL, for what no other action does."""

    line: str = field(repr=False)


class AskPage(Action):
    """Show a page of a conversation: what was said before what is shown of it. count: messages."""

    target: str
    count: int


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


class AskMore(Action):
    """Show the next page of the last search."""


class AskMentions(Action):
    """Find the newest messages that have our name in them, over all conversations."""


class AskRange(Action):
    """Fetch messages for a program: the parameters of CHATHISTORY, such as ("AFTER", "#lobby",
    "msgid=…", "100"). https://ircv3.net/specs/extensions/chathistory
    """

    params: tuple[str, ...]
    id: int = field(default_factory=next_id, compare=False)


class Adopt(Action):
    """Log in with this token when the connection has to be replaced, and not by the password: that
    costs the server much more to check, and the code of a second factor is good once.
    """

    token: str = field(repr=False)


class Quit(Action):
    """End the session once all that was said is stored.

    patience: seconds to wait for the echoes still to come before giving up on them.
    """

    reason: str = ""
    patience: float = 3.0


Question = AskPage | AskSearch | AskMore | AskMentions | AskRange
"""What is asked of the history, as soon as it may be."""

Command = ServerCommand | SendLine | React | Redact | Type | MarkRead
"""What is sent once there is a connection, in its turn with what is said."""
