"""Up to when each conversation is read, as the server keeps it for all devices of the account.

The server tells those of channels when it puts us into them. Those of people it is asked for when
it has told which conversations there are (CHATHISTORY TARGETS): a front that asks for these has to
ask for nothing else. Pure state of the receiving thread.
https://ircv3.net/specs/extensions/read-marker
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from securechat.client.session.actions import MarkRead
from securechat.client.session.events.messages import MarkedRead
from securechat.client.session.identity import fold
from securechat.client.session.shown import TIME, time_of
from securechat.irc.message import Message

CAPABILITY: Final = "draft/read-marker"

# Conversations with people whose markers are asked for, of those with the latest messages. Each is
# a line, and a person may say a hundred at once.
MOST_ASKED: Final = 50

# Markers remembered, of one connection; a hostile server tells them without end.
MAX_KNOWN: Final = 5000


class Markers:
    """Those of one connection. on: whether the server keeps them."""

    def __init__(self) -> None:
        self.on = False
        self._known: dict[str, str] = {}
        """Conversation, folded -> the time as server-time has it, '' for none."""

    def restart(self, *, on: bool) -> None:
        """A new connection."""
        self.on = on
        self._known.clear()

    def may(self, action: MarkRead) -> bool:
        """Whether a marker goes forward by an action, which is sent then."""
        key, known = fold(action.target), self._known.get(fold(action.target), "")
        # Of one form, so they compare like the times.
        if not self.on or not TIME.fullmatch(action.time) or action.time <= known:
            return False
        self._keep(key, action.time)
        return True

    def told(self, message: Message) -> MarkedRead:
        """A MARKREAD of the server; what it tells."""
        target, time = message.params[0], message.params[1].removeprefix("timestamp=")
        valid = TIME.fullmatch(time) is not None
        self._keep(fold(target), time if valid else "")
        return MarkedRead(target, time_of(time) if valid else None)

    def questions(self, targets: Iterable[str]) -> list[str]:
        """The people whose markers are to be asked for. targets: the conversations, the latest
        first.
        """
        if not self.on:
            return []
        people = [name for name in targets if name[:1] != "#" and fold(name) not in self._known]
        return people[:MOST_ASKED]

    def _keep(self, key: str, time: str) -> None:
        self._known[key] = max(time, self._known.get(key, ""))
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]
