"""A node's own turns, as the others are to hear of them. Hub thread only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from securechat.core.delivery import acknowledgements
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.channels import ChannelCreated, DirectOpened, Logged
from securechat.core.model.entities import Account
from securechat.core.nodes import telling
from securechat.core.nodes.encoding import body_text
from securechat.core.nodes.presence import AccountChange, Key, Presence, Row
from securechat.core.presence import online
from securechat.core.rules import Rules
from securechat.core.turn import CommandSpan, Turn

LOST = "Connection lost"
"""What others are told of those whose node is gone."""

Administered = Sequence[tuple[int, str, int | None]]
"""Changes of the administrator's: their numbers, kinds and accounts."""


class Telling(NamedTuple):
    """What a turn has for the others. text: its body; None where it has none. there, gone: what is
    to be stored of the sessions, for nodes that begin.
    """

    text: str | None
    there: Sequence[Row]
    gone: Sequence[Key]


class OwnTurns:
    """node: this one's epoch. In each turn: begin(), tell(), then was_stored() or was_refused()."""

    def __init__(self, rules: Rules, node: int) -> None:
        self._rules = rules
        self._model = rules.model
        self.presence = Presence(rules.model, node)
        self._before = (0, 0)
        self._touched: dict[Account, None] = {}
        self._changes: Sequence[AccountChange] = ()
        self._carried: list[telling.Body] = []
        """What was said to sessions at other nodes in turns that could not be stored."""

    def begin(self) -> None:
        """All turns of the others are taken up, and none of theirs comes before the end of this."""
        self._before = self._model.last_seq, self._model.last_target

    def depart(self, turn: Turn, nodes: Iterable[int]) -> None:
        """Some nodes are gone, and with them all who were there."""
        for session in self.presence.of_nodes(nodes):
            self._rules.closed(turn, session, LOST)
            self._model.closing -= session in self._model.sessions
        online.end_orphans(turn, LOST)

    def tell(
        self, turn: Turn, failed: Sequence[CommandSpan], administered: Administered
    ) -> Telling:
        """What is to be stored with the turn's events. failed: its spans that could not be, which
        are taken back already.
        """
        self._touched |= turn.touched
        events = _stored(turn, failed)
        self._count_again(turn, events)
        self._changes = changes = self.presence.changes(self._touched, turn)
        body = telling.told(turn, self.presence, events, changes, administered)
        gone = [key for change in changes for key in change.gone]
        return Telling(_joined([*self._carried, body]), self.presence.rows(changes), gone)

    def was_stored(self, turn: Turn) -> None:
        """The others hear of it."""
        self._model.committed_seq = self._model.last_seq
        self.presence.told(self._changes)
        self._touched.clear()
        self._carried.clear()
        self._end(turn)

    def was_refused(self, turn: Turn) -> None:
        """Nothing of it is stored, and all its spans are taken back. What has changed nothing is
        done all the same, and told with the next turn.
        """
        self._touched |= turn.touched  # by what took it back, too
        self._count_again(turn, [])
        self._model.committed_seq = self._model.last_seq
        self._carried.append(telling.told(turn, self.presence, [], [], []))
        self._end(turn)

    @property
    def refused(self) -> int:
        """So many turns in a row could not be stored."""
        return len(self._carried)

    def _end(self, turn: Turn) -> None:
        for closing in turn.closings:
            if not closing.session.is_here:
                self.presence.forget(closing.session)
        self.presence.end_turn()

    def _count_again(self, turn: Turn, events: Sequence[JournalEvent]) -> None:
        """What is not stored has no number: another node gives it to something else."""
        seq, target = self._before
        model = self._model
        newest = next((one.seq for one in reversed(events) if isinstance(one, Logged)), seq)
        if newest != model.last_seq:
            model.last_seq = newest
            acknowledgements.ask_again(turn)
        if model.last_target != target:
            # A channel that was closed in the same turn has its number all the same.
            made = (one.id for one in events if isinstance(one, ChannelCreated | DirectOpened))
            model.last_target = max(made, default=target)


def _stored(turn: Turn, failed: Iterable[CommandSpan]) -> list[JournalEvent]:
    """The events of a turn but those of spans that could not be stored."""
    gone = {at for span in failed for at in range(span.start.events, span.end.events)}
    return [event for at, event in enumerate(turn.events) if at not in gone]


def _joined(bodies: Sequence[telling.Body]) -> str | None:
    """Several bodies as one; None where there is nothing in them."""
    if not any(part for body in bodies for part in body.values()):
        return None
    whole: dict[str, list[object]] = {}
    for body in bodies:
        for key, part in body.items():
            whole.setdefault(key, []).extend(part)
    return body_text(whole)
