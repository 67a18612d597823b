"""A question whose answer is a batch of messages that were said some time ago.

Pure state of the receiving thread.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from securechat.client.session.batches import Batch
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.messages import Said
from securechat.client.session.labels import LABEL, Labels
from securechat.client.session.output import Output
from securechat.common.record import State, field
from securechat.irc.message import Message, format_message

PATIENCE = 30.0
"""Seconds after which an answer is no more waited for."""

# Messages of one answer that are kept; we never ask for more.
MOST = 1000

PENDING: Final = "what you have asked for before is still on its way"
LOST: Final = "what you have asked for was lost with the connection; ask again when it is back"


class Asked(State):
    """What was asked, at `since` seconds of a monotonic clock. reference: of the batch that
    answers, '' before that begins. label: by which the answer is known, '' where that is by what it
    looks like. said: what is to be shown of it.
    """

    since: float
    reference: str = ""
    label: str = ""
    said: list[Said] = field(default_factory=list)


class Asking(ABC):
    """Asks one question at a time, and gathers what comes.

    not_offered: what the person is told where the server can't answer. labels: of the session.
    """

    not_offered = ""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._open: Asked | None = None
        self._offered = False

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way."""
        return self._open is not None

    def restart(self, out: Output, *, offered: bool) -> None:
        """A new connection. offered: whether the server answers."""
        if self._open is not None:
            out.events.append(self._problem(LOST))
        self._open, self._offered = None, offered

    def _hindrance(self, now: float) -> str:
        """Why nothing can be asked now, '' for no reason."""
        if not self._offered:
            return self.not_offered
        # An answer that is late may come yet; then it is what is shown.
        waits = self._open is not None and now < self._open.since + PATIENCE
        return PENDING if waits else ""

    def begins(self, batch: Batch, label: str = "") -> None:
        """A batch has begun, which may be the answer. label: of what it answers."""
        asked = self._open
        if asked is None or asked.reference or asked.label != label:
            return
        if self._answers(batch):
            asked.reference = batch.reference

    def holds(self, batch: Batch | None) -> bool:
        """Whether a batch is, or is part of, the answer."""
        if self._open is None or batch is None or not self._open.reference:
            return False
        return self._open.reference in (batch.reference, batch.outer)

    def add(self, message: Message, said: Said) -> None:
        """A message of the answer."""
        if self._open is not None and len(self._open.said) < MOST and self._takes(message):
            self._open.said.append(said)

    def other(  # noqa: B027 - most answers have none
        self, message: Message, event: ClientEvent | None
    ) -> None:
        """Something in the answer that is no message. event: what it tells, None for nothing."""

    def ends(self, batch: Batch, now: float, out: Output) -> None:
        """A batch has ended, which may be the answer."""
        asked = self._open
        if asked is not None and asked.reference and asked.reference == batch.reference:
            self._open = None
            self._done(asked, now, out)

    def refused(self, message: Message, out: Output, label: str = "") -> bool:
        """A standard reply, or an error numeric; whether all that it says is told. label: of what
        it answers.
        """
        asked, params = self._open, message.params
        if asked is None or asked.label != label:
            return False
        if message.command == "421" and params[1:2] == [self._command]:
            self._open = None
            self._unknown(asked, out)
            return True
        if message.command == "FAIL" and params[:1] == [self._command]:
            self._open = None
            return self._tells(asked, message, out)
        return False

    def _line(self, asked: Asked, *params: str) -> str:
        """The line that asks. Raises ValueError when it can't be sent."""
        asked.label = self._labels.new()
        tags = {LABEL: asked.label} if asked.label else {}
        return format_message(self._command, *params, tags=tags)

    # -- what each question has of its own

    _command = ""

    @abstractmethod
    def _answers(self, batch: Batch) -> bool:
        """Whether a batch is one that answers what was asked."""

    @abstractmethod
    def _takes(self, message: Message) -> bool:
        """Whether a message of the answer is to be shown."""

    @abstractmethod
    def _done(self, asked: Asked, now: float, out: Output) -> None:
        """The answer is whole."""

    def _unknown(self, asked: Asked, out: Output) -> None:
        """The server doesn't know the command."""
        out.events.append(self._problem(self.not_offered))

    def _problem(self, text: str) -> ClientEvent:
        """What tells that there is no answer."""
        return Problem(text, remote=False)

    def _tells(self, asked: Asked, message: Message, out: Output) -> bool:
        """Tell of a refusal in own words; whether that was done."""
        return False
