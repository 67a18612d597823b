"""Storing a turn span by span, where it can't be stored as a whole. Hub thread only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.things import Thing, made_by, needed_by
from securechat.core.turn import CommandSpan, Turn
from securechat.store.errors import DamagedError, StoreError

FailedSpans = list[tuple[CommandSpan, StoreError]]
"""The spans that could not be stored, each with the reason."""


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
