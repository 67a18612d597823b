"""Storing a turn: as a whole, or span by span where that can't be. Hub thread only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from securechat.core.audit import tell
from securechat.core.journal.events import Audited, JournalEvent
from securechat.core.journal.events.things import Thing, made_by, needed_by
from securechat.core.rules import Rules
from securechat.core.turn import CommandSpan, Turn
from securechat.server.changes import Changes
from securechat.server.counters import Counters
from securechat.server.stalls import Stalls
from securechat.server.storage_health import StorageHealth
from securechat.store.errors import (
    ConflictError,
    DamagedError,
    HeldError,
    StoreError,
    UnknownOutcomeError,
)
from securechat.store.sql.journal import Journal

log = logging.getLogger(__name__)

CONFLICT = (
    "Not done, and nobody saw it: what it builds on has been changed meanwhile, perhaps by an "
    "administrator; look what there is now, then try again"
)

HELD = "Not stored, so nobody saw it: another program holds the server's database; try again later"

NOT_STORED = "Not stored, so nobody saw it: the server's disk or database fails; try again later"

FailedSpans = list[tuple[CommandSpan, StoreError]]
"""The spans that could not be stored, each with the reason."""


class MustEndError(Exception):
    """It isn't known any more what is stored, so nothing that this server says can be relied on."""


class Committer:
    """Hub thread only. rules: whose model is told how far the log is stored. journal: stores it.
    changes, storage_health: what hears that something could not be stored. counters: what counts.
    stalls: what hears how long it took.
    """

    def __init__(
        self,
        rules: Rules,
        journal: Journal,
        changes: Changes,
        storage_health: StorageHealth,
        counters: Counters,
        stalls: Stalls,
    ) -> None:
        self._model = rules.model
        self._journal = journal
        self._changes = changes
        self._storage_health = storage_health
        self._counters = counters
        self._stalls = stalls
        self.failed: Sequence[CommandSpan] = ()
        """Those spans of the last turn that could not be stored."""

    def store(self, turn: Turn) -> None:
        """Store what a turn has done; what can't be is taken back, and who asked for it is told."""
        self.failed = ()
        if turn.events or turn.audits:
            self._commit(turn)
            tell(turn.audits)

    def _commit(self, turn: Turn) -> None:
        try:
            self._write([*turn.events, *turn.audits])
        except (ConflictError, DamagedError):
            self._store_spans(turn)
        except StoreError as error:
            # What only the audit lacks has happened all the same: a full disk locks nobody out.
            self.refuse(turn, turn.spans if turn.events else [], error)
        else:
            self._storage_health.look(turn)
        self._model.committed_seq = self._model.last_seq

    def _write(self, events: Sequence[JournalEvent | Audited]) -> None:
        """Returns when they are stored; raises StoreError when they are not.

        There is a third outcome: until it is known which of the two it is, nothing is said, and
        nothing else is done. Raises MustEndError where that can't be learned.
        """
        self.settled(lambda: self._journal.commit(events))

    def settled(self, commit: Callable[[], object]) -> None:
        """Do what stores something, until it is known whether it did. Raises as _write()."""
        began = self._stalls.clock()
        try:
            commit()
        except UnknownOutcomeError as unknown:
            log.warning("it is not known whether a turn was stored: %s", unknown)
            stored = _settled(unknown)
            self._stalls.waited(self._stalls.clock() - began, unknown)
            if not stored:
                raise StoreError(str(unknown), unknown.told) from unknown
            self._journal.was_stored()
        except StoreError as error:
            self._stalls.waited(self._stalls.clock() - began, error)
            raise
        else:
            waited = self._journal.waited
            self._stalls.waited(waited)
            self._stalls.stored(self._stalls.clock() - began - waited)
        self._counters.commits.add(self._stalls.clock() - began)

    def _store_spans(self, turn: Turn) -> None:
        """One span is in conflict with what is stored, or meets a damaged part of the database:
        the others must not suffer for it, unless they build on it.
        """
        failed = store_spans(turn, self._write)
        conflicts = {span: CONFLICT for span, error in failed if isinstance(error, ConflictError)}
        worst = next((error for span, error in failed if span not in conflicts), None)
        if failed:  # all at once: it moves the others' places
            spans = [span for span, _ in failed]
            self.refuse(turn, spans, worst or failed[0][1], conflicts)
        try:
            self._write(turn.audits)
        except StoreError as error:
            log.error("the audit lacks %d entries: %s", len(turn.audits), error)  # noqa: TRY400

    def refuse(
        self,
        turn: Turn,
        spans: Sequence[CommandSpan],
        error: StoreError,
        texts: Mapping[CommandSpan, str] | None = None,
    ) -> None:
        """Take back spans of a turn that are not stored, as an error says, and tell who asked."""
        self.failed = spans
        self._changes.not_stored(spans)
        self._counters.not_stored += len(spans)
        turn.fail(spans, HELD if isinstance(error, HeldError) else NOT_STORED, texts)
        self._storage_health.raised(turn, len(spans), error)


def _settled(unknown: UnknownOutcomeError) -> bool:
    try:
        return unknown.settle()
    except StoreError as error:
        raise MustEndError(f"whether a turn was stored can't be learned: {error}") from error


def store_spans(turn: Turn, commit: Callable[[Sequence[JournalEvent]], None]) -> FailedSpans:
    """Store each span of a turn that can be; those fail that must, and what builds on them.

    commit: stores events, all or none. Raises StoreError.
    """
    failed: FailedSpans = []
    missing: dict[Thing, StoreError] = {}
    for span in turn.spans:
        events = turn.events[span.start.events : span.end.events]
        needs = [thing for event in events for thing in needed_by(event)]
        # Not even tried: SQLite might take it, and it would stand there without what it builds on.
        error = next((missing[thing] for thing in needs if thing in missing), None)
        if error is None:
            error = _store(events, commit)
        if error is None:
            continue
        failed.append((span, error))
        # With the same reason, as that is what its sender can do something about.
        missing |= dict.fromkeys((thing for event in events for thing in made_by(event)), error)
        if isinstance(error, DamagedError):  # nothing goes on where a part may be lost
            missing |= {thing: error for thing in needs if thing[0] == "target"}
    return failed


def _store(
    events: Sequence[JournalEvent], commit: Callable[[Sequence[JournalEvent]], None]
) -> StoreError | None:
    try:
        if events:
            commit(events)
    except StoreError as error:
        return error
    return None
