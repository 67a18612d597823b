"""The batches that the server has begun and not ended, and the messages of several lines in them.

Pure state of the receiving thread. https://ircv3.net/specs/extensions/batch
"""

from __future__ import annotations

from securechat.client.session.labels import LABEL
from securechat.client.session.multiline import CAPABILITY, Assembly
from securechat.common.record import State
from securechat.irc.message import Message

# Batches open at once. Servers open one after the other, and a hostile one never closes them.
MAX_BATCHES = 100

# A message of several lines is within a page of history: two. More is nobody's.
MAX_DEPTH = 4


class Batch(State):
    """A batch that has begun. kind: its type, without "draft/". params: what stands behind that.
    outer: the reference of the one that it is part of, '' for none. label: of what it answers.
    """

    reference: str
    kind: str
    params: list[str]
    outer: str
    label: str = ""
    assembly: Assembly | None = None


class Batches:
    """All open ones of a connection."""

    def __init__(self) -> None:
        self._open: dict[str, Batch] = {}

    def clear(self) -> None:
        """A new connection has none."""
        self._open.clear()

    def began(self, message: Message) -> Batch | None:
        """A BATCH line; the batch that it begins, None when it begins none."""
        sign, reference = message.params[0][:1], message.params[0][1:]
        if sign != "+" or len(message.params) < 2 or len(self._open) >= MAX_BATCHES:
            return None
        _, kind, *params = message.params
        outer, label = message.tags.get("batch", ""), message.tags.get(LABEL, "")
        batch = Batch(reference, kind.removeprefix("draft/"), params, outer, label)
        if kind == CAPABILITY:
            batch.assembly = Assembly(message)
        self._open[reference] = batch
        return batch

    def ended(self, message: Message) -> Batch | None:
        """A BATCH line; the batch that it ends, None when it ends none."""
        sign, reference = message.params[0][:1], message.params[0][1:]
        return self._open.pop(reference, None) if sign == "-" else None

    def of(self, message: Message) -> Batch | None:
        """The batch that a message stands in directly."""
        return self._open.get(message.tags.get("batch", ""))

    def within(self, message: Message, kind: str) -> Batch | None:
        """The batch of a kind that a message is part of, directly or not."""
        batch = self.of(message)
        for _ in range(MAX_DEPTH):  # a hostile server may have two contain each other
            if batch is None or batch.kind == kind:
                return batch
            batch = self._open.get(batch.outer)
        return None

    def label_of(self, message: Message) -> tuple[str, bool]:
        """The label of what a message answers, '' for none, and whether the answer is whole with
        it. To be asked before began() and ended().
        """
        own = message.tags.get(LABEL, "")
        batch, whole = self.of(message), bool(own) and message.command != "BATCH"
        if message.command == "BATCH" and message.params and message.params[0][:1] == "-":
            batch = self._open.get(message.params[0][1:])
            whole = batch is not None and bool(batch.label)
        for _ in range(MAX_DEPTH):
            if own or batch is None:
                break
            own, batch = batch.label, self._open.get(batch.outer)
        return own, whole
