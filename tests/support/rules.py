"""The rules alone: a model, a clock that is turned by hand, a store that can fail, a
worker that knows one password, and clients whose lines are turns.

    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("JOIN #den")
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from securechat.core.administration import requests
from securechat.core.administration.remote import Act, Outcome
from securechat.core.administration.requests import Request
from securechat.core.audit import tell
from securechat.core.delivery.acknowledgements import KINDS
from securechat.core.delivery.fan_out import deliveries
from securechat.core.jobs import (
    Answer,
    Hashed,
    HashPassword,
    Job,
    JobFailed,
    LoadMissed,
    LogRead,
    Missed,
    ReadLog,
    Verified,
    VerifyPassword,
)
from securechat.core.journal.events import Audited, JournalEvent
from securechat.core.journal.events.channels import Logged, Redacted
from securechat.core.journal.events.requests import RequestAnswered
from securechat.core.model.credentials import Certificate, Invite
from securechat.core.model.entities import Account, Channel, Session
from securechat.core.model.state import Model
from securechat.core.model.states import State
from securechat.core.ports import Outside
from securechat.core.rules import Rules
from securechat.core.settings import Settings
from securechat.core.turn import Closing, CommandSpan, Turn
from securechat.credentials.device import fingerprint_of
from securechat.irc import names
from securechat.store.pepper import Pepper
from securechat.store.sql.fragments import ROW_BYTES
from tests.support.client import SERVER, Caps, Client, sasl_plain
from tests.support.found import found_in
from tests.support.links import checked

RIGHT = "right"
"""Everybody's password."""
PEPPER = Pepper(bytes(range(32)))
OLD_HASH, NEW_HASH = "old hash", "new hash"
WEAK = "weak"
"""A password that no account may have."""
NOW_MS = 1_700_000_000_000
"""2023-11-14T22:13:20Z."""
NOT_STORED = "Not stored"
PLAIN_SETTINGS = Settings(
    name=SERVER, version="securechat-test", started_ms=NOW_MS, lobby=None, tell_policy=False
)


class RulesUnderTest:
    """names: the accounts there are. settings: what differs from PLAIN_SETTINGS."""

    def __init__(self, *names: str, **settings: Any) -> None:
        self.model = Model("test", row_bytes=ROW_BYTES)
        self.settings = replace(PLAIN_SETTINGS, **settings)
        self.rules = Rules(self.model, self.settings, PEPPER)
        self.rules.outside = Outside(read=self._missed)
        self.now_ms = NOW_MS
        self.clock = 1000.0
        self.stored: list[JournalEvent] = []
        self.audits: list[Audited] = []
        self.refuses: Callable[[CommandSpan], bool] = lambda span: False
        """Which spans the store has no place for."""
        self.full = False
        """Whether the store stores nothing at all."""
        self.jobs: list[Job] = []
        self.busy = False
        """Whether the workers leave their jobs for later, that is for work()."""
        self.rehashes = False
        """Whether the workers find hashes of another cost than today's."""
        self.acts_on: Callable[[Act], Outcome | None] = lambda act: Outcome("null")
        """What a worker does with what an administrator asks over a connection."""
        self.closings: list[Closing] = []
        self._turn: Turn | None = None
        self._ids = count(1)
        for name in names:
            self.add(name)
        with self.turn() as turn:
            self.rules.start(turn)

    # Accounts and invites

    def add(self, name: str, *, admin: bool = False) -> Account:
        """An account that the administrator has made."""
        forms = names.account_name(name)
        number = next(self._ids)
        account = Account(number, forms.display, forms.folded, forms.skeleton, admin=admin)
        account.starts_after = self.model.last_seq
        self.model.add_account(account)
        return account

    def invite(self, code: str, *, uses: int = 1, days: float = 1, admin: bool = False) -> None:
        """An invite code; a negative number of days has passed already."""
        digest = hashlib.sha256(code.encode()).digest()
        expires = self.now_ms + int(days * 86_400_000)
        self.model.invites[digest] = Invite(uses, expires, admin)

    def registers(self, account: str, certificate: str, name: str = "laptop") -> None:
        """A client certificate lets an account in, as an administrator has it."""
        fingerprint = fingerprint_of(certificate.encode())
        self.model.add_certificate(
            Certificate(fingerprint, self.account(account).id, name, self.now_ms)
        )

    def account(self, name: str) -> Account:
        return self.model.by_name[name]

    def channel(self, name: str) -> Channel:
        return self.model.channels[name]

    # Turns

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """What happens in the block happens in one turn; it is stored and sent at its end."""
        if self._turn is not None:
            yield self._turn
            return
        turn = self._turn = self._new_turn()
        try:
            self.rules.admit(turn)
            yield turn
        finally:
            self._turn = None
        self._store(turn)
        self._release(turn)
        if self.model.arriving:
            with self.turn():
                pass
        if not self.busy:
            self.work()

    def _new_turn(self) -> Turn:
        return self.rules.turn(self.now_ms, self.clock)

    def _store(self, turn: Turn) -> None:
        """As the hub does: all in one, or one span after the other when one is refused."""
        if turn.events:
            self._store_events(turn)
        self.audits += turn.audits
        tell(turn.audits)

    def _store_events(self, turn: Turn) -> None:
        if self.full:
            turn.fail(turn.spans, NOT_STORED)
        else:
            for span in list(turn.spans):
                events = turn.events[span.start.events : span.end.events]
                if events and self.refuses(span):
                    turn.fail([span], NOT_STORED)
                else:
                    self.stored += events
        self.model.committed_seq = self.model.last_seq

    def _release(self, turn: Turn) -> None:
        for io, found in deliveries(turn.effects).items():
            for links, data in found:
                for link in links:
                    assert isinstance(link, RulesLink)
                    assert link.session.io == io, "bytes for a link of another I/O thread"
                    link.take(data)
        self.closings += turn.closings
        self.jobs += turn.jobs

    def asks(self, kind: str, **facts: object) -> Any:
        """What the administrator of the machine is answered. Raises Refused."""
        with self.turn() as turn:
            requests.answer(turn, Request(next(self._ids), kind, "os:root", facts))
            [answered] = [one for one in turn.events if isinstance(one, RequestAnswered)]
        found = json.loads(answered.answer)
        if requests.REFUSED in found:
            raise requests.Refused(found[requests.REFUSED])
        return found[requests.DONE]

    def passes(self, seconds: float) -> None:
        """Time goes by, and the server has a look at it."""
        self.clock += seconds
        self.now_ms += int(seconds * 1000)
        with self.turn() as turn:
            self.rules.tick(turn)

    # Workers

    def work(self) -> None:
        """Do the jobs, each answer in a turn of its own."""
        while self.jobs:
            self.answer(self.do(self.jobs.pop(0)))

    def answer(self, answer: Answer) -> None:
        with self.turn() as turn:
            self.rules.answered(turn, answer)

    def fail_job(self) -> None:
        """The worker fails at the job that waits."""
        job = self.jobs.pop(0)
        if isinstance(job, ReadLog):
            self.answer(LogRead(job.session, job.lookup, None))
        else:
            self.answer(JobFailed(job.session))

    def do(self, job: Job) -> Answer:
        """A job's answer, as a worker would have it."""
        if isinstance(job, VerifyPassword):
            granted = job.account is not None and job.password in (RIGHT, RIGHT + job.code)
            code = "" if job.password == RIGHT else job.code
            new = NEW_HASH if granted and self.rehashes else None
            return Verified(job.session, job.account, granted, new, OLD_HASH, job.name, code)
        if isinstance(job, HashPassword):
            refusal = "Too weak" if job.password == WEAK else None
            return Hashed(job.session, next(self._ids), "a hash", refusal, OLD_HASH)
        if isinstance(job, ReadLog):
            query = job.lookup.query
            if isinstance(query, Act):
                return LogRead(job.session, job.lookup, self.acts_on(query))
            return LogRead(job.session, job.lookup, found_in(self.readable, query))
        return self._missed(job)

    def _missed(self, job: LoadMissed) -> Missed:
        after = dict(job.targets)
        found = [
            entry
            for entry in self.log
            if entry.kind in KINDS and after.get(entry.target, job.upto) < entry.seq <= job.upto
        ]
        before = job.before or Missed(job.session, [], cut=False, upto=0)
        found = [*before.entries, *found]
        newest = found[-job.limit :]
        cut = before.cut or len(found) > len(newest)
        return Missed(job.session, newest, cut, job.upto, asked=before.asked + 1)

    @property
    def log(self) -> list[Logged]:
        """The log as it was stored."""
        return [event for event in self.stored if isinstance(event, Logged)]

    @property
    def readable(self) -> list[Logged]:
        """The log as it is on the disk: what was redacted has no text any more."""
        gone = {event.seq for event in self.stored if isinstance(event, Redacted)}
        return [
            event._replace(kind="REDACTED", text="", tags=None) if event.seq in gone else event
            for event in self.log
        ]

    # Clients

    def connect(
        self,
        *,
        certificate: str | None = None,
        io: int = 0,
        address: str = "192.0.2.1",
        tags: Collection[str] | None = None,
    ) -> Client:
        """An unauthenticated connection. certificate: one that it shows, and that the handshake has
        verified; any text. tags: see `Client`.
        """
        link = RulesLink(self, certificate, io, address)
        return Client(link, password=RIGHT, tags=tags, answers_pings=False)

    def member(
        self, name: str, *, caps: Caps = (), io: int = 0, tags: Collection[str] | None = None
    ) -> Client:
        """Somebody who has logged in and has heard the greeting."""
        client = self.connect(io=io, tags=tags)
        client.logs_in(name, caps=caps)
        client.hears()
        return client


class RulesLink:
    """The rules give all lines that are sent at once a turn, unless they are in one."""

    settles = True

    def __init__(
        self, rules: RulesUnderTest, certificate: str | None, io: int, address: str
    ) -> None:
        self._rules = rules
        self._session = Session(
            self,
            io=io,
            address=address,
            fingerprint=fingerprint_of(certificate.encode()) if certificate else None,
            opened_at=rules.clock,
        )
        self._come: deque[str] = deque()
        with rules.turn() as turn:
            rules.rules.opened(turn, self._session)

    @property
    def session(self) -> Session:
        return self._session

    def send(self, lines: Sequence[bytes]) -> None:
        with self._rules.turn() as turn:
            for line in lines:
                self._rules.rules.line(turn, self._session, line)
                self._rules.rules.go_on(turn, self._session, lambda: True)

    def take(self, data: bytes) -> None:
        """What the rules deliver."""
        assert data.endswith(b"\r\n")
        self._come.extend(map(checked, data.decode().removesuffix("\r\n").split("\r\n")))

    def receive(self) -> str:
        if self._come:
            return self._come.popleft()
        if self._session.state is State.CLOSED:
            raise EOFError("the rules have closed the connection")
        raise TimeoutError("nothing is left to hear, and nothing is on its way")

    def has_more(self) -> bool:
        return bool(self._come)

    def close(self, reason: str = "") -> None:
        with self._rules.turn() as turn:
            self._rules.rules.closed(turn, self._session, reason or "Connection lost")


def in_channel(
    *names: str, caps: Caps = (), **settings: object
) -> tuple[RulesUnderTest, list[Client]]:
    """A channel #den with people in it, who have heard of each other; the first of them owns it."""
    rules = RulesUnderTest(*names, **settings)
    people = [rules.member(name, caps=caps) for name in names]
    for person in people:
        person.says("JOIN #den")
    for person in people:
        person.hears()
    return rules, people


def outsider(rules: RulesUnderTest, name: str, *, caps: Caps = ()) -> Client:
    """Somebody with a new account, in no channel but the lobby."""
    rules.add(name)
    return rules.member(name, caps=caps)


def plain(name: str, password: str = RIGHT, authzid: str = "") -> str:
    """A SASL PLAIN payload in one chunk, with everybody's password unless another is given."""
    return sasl_plain(name, password, authzid)
