"""Reading in the log for the rules, and whose turn it is to have that done."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from securechat.core.history.queries import (
    EntryQuery,
    Found,
    PageQuery,
    SearchQuery,
    TargetsQuery,
)
from securechat.core.jobs import JobFailed, LoadMissed, LogRead, Missed, ReadLog
from securechat.core.journal.events.channels import Logged
from securechat.core.model.entities import Account
from securechat.store.errors import DamagedError, StoreError
from securechat.store.search.searcher import Search, Searcher
from securechat.store.sql.reader import Reader

log = logging.getLogger(__name__)


def read_missed(reader: Reader, job: LoadMissed) -> Missed:
    """The answer to a job. Raises StoreError."""
    damages: list[DamagedError] = []
    rows, cut = reader.missed(
        job.targets,
        job.upto,
        job.limit,
        damages.append,
        max_bytes=job.max_bytes,
        line_bytes=job.line_bytes,
    )
    if damages:
        log.error("%d channels or conversations can't be read: %s", len(damages), damages[0])
    before = job.before or Missed(job.session, [], cut=False, upto=0)
    entries = [*before.entries, *(Logged(*row) for row in rows)]
    return Missed(
        job.session,
        # The newest, when both readings together have too many.
        entries[max(0, len(entries) - job.limit) :],
        cut or before.cut or len(entries) > job.limit,
        job.upto,
        damaged=bool(damages) or before.damaged,
        asked=before.asked + 1,
    )


def look_up(reader: Reader, job: LoadMissed) -> Missed | JobFailed:
    """The same, where nobody else could tell of an error."""
    try:
        return read_missed(reader, job)
    except StoreError as error:
        log.error("what an account has missed can't be read: %s", error)  # noqa: TRY400
        return JobFailed(job.session)


def read_log(reader: Reader, job: ReadLog) -> LogRead:
    """The answer to a job; one that says so when it can't be read."""
    query = job.lookup.query
    try:
        found = _READ[type(query)](reader, query)
    except StoreError as error:
        log.error("what a command asks for can't be read: %s", error)  # noqa: TRY400
        found = None
    return LogRead(job.session, job.lookup, found)


def search_log(searcher: Searcher, job: ReadLog) -> LogRead:
    """The answer to a job that searches; one that says so when it can't be done."""
    query = job.lookup.query
    found = None
    if isinstance(query, SearchQuery):
        try:
            results = searcher.search(Search(*query))
            entries = [Logged(*row) for row in results.rows]
            found = Found(entries, results.looked_to_ms, results.milliseconds)
        except StoreError as error:
            log.error("a search can't be run: %s", error)  # noqa: TRY400
    return LogRead(job.session, job.lookup, found)


def _page(reader: Reader, query: PageQuery) -> list[Logged]:
    return [Logged(*row) for row in reader.pages.page(*query)]


def _entry(reader: Reader, query: EntryQuery) -> list[Logged]:
    return [Logged(*row) for row in reader.pages.entry(*query)]


def _targets(reader: Reader, query: TargetsQuery) -> list[tuple[int, int]]:
    return reader.pages.targets(*query)


_READ: dict[type, Callable[[Reader, Any], Any]] = {
    PageQuery: _page,
    EntryQuery: _entry,
    TargetsQuery: _targets,
}


class ReadingQueue:
    """Jobs that wait for a reader: every account in its turn, and of each one job at a time, so
    that who logs in again and again waits behind itself. Any thread may call.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Account | None, deque[LoadMissed | ReadLog]] = OrderedDict()
        self._busy: set[Account | None] = set()

    def put(self, job: LoadMissed | ReadLog) -> None:
        """Let a job wait."""
        with self._lock:
            self._waiting.setdefault(job.session.account, deque()).append(job)

    def take(self) -> LoadMissed | ReadLog | None:
        """The next account's job, which done() must follow; None when all of them wait for one that
        is being done.
        """
        with self._lock:
            # None is an account here, too: of sessions that have lost theirs. So it is asked once
            # more.
            account = next((one for one in self._waiting if one not in self._busy), None)
            if account not in self._waiting or account in self._busy:
                return None
            # Out of the order, and in again at its end: that makes the turns.
            jobs = self._waiting.pop(account)
            job = jobs.popleft()
            if jobs:
                self._waiting[account] = jobs
            self._busy.add(account)
            return job

    def done(self, account: Account | None) -> bool:
        """The account's job is done; whether it has another one."""
        with self._lock:
            self._busy.discard(account)
            return account in self._waiting
