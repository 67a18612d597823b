"""Messages that a program asks for: `securechat history`, and `tail` after a lost connection.

Unlike pages.py it is asked for exactly what is wanted, and all that comes is told. Pure state of
the receiving thread. https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from securechat.client.session.actions import AskRange
from securechat.client.session.asking import MOST, Asked, Asking
from securechat.client.session.batches import Batch
from securechat.client.session.events import Output, RangeTold
from securechat.irc.message import Message, format_message

NOT_OFFERED: Final = (
    "this server has no history that can be asked for (it doesn't offer draft/chathistory)"
)
BUSY: Final = "there is no connection, or another question is open"

_KINDS: Final = ("chathistory", "chathistory-targets")


@dataclass(slots=True)
class _Range(Asked):
    """targets: what TARGETS told."""

    asked: AskRange = field(default_factory=lambda: AskRange(()))
    targets: list[tuple[str, str]] = field(default_factory=list)


class Fetching(Asking):
    """One question at a time; each has its RangeTold, unless the connection is lost before."""

    not_offered = NOT_OFFERED
    _command = "CHATHISTORY"

    def __init__(self) -> None:
        super().__init__()
        self._range = _Range(0.0)

    def restart(self, out: Output, *, offered: bool) -> None:
        """As of Asking. Who has asked asks anew, as they hear of the new connection."""
        self._open, self._offered = None, offered

    def ask(self, action: AskRange, now: float, out: Output, *, online: bool) -> None:
        """Ask the server; now: seconds of a monotonic clock."""
        if not online or self._open is not None:
            out.events.append(RangeTold(action, problem=BUSY))
        elif not self._offered:
            out.events.append(RangeTold(action, problem=NOT_OFFERED))
        else:
            try:
                out.lines.append(format_message("CHATHISTORY", *action.params))
            except ValueError as error:  # a name that can't be sent
                out.events.append(RangeTold(action, problem=str(error)))
            else:
                self._open = self._range = _Range(now, asked=action)

    def other(self, message: Message) -> None:
        """A line of the answer to TARGETS."""
        params = message.params
        told = self._range.targets
        if message.command == "CHATHISTORY" and len(params) > 2 and len(told) < MOST:
            told.append((params[1], params[2]))

    def _answers(self, batch: Batch) -> bool:
        return batch.kind in _KINDS

    def _takes(self, message: Message) -> bool:
        return True

    def _done(self, asked: Asked, now: float, out: Output) -> None:
        told = self._range
        out.events.append(RangeTold(told.asked, tuple(told.said), tuple(told.targets)))

    def _unknown(self, asked: Asked, out: Output) -> None:
        out.events.append(RangeTold(self._range.asked, problem=NOT_OFFERED))

    def _tells(self, asked: Asked, message: Message, out: Output) -> bool:
        out.events.append(RangeTold(self._range.asked, problem=message.params[-1]))
        return True
