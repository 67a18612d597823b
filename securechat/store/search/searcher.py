"""Searching in the log, by its index and, for what is newer than that, in the log itself.

Parts of the index are looked through one after the other, in the order of the log, until enough is
found or the time is up. In each the walk follows only what the asker may read. What is shown is
what the log says now: what was erased is never found, whether the index knows of it already or not.
One Searcher belongs to one thread.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from securechat.irc.multiline import wire_bytes
from securechat.store.database import FAULTS, Connection, Location, fault, open_database
from securechat.store.search.parts import IndexPart, IndexReader, Matching, match
from securechat.store.search.terms import (
    PART_OPTIONS,
    Terms,
    directs_term,
    either,
    prepare,
    put_into,
    sender_term,
    target_term,
)
from securechat.store.sql.pages import ENTRY, NEXT, Pages, Place
from securechat.store.sql.rows import LogRow

SEARCH_SECONDS = 0.06
"""So long a search looks; then it tells how far it has come. One part more may be begun within."""

FEW_FOR_A_PLACE, FEW_ENTRIES = 8, 64
"""Of a part that have the words, for each channel that is looked in, and at the most: where there
are no more, each is looked at in the log. At ten microseconds each that is quicker than to have
have the index find which of them stand in one of many channels: for a large one that goes through a
quarter of a millisecond of what was said there.
"""

NEWEST_ENTRIES = 2000
"""Of the log that are looked through though they are not in the index yet. It is behind by more
only where the server is too busy to be disturbed."""

_NEWEST = (
    "SELECT seq, log.target, sender, at_ms, kind, text, tags, low, high FROM log "
    "LEFT JOIN targets ON targets.id = log.target WHERE seq > ? AND seq < ? AND seq <= ? "
    "ORDER BY seq DESC LIMIT ?"
)
_PUT = put_into("newest")
_STALE = "SELECT part, times FROM search_stale"

Span = tuple[int, int, int]
"""A target, the number after which and the one up to which it may be read."""


class Search(NamedTuple):
    """What is wanted: as of core's SearchQuery, whose fields come in this order."""

    channels: Sequence[Span]
    directs: Sequence[Span]
    account: int
    text: str
    sender: int | None
    since: Place | None
    until: Place | None
    oldest_first: bool
    limit: int
    max_bytes: int
    line_bytes: int


class Results(NamedTuple):
    """rows: in their order. looked_to_ms: when the last entry was said that was looked at, where
    the time was up; None when there is no more. milliseconds: that it took.
    """

    rows: list[LogRow]
    looked_to_ms: int | None
    milliseconds: int


class Searcher:
    """log, index: the databases. clock: seconds, monotonic. Raises StoreError when one of them
    fails; where only the index does, the next search opens it anew.
    """

    def __init__(
        self, log: Location, index: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._index = IndexReader(index)
        self._log = open_database(log, read_only=True)
        self._terms = Terms()
        # For what isn't in the index yet: the same tokenizer and the same terms find it.
        self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        prepare(self._memory)
        self._memory.execute(f"CREATE VIRTUAL TABLE newest USING fts5(words, {PART_OPTIONS})")

    def close(self) -> None:
        for part in (self._index, self._log, self._memory, self._terms):
            part.close()

    def search(self, wanted: Search) -> Results:
        """The newest entries that fit, or the oldest ones; fewer, where the time is up."""
        start = self._clock()
        try:
            with self._index.snapshot():
                words = self._terms.of(wanted.text)
                run = _Run(self._log, self._index, self._memory, wanted, words)
                rows, looked_to = run.find(lambda: self._clock() - start > SEARCH_SECONDS)
        except (OSError, *FAULTS) as error:
            raise fault(error) from error
        return Results(rows, looked_to, round((self._clock() - start) * 1000))


class _Run:
    """One search. memory: has a table for what is not in the index."""

    def __init__(
        self,
        log: Connection,
        index: IndexReader,
        memory: sqlite3.Connection,
        wanted: Search,
        words: list[str],
    ) -> None:
        self._log, self._index, self._memory = log, index, memory
        self._wanted = wanted
        spans = (*wanted.channels, *wanted.directs)
        self._spans = {span[0]: span for span in spans}
        self._last = max((span[2] for span in spans), default=0)
        self._fixed = [] if wanted.sender is None else [sender_term(wanted.sender)]
        self._fixed += words
        # A text of punctuation alone has no word that anything could be found by.
        self._nothing = not spans or bool(wanted.text and not words)
        self._few = min(FEW_ENTRIES, FEW_FOR_A_PLACE * len(spans))
        self._often = not self._fixed
        """Whether there are more than a few in a part; it is then so in the next one too."""
        self._erased = dict(log.execute(_STALE))
        """How often something was erased in a part."""
        pages = Pages(log)
        since, until = wanted.since, wanted.until
        self._low = pages.first_at_or_behind(since) - 1 if since else 0
        self._high = pages.last_at_or_before(until) + 1 if until else self._last + 1

    def find(self, is_up: Callable[[], bool]) -> tuple[list[LogRow], int | None]:
        """The rows, in their order, and when the last one was said that was looked at, where the
        time was up.
        """
        wanted = self._wanted
        taking = Taking(wanted.limit, wanted.max_bytes, wanted.line_bytes)
        if self._nothing:
            return [], None
        looked_to = None
        for found, edge in self._pieces():
            if not taking.add(found):
                break
            if edge is not None and is_up():
                looked_to = self._time_of(edge)
                break
        return taking.rows if wanted.oldest_first else taking.rows[::-1], looked_to

    def _pieces(self) -> Iterator[tuple[Iterator[LogRow], int | None]]:
        """What fits, a piece of the log after the other; and the number of its last entry that was
        looked at, None in the last piece.
        """
        parts, upto = self._index.parts(self._low, self._high), self._index.upto()
        if self._wanted.oldest_first:
            for part in parts:
                yield self._in_part(part), part.high - 1
            yield self._in_newest(upto), None
        else:
            # The newest first, as they are mostly what is looked for.
            yield self._in_newest(upto), upto + 1
            for part in reversed(parts):
                yield self._in_part(part), part.low + 1
            # Not an edge: there is nothing older.

    def _in_part(self, part: IndexPart) -> Iterator[LogRow]:
        stale = self._erased.get(part.number, 0) > part.times
        for seq in self._candidates(part):
            row = self._entry(seq)
            # A part is stale while it holds words that were taken out of the log.
            if row is not None and (not stale or self._still_fits(row)):
                yield row

    def _candidates(self, part: IndexPart) -> Iterable[int]:
        """The numbers of what may fit; more than what does."""
        if not any(True for _ in self._wheres(part)):
            return ()
        oldest_first = self._wanted.oldest_first
        if not self._often:
            terms = " AND ".join(self._fixed)
            few = Matching(terms, part.low, oldest_first, self._few + 1)
            found = list(self._index.match(part, few))
            if len(found) <= self._few:
                return found
            self._often = True
        return self._walk(self._index.match, part)

    def _walk(
        self, match: Callable[[IndexPart, Matching], Iterator[int]], part: IndexPart
    ) -> Iterator[int]:
        """The numbers that the index has. What may be read from within the part on only is walked
        for itself, so that what came before costs nothing.
        """
        oldest_first = self._wanted.oldest_first
        walks = [
            match(part, Matching(" AND ".join([*self._fixed, where]), low, oldest_first))
            for where, low in self._wheres(part)
        ]
        # Each walk is in order, so that only as much is read as is taken.
        return merge(*walks, reverse=not oldest_first) if len(walks) > 1 else chain(*walks)

    def _wheres(self, part: IndexPart) -> Iterator[tuple[str, int]]:
        """Where to look, as a term, and after which number."""
        whole = []
        for target, after, _ in self._wanted.channels:
            # All of this part may be read, as of most channels: these go into one walk.
            if after <= part.low:
                whole.append(target_term(target))
            elif after < part.high - 1:
                yield target_term(target), after
        if len(self._wanted.directs) == 1:
            whole.append(target_term(self._wanted.directs[0][0]))
        elif self._wanted.directs:
            whole.append(directs_term(self._wanted.account))
        if whole:
            yield either(whole), part.low

    def _entry(self, seq: int) -> LogRow | None:
        """As the log has it now, if it may be shown."""
        row = self._log.execute(ENTRY, (seq,)).fetchone()
        return row if row is not None and self._may_be_shown(row) else None

    def _may_be_shown(self, row: LogRow) -> bool:
        """Whatever the index says."""
        span = self._spans.get(row[1])
        sender = self._wanted.sender
        return (
            span is not None
            and span[1] < row[0] <= span[2]
            and row[4] in ("PRIVMSG", "NOTICE")
            and (sender is None or row[2] == sender)
        )

    def _in_newest(self, upto: int) -> Iterator[LogRow]:
        """In the newest entries, after what the index has."""
        params = (max(self._low, upto), self._high, self._last, NEWEST_ENTRIES)
        rows = [row for row in self._log.execute(_NEWEST, params) if self._may_be_shown(row[:7])]
        return self._fitting(rows)

    def _still_fits(self, row: LogRow) -> bool:
        """Its text may have been changed since it was put into the index."""
        low, high = self._log.execute(
            "SELECT low, high FROM targets WHERE id = ?", (row[1],)
        ).fetchone() or (None, None)
        return any(True for _ in self._fitting([(*row, low, high)]))

    def _fitting(self, rows: Sequence[Any]) -> Iterator[LogRow]:
        """Those that fit, of some that may be shown. rows: each with low and high of its target."""
        if not rows:
            return iter(())
        memory = self._memory
        # Rolled back below, so that nothing of what was said stays in there.
        memory.execute("BEGIN")
        try:
            memory.executemany(_PUT, ((r[0], r[1], r[2], r[5], r[7], r[8]) for r in rows))
            known = {row[0]: row[:7] for row in rows}
            part = IndexPart(-1, "newest", min(known) - 1, max(known) + 1, 0)
            return iter([known[seq] for seq in self._walk(partial(match, memory), part)])
        finally:
            memory.execute("ROLLBACK")

    def _time_of(self, edge: int) -> int | None:
        found = self._log.execute(NEXT, (edge,)).fetchone()
        return found[1] if found else None


class Taking:
    """Rows up to a number of them, and of bytes; one at least."""

    def __init__(self, limit: int, max_bytes: int, line_bytes: int) -> None:
        self.rows: list[LogRow] = []
        self._limit = limit
        self._left = max_bytes
        self._line_bytes = line_bytes

    def add(self, rows: Iterable[LogRow]) -> bool:
        """Whether more of them have a place."""
        for row in rows:
            self._left -= wire_bytes(row[5], row[6], self._line_bytes)
            if self.rows and self._left < 0:
                return False
            self.rows.append(row)
            if len(self.rows) >= self._limit:
                return False
        return True
