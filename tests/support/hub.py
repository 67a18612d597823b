"""A hub with a real database and the real rules, between stand-ins for I/O threads and workers.

What it stores can be held back, and made to fail, so that a test decides what falls into one turn.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

from securechat.core.jobs import Answer, HashPassword, Job, LoadMissed, Missed, ReadLog, Verified
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.accounts import AccountCreated
from securechat.core.journal.events.channels import Logged
from securechat.core.model.entities import Session
from securechat.core.rules import Rules
from securechat.core.settings import Settings
from securechat.irc.names import account_name
from securechat.net.connection import Closed, Connection, Input, Lines, Opened
from securechat.net.loop import IoThread
from securechat.net.throttle import Rate
from securechat.server.hub import Hub
from securechat.server.inbox import Stop
from securechat.server.input_queue import TimeSlices
from securechat.server.loading import load_model
from securechat.server.storage_health import Space
from securechat.store.errors import StoreError, UnknownOutcomeError
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from securechat.store.sqlite.database import FILE_NAME
from tests.support.client import Caps, Client
from tests.support.links import PATIENCE, checked
from tests.support.new_database import new_database
from tests.support.pepper import PEPPER

PASSWORD = "password"
"""Everybody's; any other one is right, too."""

AMPLE = TimeSlices(PATIENCE, PATIENCE, PATIENCE, PATIENCE)

UNLIMITED = Rate(1e6, 1e6)

SETTINGS = Settings(name="chat.test", version="securechat-test", started_ms=0, tell_policy=False)


class GatedJournal(Journal):
    """A store that waits when it is told to, and fails when it is told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, PEPPER)
        self.commits: list[list[JournalEvent]] = []
        self.failure: StoreError | None = None
        self.broken_off: list[bool | StoreError] = []
        """Of the next commits, which can't be told at once: whether they were stored."""
        self.refused_text: str | None = None
        """A message that can't be stored beside the others."""
        self.waiting = threading.Semaphore(0)
        self._gate = threading.Event()
        self._gate.set()

    def hold(self) -> None:
        """Let no commit pass from now on."""
        self._gate.clear()

    def release(self) -> None:
        """Let them pass."""
        self._gate.set()

    def holds_one(self) -> None:
        """Returns when a commit waits at the gate."""
        assert self.waiting.acquire(timeout=PATIENCE)

    def commit(self, events: Iterable[Sequence[object]]) -> None:
        """As the real one, but for gate and failures."""
        events = list(events)
        if not self._gate.is_set():
            self.waiting.release()
            assert self._gate.wait(PATIENCE)
        if self.failure is not None:
            raise self.failure
        if self.broken_off:
            stored = self.broken_off.pop(0)
            if stored is True:
                super().commit(events)
            raise UnknownOutcomeError("the connection was lost", partial(settled, stored))
        if any(isinstance(e, Logged) and e.text == self.refused_text for e in events):
            events = [*events, *events]  # the second of each is in conflict with the first
        super().commit(events)
        self.commits.append(cast(list[JournalEvent], events))

    def try_out(self) -> None:
        """As the real one, but for failures."""
        if self.failure is not None:
            raise self.failure
        super().try_out()


def settled(stored: bool | StoreError) -> bool:
    """What is found out about a commit that was broken off."""
    if isinstance(stored, StoreError):
        raise stored
    return stored


class Io:
    """Takes what the hub hands on."""

    def __init__(self) -> None:
        self.closed: dict[object, str] = {}

    def deliver(self, deliveries: Sequence[tuple[Sequence[object], bytes]]) -> None:
        for links, data in deliveries:
            for link in links:
                for line in data.decode().split("\r\n")[:-1]:
                    _links[cast(Connection, link)].take(line)

    def has_written(self, link: object) -> bool:
        return True

    def mark_authenticated(self, link: object) -> None:
        _links[cast(Connection, link)].authenticated = True

    def close(self, closings: Sequence[tuple[object, str]]) -> None:
        for link, reason in closings:
            self.closed[link] = reason
            _links[cast(Connection, link)].heard.put(Closing(reason))


class HubLink:
    """A connection that the hub has been told of; what it delivers is put into a queue."""

    settles = False

    def __init__(self, hub: HubUnderTest) -> None:
        ours, theirs = socket.socketpair()
        theirs.close()
        ours.close()
        self._hub = hub
        self.connection = Connection(ours, "192.0.2.1", 4711, 0)
        self.heard: queue.SimpleQueue[str | Closing] = queue.SimpleQueue()
        self.authenticated = False
        self.leaving = False
        """Whether it answers PINGs by itself, as nobody listens to it any more."""
        _links[self.connection] = self
        hub.put(Opened(self.connection))

    @property
    def session(self) -> Session:
        assert isinstance(self.connection.owner, Session)
        return self.connection.owner

    def take(self, line: str) -> None:
        """What the hub delivers. Hub thread."""
        assert self.authenticated or " 001 " not in line, (
            "welcomed, and still kept to the rate of the unauthenticated"
        )
        if self.leaving and line.startswith("PING "):
            self.send([b"PONG " + line.removeprefix("PING ").encode()])
        else:
            self.heard.put(line)

    def send(self, lines: Sequence[bytes]) -> None:
        self._hub.put(Lines(self.connection, list(lines)))

    def receive(self) -> str:
        try:
            heard = self.heard.get(timeout=PATIENCE)
        except queue.Empty:
            raise TimeoutError("the hub has delivered nothing") from None
        if isinstance(heard, str):
            return checked(heard)
        self.heard.put(heard)  # it stays closed
        raise EOFError(heard.reason)

    def has_more(self) -> bool:
        return not self.heard.empty()

    def close(self, reason: str = "") -> None:
        self._hub.put(Closed(self.connection, reason or "closed by the client"))


class Closing(NamedTuple):
    """The hub wants a connection closed."""

    reason: str


_links: dict[Connection, HubLink] = {}


def link_of(client: Client) -> HubLink:
    """The connection of a client of a hub."""
    assert isinstance(client.link, HubLink)
    return client.link


class HubUnderTest:
    """names: of accounts, whose every password is right. slices: of a turn; there is time for all,
    unless told otherwise. rate: of an account's lines. space: as the hub's.
    """

    def __init__(
        self,
        directory: Path,
        *names: str,
        slices: TimeSlices = AMPLE,
        rate: Rate = UNLIMITED,
        space: Space | None = None,
    ) -> None:
        self.path = directory / FILE_NAME
        self.journal = GatedJournal(new_database(self.path))
        self.add(*names)
        reader = Reader(self.journal.connection)
        self.rules = Rules(load_model(reader, PEPPER), SETTINGS, PEPPER)
        self.failures: list[BaseException] = []
        self.io = Io()
        self.jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.works = True
        """Whether jobs are done at once; else they gather in jobs."""
        self.hub = Hub(
            self.rules,
            self.journal,
            self._submit,
            self.failures.append,
            reader.last_change(),
            slices,
            rate,
            space,
        )

    def add(self, *names: str) -> None:
        for name in names:
            form = account_name(name)
            number = sum(form.folded.encode()) * 1000 + len(form.folded)
            self.journal.commit(
                [AccountCreated(number, name, form.folded, form.skeleton, "hash", False, 0, 0)]
            )

    def open(self) -> None:
        self.hub.serve([cast(IoThread, self.io)])

    def close(self, reason: str = "over") -> None:
        self.journal.release()
        for link in _links.values():
            link.leaving = True
        self.hub.inbox.put(Stop(reason))
        self.hub.join(PATIENCE)
        assert not self.hub.alive
        _links.clear()

    def put(self, event: Input) -> None:
        self.hub.inbox.put_inputs([event])

    def answer(self, answer: Answer) -> None:
        self.hub.inbox.put(answer)

    def connect(self, *, tags: Collection[str] | None = None) -> Client:
        """An unauthenticated connection. tags: see `Client`."""
        return Client(HubLink(self), password=PASSWORD, tags=tags)

    def member(self, name: str, *, caps: Caps = (), tags: Collection[str] | None = None) -> Client:
        """Somebody who has logged in and has heard the greeting."""
        client = self.connect(tags=tags)
        client.logs_in(name, caps=caps)
        return client

    def gathers(self, speaker: Client) -> None:
        """From here on all that is said falls into one turn, until journal.release().

        speaker: says something whose commit is held, so that the hub waits there.
        """
        self.journal.hold()
        speaker.sends("PRIVMSG #lobby :held")
        self.journal.holds_one()

    def _submit(self, job: Job) -> None:
        if self.works:
            self.answer(done(job))
        else:
            self.jobs.put(job)


def done(job: Job) -> Answer:
    """A worker's answer that says yes."""
    if isinstance(job, LoadMissed):
        return Missed(job.session, [], False, job.upto)
    assert not isinstance(job, HashPassword | ReadLog)
    return Verified(job.session, job.account, job.account is not None)
