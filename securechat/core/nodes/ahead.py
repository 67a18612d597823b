"""What a turn says before it has taken up what the other nodes have done.

Messages of different nodes seldom have to do with each other. So the rules run on them before the
turn has the head of the database, and the others need not wait for that. Once it has the head, and
all that was before it, what was said gets its place behind that (a rebase). Only where others have
changed something that counts for who says what to whom, the rules run again. This is optimistic
concurrency control; all but messages waits for the head as before.

In each turn: run() for some lines, set_aside(), look() at each turn of the others, then apply(), or
discard() where `holds` is false. Hub thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from securechat.core.delivery.labels import Tagged
from securechat.core.delivery.line import Line, MessageId
from securechat.core.journal.appliers.channels import log_entry
from securechat.core.journal.events.accounts import (
    CertificateUsed,
    Delivered,
    MessageKeyed,
    ReadMarked,
    TokenUsed,
    UsageCounted,
    UsageUpto,
)
from securechat.core.journal.events.channels import Logged
from securechat.core.model.entities import Session
from securechat.core.model.states import State
from securechat.core.nodes.following import SAID
from securechat.core.turn import Turn

COMMANDS = (b"PRIVMSG ", b"NOTICE ", b"TAGMSG ")

NEUTRAL_PARTS = frozenset({"v", "events", "said"})
"""Of a body: one that has nothing else changes nobody's presence, and no limit."""

NEUTRAL_EVENTS = frozenset(
    kind.__name__
    for kind in (Delivered, ReadMarked, TokenUsed, CertificateUsed, UsageCounted, UsageUpto)
)
"""Those by which nobody may say more or less than before, or to others."""

KEPT = frozenset({Logged, MessageKeyed})
"""Events that may get another place; a line that brings up others waits for the head."""

SENDER, KIND = Logged._fields.index("sender"), Logged._fields.index("kind")

_new = tuple.__new__
"""As in core.turn: for those that every message needs."""


class Ahead:
    """turn: with nothing in it yet. line: runs a line of a session, as Rules.line()."""

    def __init__(self, turn: Turn, line: Callable[[Turn, Session, bytes], None]) -> None:
        self._turn = turn
        self._model = turn.model
        self._line = line
        self._upto = turn.model.last_seq
        """Newer entries are this turn's."""
        self._refused = turn.model.refused.copy()
        self._accounts: set[int] = set()
        self._lines: list[tuple[Session, bytes]] = []
        self.holds = True
        """Whether what was said is what would be said now."""

    def run(self, turn: Turn, session: Session, raw: bytes) -> bool:
        """Run a line. False where it is to be run when the turn has the head, as it does something
        else than to say something.
        """
        if not _only_says(session, raw):
            return False
        model = self._model
        start, charges = turn.savepoint(), len(turn.charges)
        numbers = model.last_seq, model.last_target
        try:
            self._line(turn, session, raw)
            only_says = all(type(one) in KEPT for one in turn.events[start.events :])
        except Exception:  # a bug, which comes up again with the head, and is dealt with there
            only_says = False
        if only_says:
            self._accounts.add(session.who.id)
            self._lines.append((session, raw))
            return True
        # Such as the first message between two, which opens their conversation.
        self._uncount(turn.events[start.events :])
        turn.roll_back(start)
        del turn.charges[charges:]
        model.last_seq, model.last_target = numbers
        return False

    def set_aside(self) -> None:
        """Take back what was changed, and keep what was said: the model is again as all have it."""
        self._turn.set_aside()
        self._model.last_seq = self._upto

    def look(self, body: dict[str, Any]) -> None:
        """What another node has done meanwhile."""
        if self.holds:
            events = body.get("events", ())
            self.holds = body.keys() <= NEUTRAL_PARTS and all(map(self._is_neutral, events))

    def _is_neutral(self, values: Sequence[Any]) -> bool:
        kind = values[0]
        if type(kind) is int:
            # What an account says by another node too counts against the one quota that it has.
            return values[KIND] in SAID and values[SENDER] not in self._accounts
        # A message that comes again, perhaps by another node, is known by its key.
        if kind == MessageKeyed.__name__:
            return values[1] not in self._accounts
        return kind in NEUTRAL_EVENTS

    def apply(self, now_ms: int) -> None:
        """Put what was said behind all that others have done. now_ms: when it has its place."""
        turn, model = self._turn, self._model
        shift = model.last_seq - self._upto
        events, turn.events = turn.events, []
        for event in events:
            if type(event) is Logged:
                seq, target, sender, _, kind, text, tags = event
                model.last_seq = seq = seq + shift
                entry = _new(Logged, (seq, target, sender, now_ms, kind, text, tags))
                turn.undo.append(log_entry(model, entry))
                turn.events.append(entry)
            elif type(event) is MessageKeyed:
                turn.record(event._replace(seq=event.seq + shift, at_ms=now_ms))
        for line, seq in self._fresh_lines().items():
            line.move(_new(MessageId, (model.instance, seq + shift)), now_ms)

    def _fresh_lines(self) -> dict[Line, int]:
        """Those of entries of this turn, with their places; nobody has been sent one yet."""
        found: dict[Line, int] = {}
        upto = self._upto
        for effect in self._turn.effects:
            line = effect[1]
            while type(line) is Tagged:
                line = line.inner
            if type(line) is Line and line.msgid is not None and line.msgid.seq > upto:
                found[line] = line.msgid.seq
        return found

    def discard(self) -> Sequence[tuple[Session, bytes]]:
        """Forget what was said. The lines are given back; they are to be run again."""
        self._uncount(self._turn.events)
        self._model.refused = self._refused
        self._turn.clear()
        return self._lines

    def _uncount(self, events: Iterable[object]) -> None:
        for event in events:
            if type(event) is Logged and event.kind != "PRIVMSG":
                self._model.logged[event.kind] -= 1


def _only_says(session: Session, raw: bytes) -> bool:
    if session.state is not State.READY or session.answering is not None:
        return False
    # A line of a batch is gathered in the session, which has no way back.
    if session.batch is not None:
        return False
    if raw[:1] == b"@":
        tags, _, raw = raw.partition(b" ")
        if b"batch=" in tags:
            return False
    return raw.startswith(COMMANDS)
