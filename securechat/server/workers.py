"""The workers: bcrypt, history and searching, beside the hub. Their answers come back as events.

Passwords have a pool of their own, so that a flood of logins doesn't hold up the reading of
history; for strangers' it is smaller than the machine, so that chat keeps a core. Searches have one
thread, so that what takes milliseconds never waits for what may take a hundred; so has what
administrators ask for, which waits for the disk.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from securechat.core.administration.remote import Act
from securechat.core.history.queries import SearchQuery
from securechat.core.jobs import (
    Answer,
    Hashed,
    HashPassword,
    Job,
    JobFailed,
    LoadMissed,
    LogRead,
    ReadLog,
    Verified,
    VerifyPassword,
)
from securechat.core.model.states import State
from securechat.server.administering import Administering
from securechat.server.password_queue import PasswordQueue, is_gone
from securechat.server.reading import ReadingQueue, read_log, read_missed, search_log
from securechat.store import passwords
from securechat.store.database import Location
from securechat.store.errors import DamagedError, StoreError
from securechat.store.passwords import InvalidPassword
from securechat.store.pepper import Pepper
from securechat.store.search.searcher import Searcher
from securechat.store.sql.reader import Reader

log = logging.getLogger(__name__)

MAX_WAITING = 256
"""Password jobs that may wait: at cost 12 and one core that is about a minute; past it a login is
answered at once with 'try again'."""


COSTS_SECONDS = 60.0
"""How long it is remembered how many accounts have which cost: all of them are counted for it."""


HASTE_SECONDS = 0.0001
"""How long a thread keeps the interpreter while a page is read: a fifth of what it may else. Who
reads page after page computes, and each of the hub's and the I/O thread's many short waits would
last until that thread gives way. All the time this would cost more than it brings.
"""


class Workers:
    """database: where it is. search_index: its path, in the data directory. pepper: the database's
    own. cost: bcrypt's. answer: takes each answer, in a worker's thread. failed: called when a
    worker has died. clock: seconds, monotonic.
    """

    def __init__(
        self,
        database: Location,
        pepper: Pepper,
        *,
        cost: int,
        server_name: str,
        search_index: Path,
        min_password_length: int,
        answer: Callable[[Answer], None],
        failed: Callable[[BaseException], None] = lambda error: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failed = failed
        self._database = database
        self._search_index = search_index
        self._pepper = pepper
        self._cost = cost
        self._server_name = server_name
        self._min_length = min_password_length
        self._answer = answer
        self._stand_ins = _StandIns(cost, pepper.cost_key, clock)
        # A connection to SQLite is for the thread that opened it.
        self._local = threading.local()
        self._haste = _Haste()
        cores = os.cpu_count() or 1
        self._waiting = PasswordQueue(MAX_WAITING, cores)
        self._stopped = False
        self.turned_away = 0
        """Logins for which there was no place; any thread may look."""
        self._reading = ReadingQueue()
        self._searching = ReadingQueue()
        self._acts = ReadingQueue()
        self._administering = Administering(database, search_index.parent, pepper)
        # bcrypt lets go of the interpreter, so these really run beside the hub.
        self._passwords = ThreadPoolExecutor(cores, "password")
        # Two, so that one long reading doesn't hold up all others.
        self._readers = ThreadPoolExecutor(2, "history")
        self._searchers = ThreadPoolExecutor(1, "search")
        self._administrators = ThreadPoolExecutor(1, "administration")

    def change(self, *, cost: int, min_password_length: int) -> None:
        """Other rules for the passwords to come. Any thread."""
        self._cost = self._stand_ins.cost = cost
        self._min_length = min_password_length

    def submit(self, job: Job) -> None:
        """Have a job done. Hub thread."""
        if isinstance(job, (LoadMissed, ReadLog)):
            self._submit_reading(job)
            return
        dropped = self._waiting.put(job)
        if dropped is None:
            # Without the job: which one is next is decided when a thread is free.
            self._passwords.submit(self._run_password).add_done_callback(self._ended)
        else:  # whoever runs next takes the new job in the place of the dropped one
            log.warning("%d logins are waiting already; one more is turned away", MAX_WAITING)
            self.turned_away += 1
            # Answered and not forgotten, as its session waits, and holds its lines.
            self._answer(JobFailed(dropped.session))

    @property
    def waiting(self) -> int:
        """Passwords that wait to be checked. Any thread."""
        return len(self._waiting)

    def _submit_reading(self, job: LoadMissed | ReadLog) -> None:
        query = job.lookup.query if isinstance(job, ReadLog) else None
        queue, pool = self._reading, self._readers
        if isinstance(query, SearchQuery):
            queue, pool = self._searching, self._searchers
        elif isinstance(query, Act):
            queue, pool = self._acts, self._administrators
        queue.put(job)
        pool.submit(self._run_reading, queue).add_done_callback(self._ended)

    def stop(self) -> None:
        """End the threads; what has not begun is not done."""
        self._stopped = True
        self._passwords.shutdown(wait=True, cancel_futures=True)
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._searchers.shutdown(wait=True, cancel_futures=True)
        self._administrators.shutdown(wait=True, cancel_futures=True)

    # In a worker's thread, from here on

    def _ended(self, done: Future[None]) -> None:
        """Report what went wrong: a pool would keep it to itself, and somebody wait for ever."""
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._failed(error)

    def _run_password(self) -> None:
        """Do jobs until there are none for this thread: one that it may not do now may be left by
        another, which comes back for it.
        """
        while not self._stopped and (job := self._waiting.take()) is not None:
            try:
                # Who floods the server with logins and hangs up has no bcrypt of it.
                if not is_gone(job):
                    self._run(job)
            finally:
                self._waiting.done(job)

    def _run_reading(self, queue: ReadingQueue) -> None:
        """Do the next account's job. If the account has one more, do another round: another worker
        may have come for that one meanwhile, and found the account busy.
        """
        again = True
        while again and (job := queue.take()) is not None:
            account = job.session.account
            try:
                if job.session.state is not State.CLOSED:
                    self._run(job)
            finally:
                again = queue.done(account)

    def _run(self, job: Job) -> None:
        try:
            answer = self._do(job)
        except StoreError as error:  # no bug: it tells by itself what is to be done
            log.error("a worker failed at %s: %s", type(job).__name__, error)  # noqa: TRY400
            answer = _failure(job)
        except BaseException:  # bcrypt is written in Rust, whose panics are no Exception
            log.exception("a worker failed at %s", type(job).__name__)
            answer = _failure(job)
        self._answer(answer)

    def _do(self, job: Job) -> Answer:
        if isinstance(job, VerifyPassword):
            return self._verify(job)
        if isinstance(job, HashPassword):
            return self._hash(job)
        if isinstance(job, ReadLog) and isinstance(job.lookup.query, SearchQuery):
            return search_log(self._searcher(), job)
        if isinstance(job, ReadLog) and isinstance(job.lookup.query, Act):
            outcome = self._administering.do(job.lookup.query, cost=self._cost)
            return LogRead(job.session, job.lookup, outcome)
        if isinstance(job, ReadLog):
            with self._haste:
                return read_log(self._reader(), job)
        return read_missed(self._reader(), job)

    def _verify(self, job: VerifyPassword) -> Verified:
        """An unknown account costs the same look-ups and the same bcrypt as a known one."""
        reader = self._reader()
        stand_in = self._stand_ins.find(reader, job.name)
        # Asked for in any case: an unknown name must cost the same look-up.
        stored = reader.password(job.account if job.account is not None else -1)
        known = stored is not None
        stored = stored or stand_in
        password, code = job.password, ""
        granted = passwords.verify_password(password, stored, self._pepper)
        if not granted and job.code:  # for everybody, so that its time tells nothing of the account
            password, code = password.removesuffix(job.code), job.code
            granted = passwords.verify_password(password, stored, self._pepper)
        # Last of all: the stand-in is never right, but nobody should have to rely on that.
        granted = granted and known
        rehashed = None
        if granted and passwords.needs_rehash(stored, cost=self._cost):
            rehashed = self._hashed(password)
        replaced = stored if rehashed else ""
        return Verified(job.session, job.account, granted, rehashed, replaced, job.name, code)

    def _hash(self, job: HashPassword) -> Hashed:
        # Random, so that ids don't tell how many accounts there are; 52 bits are whole in a JSON
        # number.
        account_id = secrets.randbits(52)
        # Read before the hash is made: should an administrator set another one meanwhile, that
        # stays.
        replaced = self._reader().password(job.number) if job.number is not None else None
        try:
            passwords.check_acceptable(
                job.password,
                account=job.account,
                server_name=self._server_name,
                min_length=self._min_length,
            )
            hashed = self._hashed(job.password)
        except InvalidPassword as error:
            weak = isinstance(error, passwords.WeakPassword)
            code = "WEAK_PASSWORD" if weak else "UNACCEPTABLE_PASSWORD"
            return Hashed(job.session, account_id, "", str(error), code=code)
        return Hashed(job.session, account_id, hashed, None, replaced or "")

    def _hashed(self, password: str) -> str:
        return passwords.hash_password(password, cost=self._cost, pepper=self._pepper)

    def _reader(self) -> Reader:
        """This thread's own connection to the database."""
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = Reader(self._database)
        return reader

    def _searcher(self) -> Searcher:
        """The same for searching."""
        searcher: Searcher | None = getattr(self._local, "searcher", None)
        if searcher is None:
            searcher = self._local.searcher = Searcher(self._database, self._search_index)
        return searcher


class _Haste:
    """While any thread is in a block of it, all threads give way sooner. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._usual = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._usual = sys.getswitchinterval()
                sys.setswitchinterval(min(HASTE_SECONDS, self._usual))
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                sys.setswitchinterval(self._usual)


def _failure(job: Job) -> Answer:
    if isinstance(job, ReadLog):
        return LogRead(job.session, job.lookup, None)
    return JobFailed(job.session)


class _StandIns:
    """Stored passwords to check against where a name has no account that may log in, so that the
    time of the answer tells nothing.

    When the configured cost changes, accounts keep theirs until their next login. So a disabled or
    deleted account's check takes as long as it did, and an unknown name's as long as that of some
    account: any single cost would tell it from the accounts that have another one.
    """

    def __init__(self, cost: int, key: bytes, clock: Callable[[], float]) -> None:
        self.cost = cost
        """The configured one."""
        self._key = key
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: dict[int, int] | None = None
        self._until = 0.0

    def find(self, reader: Reader, name: str) -> str:
        """The stand-in for a name, folded. Does the same work for all. Any worker's thread."""
        # Both are done for every name, so that the time is the same for all.
        drawn = passwords.draw_cost(name, self._count(reader), key=self._key)
        own = reader.cost(name)
        return passwords.dummy_hash(own or drawn or self.cost)

    def _count(self, reader: Reader) -> dict[int, int]:
        now = self._clock()
        # One thread counts, and the others wait for it instead of counting as well.
        with self._lock:
            if self._counted is None or now >= self._until:
                try:
                    self._counted = reader.costs()
                except DamagedError as error:  # of one account, for which nobody else must suffer
                    log.error("not all accounts can be read: %s", error)  # noqa: TRY400
                    self._counted = self._counted or {}
                self._until = now + COSTS_SECONDS
            return self._counted
