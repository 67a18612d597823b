"""Who asks how: alone, or many without pause while others talk; or while the index is made."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from benchlib import orders
from benchlib.client import User
from benchlib.load import Load, LoadError, shares
from benchlib.orders import Answered, Ask, Question
from benchlib.proc import cpu_seconds
from benchlib.servers import Server

from historylib.figures import OTHERS_MS, PAGE_MS, SEARCH_MS, Row, Scene, rows_of
from historylib.log import channels_of
from historylib.questions import Asking, Log, talk
from securechat.store.search.index import FILE_NAME

CAPS = frozenset({"batch", "message-tags", "server-time", "soju.im/search", "draft/chathistory"})

CROWD = 50

DRAWN = 400
"""Questions of an account, before it begins again."""

PAIRS = 4
"""Of others, of whom one talks and one listens."""

OTHERS_SECONDS = 0.1
"""Between two lines of one of them: half of what an account may say."""

INDEX_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class Settings:
    """processes: of the crowd. seconds: of a scene; lead: before it, until the crowd is under way
    and has used up what it had saved. clients: of the crowd. say: takes progress.
    """

    processes: int
    seconds: float
    lead: float
    clients: int
    say: Callable[[str], None]


class Stage:
    """A running server, and who may come onto it. data: its data directory."""

    def __init__(self, server: Server, data: Path, log: Log, settings: Settings) -> None:
        self._server = server
        self._data = data
        self._log = log
        self._settings = settings

    # One client

    def pages(self) -> Scene:
        """Page after page."""
        questions = self._asking(0).pages(DRAWN)
        return self._alone("Pages of 100, one client", questions, PAGE_MS)

    def searches(self) -> Scene:
        """Search after search."""
        questions = self._asking(0).searches(DRAWN * 4)
        return self._alone("Searches, first page, one client", questions, SEARCH_MS)

    def _alone(self, title: str, questions: Sequence[Question], most_ms: float) -> Scene:
        watch = _Watch(self._server)
        with self._processes(1) as load:
            self._connect(load, [[self._server.user(0)]])
            # What is read for the first time of all is not what is measured.
            load.one(0, Ask([questions], self._settings.seconds / 4), Answered)
            watch.begin()
            found = load.one(0, Ask([questions], self._settings.seconds), Answered)
        rows = rows_of([found], self._settings.seconds, most_ms, each=True)
        return watch.scene(title, rows)

    # Many, and others meanwhile

    def pagers(self) -> Scene:
        """All page without pause."""
        ask = [self._asking(number).pages(DRAWN) for number in range(self._settings.clients)]
        return self._crowd("page", ask)

    def searchers(self) -> Scene:
        """All search without pause."""
        ask = [self._asking(number).searches(DRAWN) for number in range(self._settings.clients)]
        return self._crowd("search", ask)

    def mixed(self) -> Scene:
        """Half of them page, half of them search."""
        ask = [
            self._asking(n).searches(DRAWN) if n % 2 else self._asking(n).pages(DRAWN)
            for n in range(self._settings.clients)
        ]
        return self._crowd("page or search", ask)

    def _crowd(self, what: str, questions: Sequence[Sequence[Question]]) -> Scene:
        settings, watch = self._settings, _Watch(self._server)
        users = [self._server.user(number) for number in range(len(questions))]
        parts = shares(users, settings.processes)
        others = len(parts)
        with self._processes(others + 1) as load:
            self._connect(load, [*parts, self._others()])
            for number, part in enumerate(parts):
                mine = [questions[user.number] for user in part]
                load.give(number, Ask(mine, settings.seconds + settings.lead))
            time.sleep(settings.lead)
            watch.begin()
            heard = self._talk(load, others, settings.seconds)
            found = [load.take(number, Answered) for number in range(others)]
        rows = rows_of([heard], settings.seconds, OTHERS_MS, each=True)[:-1]
        rows = [replace(row, kind=f"others' {row.kind}") for row in rows]
        asked = rows_of(found, settings.seconds + settings.lead, None)
        rows += [replace(row, kind=f"what {settings.clients} {what}") for row in asked]
        return watch.scene(f"{settings.clients} clients {what} without pause", rows)

    def calm(self) -> Scene:
        """The others alone, to compare with."""
        watch = _Watch(self._server)
        with self._processes(1) as load:
            self._connect(load, [self._others()])
            watch.begin()
            heard = self._talk(load, 0, self._settings.seconds)
        rows = rows_of([heard], self._settings.seconds, OTHERS_MS, each=True)[:-1]
        return watch.scene("Nobody pages or searches", rows)

    def index(self) -> Scene:
        """The index is made anew; the server has just begun with it."""
        index, watch = self._data / FILE_NAME, _Watch(self._server)
        begun = time.monotonic()
        found, step = [], self._settings.seconds
        with self._processes(1) as load:
            self._connect(load, [self._others()])
            watch.begin()
            while not _is_made(index, self._log.messages):
                found.append(self._talk(load, 0, step))
                self._settings.say(f"the index has {_made(index):,} of {self._log.messages:,}")
                if time.monotonic() - begun > INDEX_PATIENCE:
                    break
            seconds = time.monotonic() - begun
        rows: list[Row] = rows_of(found, seconds, OTHERS_MS, each=True)[:-1]
        size = sum(path.stat().st_size for path in self._data.glob(f"{FILE_NAME}*"))
        log = (self._data / "securechat.db").stat().st_size
        note = f"It took {seconds:,.0f} s; the index has {size >> 20:,} MiB, the log {log >> 20:,}."
        return watch.scene("The index is made while others talk", rows, note)

    def wait_for_index(self) -> None:
        """Until all that there is can be found by it. Raises LoadError when that takes too long."""
        end = time.monotonic() + INDEX_PATIENCE
        while not _is_made(self._data / FILE_NAME, self._log.messages):
            if time.monotonic() > end:
                raise LoadError(f"the index is not made after {INDEX_PATIENCE:.0f} s")
            time.sleep(0.2)

    # Parts of them

    def _asking(self, account: int) -> Asking:
        return Asking(self._log, account, seed=int(time.time()))

    def _others(self) -> list[User]:
        """Neighbours, who are in one channel."""
        return [self._server.user(self._settings.clients + n) for n in range(2 * PAIRS)]

    def _talk(self, load: Load, worker: int, seconds: float) -> Answered:
        users = [user.number for user in self._others()]
        questions = [
            one
            for first, second in zip(users[::2], users[1::2], strict=True)
            for one in talk(min(set(channels_of(first)) & set(channels_of(second))))
        ]
        return load.one(worker, Ask(questions, seconds, OTHERS_SECONDS), Answered)

    def _processes(self, size: int) -> Load:
        return Load(orders.Target(self._server.address, self._server.ca_pem, CAPS), size)

    def _connect(self, load: Load, parts: Sequence[Sequence[User]]) -> None:
        load.each([orders.Connect(part) for part in parts], orders.Connected)


class _Watch:
    """What the server uses, and the machine's load before."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._load = os.getloadavg()[0]

    def begin(self) -> None:
        """From now on."""
        self._begun, self._cpu = time.monotonic(), self._used()

    def _used(self) -> float:
        pid = self._server.pid
        return cpu_seconds(pid) if pid is not None else 0.0

    def scene(self, title: str, rows: Sequence[Row], *notes: str) -> Scene:
        """Up to now."""
        used = (self._used() - self._cpu) / (time.monotonic() - self._begun)
        return Scene(title, rows, round(self._load, 2), used, notes)


def _is_made(index: Path, messages: int) -> bool:
    return _made(index) >= messages


def _made(index: Path) -> int:
    """How many messages it has; those in a part that is not joined yet are found as well."""
    try:
        with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro", uri=True)) as db:
            found: int = db.execute("SELECT coalesce(max(upto), 0) FROM parts").fetchone()[0]
    except sqlite3.Error:  # it is just being begun
        return 0
    return found
