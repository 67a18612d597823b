"""The hub's look at what an administrator has changed in the database. Hub thread only."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple

from securechat.core.rules import Rules
from securechat.core.turn import CommandSpan, Savepoint, Turn
from securechat.server.loading import take_changes
from securechat.store.admin import APPLIED
from securechat.store.errors import StoreError
from securechat.store.sqlite.journal import Journal
from securechat.store.sqlite.reader import Reader

log = logging.getLogger(__name__)


class TakenUp(NamedTuple):
    """The changes that a turn has taken up. newest: the last one's number; all that follows from
    them stands in the turn between start and end.
    """

    newest: int
    start: Savepoint
    end: Savepoint

    def has(self, span: CommandSpan) -> bool:
        """Whether a span follows from them."""
        return self.start <= span.start and span.end <= self.end


class Changes:
    """rules: where they take effect. journal: asked for whether there are any, and keeps how far
    they are taken up. reader: has them. last: the newest that the rules' model has in it.
    """

    def __init__(self, rules: Rules, journal: Journal, reader: Reader, last: int) -> None:
        self._rules = rules
        self._journal = journal
        self._reader = reader
        self._last = last
        self._taken: TakenUp | None = None
        self._behind = True
        """There may be some that are not taken up, or not said to be: at the start those that were
        made while no server ran.
        """

    def look(self, turn: Turn) -> None:
        """Take up what there is."""
        start = turn.savepoint()
        try:
            if self._journal.changed_by_others() or self._behind:
                remember = self._journal.remember
                newest = take_changes(self._rules, turn, self._reader, self._last, remember)
                self._taken = TakenUp(newest, start, turn.savepoint())
        except StoreError as error:
            self._fall_behind(error)

    def not_stored(self, spans: Iterable[CommandSpan]) -> None:
        """Some spans of the turn are taken back: if one follows from the changes, they are taken up
        again with the next look.
        """
        if self._taken is not None and any(map(self._taken.has, spans)):
            self._taken, self._behind = None, True

    def keep(self) -> None:
        """The turn is stored: remember how far its changes go."""
        taken, self._taken = self._taken, None
        if taken is None:
            return
        self._last = taken.newest
        try:
            self._journal.remember(APPLIED, str(taken.newest))
        except StoreError as error:
            self._fall_behind(error)
        else:
            self._behind = False

    def _fall_behind(self, error: StoreError) -> None:
        if not self._behind:
            log.error("can't see what the administrator has changed: %s", error)
        self._behind = True
