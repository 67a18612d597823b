"""Stretches of history that are asked for exactly: by a program, or by who shows whole
conversations.

Unlike pages.py all that comes is told, and several questions may wait: they are asked one after the
other. Pure state of the receiving thread. https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from collections import deque
from typing import Final

from securechat.client.session.actions import AskRange
from securechat.client.session.asking import MOST, PATIENCE, Asked, Asking
from securechat.client.session.batches import Batch
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Said
from securechat.client.session.labels import Labels
from securechat.client.session.output import Output
from securechat.client.session.shown import mark_of
from securechat.common.record import field
from securechat.irc.message import Message

NOT_OFFERED: Final = (
    "this server has no history that can be asked for (it doesn't offer draft/chathistory)"
)
BUSY: Final = "there is no connection now"
FULL: Final = "too much of the history is asked for already; wait until some of it has come"
SILENT: Final = "the server has not answered in time"

PASSING: Final = (BUSY, FULL, SILENT)
"""Problems that may be over when it is asked again."""

# Questions that wait for the one that is open: one for each conversation that a screen shows, and
# people have fewer. Each is some two hundred bytes.
MAX_WAITING: Final = 500


class _Range(Asked):
    """events: all that was told. targets: what TARGETS told."""

    asked: AskRange = field(default_factory=lambda: AskRange(()))
    events: list[ClientEvent] = field(default_factory=list)
    targets: list[tuple[str, str]] = field(default_factory=list)
    marks: tuple[str, str] | None = None


class Fetching(Asking):
    """One question after the other, in the order in which they come; each has its RangeTold, with
    BUSY as its problem when the connection is lost before.
    """

    not_offered = NOT_OFFERED
    _command = "CHATHISTORY"

    def __init__(self, labels: Labels) -> None:
        super().__init__(labels)
        self._range = _Range(0.0)
        self._questions: deque[AskRange] = deque()

    def restart(self, out: Output, *, offered: bool) -> None:
        """As of Asking."""
        self.lost(out)
        self._offered = offered

    def lost(self, out: Output) -> None:
        """The connection is gone."""
        waiting = [*([self._range.asked] if self._open else []), *self._questions]
        out.events += [RangeTold(asked, problem=BUSY) for asked in waiting]
        self._open = None
        self._questions.clear()

    def ask(self, action: AskRange, out: Output, *, online: bool) -> None:
        """Ask the server in its turn, by proceed()."""
        problem = ""
        if not online:
            problem = BUSY
        elif not self._offered:
            problem = NOT_OFFERED
        elif len(self._questions) >= MAX_WAITING:
            problem = FULL
        if problem:
            out.events.append(RangeTold(action, problem=problem))
        else:
            self._questions.append(action)

    def proceed(self, now: float, out: Output) -> None:
        """Give up what has had no answer, and ask what is next; now: seconds of a monotonic
        clock.
        """
        if self._open is not None and now >= self._open.since + PATIENCE:
            self._end(out, SILENT)
        while self._open is None and self._questions:
            action = self._questions.popleft()
            question = _Range(now, asked=action)
            try:
                out.lines.append(self._line(question, *action.params))
            except ValueError as error:  # a name that can't be sent
                out.events.append(RangeTold(action, problem=str(error)))
            else:
                self._open = self._range = question

    def deadline(self) -> float | None:
        """When proceed() is due, or None."""
        return self._open.since + PATIENCE if self._open is not None else None

    def add(self, message: Message, said: Said) -> None:
        """As of Asking."""
        self._mark(message)
        self._take(said)

    def other(self, message: Message, event: ClientEvent | None) -> None:
        """What has happened then, or a line of the answer to TARGETS."""
        params, targets = message.params, self._range.targets
        self._mark(message)
        if event is not None:
            self._take(event)
        elif message.command == "CHATHISTORY" and len(params) > 2 and len(targets) < MOST:
            targets.append((params[1], params[2]))

    def _mark(self, message: Message) -> None:
        if mark := mark_of(message):
            first, _ = self._range.marks or (mark, mark)
            self._range.marks = first, mark

    def _take(self, event: ClientEvent) -> None:
        if len(self._range.events) < MOST:
            self._range.events.append(event)

    def _answers(self, batch: Batch) -> bool:
        # Not by the target: a server may write the name of a person in another way.
        command = self._range.asked.params[:1]
        targets = command == ("TARGETS",)
        return batch.kind == ("chathistory-targets" if targets else "chathistory")

    def _takes(self, message: Message) -> bool:
        return True

    def _end(self, out: Output, problem: str = "") -> None:
        told, self._open = self._range, None
        events, targets = tuple(told.events), tuple(told.targets)
        out.events.append(RangeTold(told.asked, events, targets, problem, told.marks))

    def _done(self, asked: Asked, now: float, out: Output) -> None:
        self._end(out)

    def _unknown(self, asked: Asked, out: Output) -> None:
        self._end(out, NOT_OFFERED)

    def _tells(self, asked: Asked, message: Message, out: Output) -> bool:
        self._end(out, message.params[-1])
        return True
