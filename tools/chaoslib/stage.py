"""One run: a chat server on a cluster, people who talk, faults, and what was found."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from chaoslib import inside
from chaoslib.checker import check, differences
from chaoslib.cluster import Cluster
from chaoslib.people import LOST, Meeting, Person, gather
from securechat.server.data import DataDirectory
from securechat.server.loading import load_model
from securechat.store.database import open_database
from securechat.store.pepper import find_pepper
from securechat.store.sql.reader import Reader
from tests.support.process import NotStartedError, ServerProcess, add_accounts, write_config

TOOLS = Path(__file__).resolve().parent.parent
NAMES = ("alice", "bob", "carol", "dora", "erik", "frida")
WATCHER, PLACE_TO_WATCH = "zoe", "#watch"

ANSWER_SECONDS = 90.0
"""Until all must have been answered: what can't be learned for a minute ends the server."""

REPLAY = 10_000
"""Messages that somebody may miss before the checker takes them for lost."""

LOOKS = 5
"""So often it is tried to be shown a model."""

START_SECONDS = 60.0


class Stage:
    """cluster: without a chat server on it. place: an empty directory. seed: of all that is drawn.
    broken: one of inside.BREAKS. pace: seconds between two messages of a person.
    """

    def __init__(
        self,
        cluster: Cluster,
        place: Path,
        *,
        seed: int,
        people: int = 4,
        pace: float = 0.01,
        broken: str = "",
    ) -> None:
        self.cluster, self.broken = cluster, broken
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.findings: list[str] = []
        self._place = place
        self._location = cluster.database()
        self._database = urlsplit(self._location.url).path.strip("/")
        self._directory = place / "data-1"
        names = NAMES[:people]
        add_accounts(self._directory, *names, WATCHER, database=self._location)
        store = {"url": self._location.url, "single": True}
        # Whoever was away is told all of it: else nobody could tell that something is missing.
        history = {"replay": REPLAY}
        self._config = write_config(place / "chat.toml", store=store, history=history)
        self._strays: list[ServerProcess] = []
        self._looks = 0
        self.chat = self._new_chat()
        self.meeting = Meeting(self.chat.ca, pace)
        self.meeting.port = self.chat.port
        self.people = [Person(name, self.meeting, f"{seed} {name}") for name in names]
        for person in self.people:
            person.start()
        self.meeting.talking.set()

    def _new_chat(self) -> ServerProcess:
        """On the directory that is in use; tries until it starts."""
        code = f"import sys; sys.path.insert(0, {str(TOOLS)!r}); from chaoslib import inside; "
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return ServerProcess(
                    self._directory,
                    *("--config", self._config),
                    spoiled_by=f"{code}inside.prepare({self.broken!r})",
                )
            except NotStartedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def start_chat(self) -> None:
        """A new one, in whatever place the last one had."""
        self.chat.close()
        self.chat = self._new_chat()
        self.meeting.port = self.chat.port

    def replace_chat(self) -> ServerProcess:
        """Start another one beside that which there is, in a directory of its own; that one."""
        old, before = self.chat, self._directory
        self._directory = self._place / ("data-1" if before.name == "data-2" else "data-2")
        if not self._directory.exists():
            skipped = shutil.ignore_patterns("*lock*", "search*")
            shutil.copytree(before, self._directory, ignore=skipped)
        self._strays.append(old)
        self.chat = self._new_chat()
        self.meeting.port = self.chat.port
        return old

    def tend(self) -> None:
        """A server that has ended by itself is started again, as by systemd."""
        if self.chat.process.poll() is not None:
            lines = self.chat.log.splitlines()
            said = [line for line in lines if "must end" in line or "died" in line] or lines[-1:]
            self.findings += [f"the server has ended by itself: {line}" for line in said[-1:]]
            self.start_chat()

    def talk(self, seconds: float) -> None:
        """They talk, and nothing befalls them."""
        self.meeting.talking.set()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            time.sleep(0.02)

    def befall(self, name: str, fault: Callable[[Stage], None]) -> None:
        """A fault, in the middle of their talk; then all must come right again."""
        self.talk(self.random.uniform(0.2, 1.0))
        self.counts[name] += 1
        fault(self)
        self.talk(self.random.uniform(0.2, 1.0))
        self.look()

    def look(self) -> bool:
        """Whether all is answered in the end, and the server's model is what a start would load."""
        if not gather(self.people, self.meeting, ANSWER_SECONDS, self.tend):
            self.findings.append(f"not all was answered within {ANSWER_SECONDS:.0f} s")
            return False
        for _ in range(LOOKS):
            with suppress(*LOST):
                self.findings += differences(self._has(), self._loads())
                return True
            self.tend()
        self.findings.append("the server answers nobody")
        return False

    def _has(self) -> object:
        """What the server has in memory."""
        self._looks += 1
        file = self._place / f"model-{self._looks}"
        with self.chat.member(WATCHER, caps="echo-message") as watcher:
            watcher.says(f"JOIN {PLACE_TO_WATCH}")
            watcher.says(f"PRIVMSG {PLACE_TO_WATCH} :{inside.ASKED}{file}")
        return json.loads(file.read_text())

    def _loads(self) -> dict[str, object]:
        pepper = find_pepper(self._location, DataDirectory(self._directory).pepper)
        with closing(open_database(self._location, read_only=True)) as connection:
            # The server goes on to count what it has stored, so it takes one moment's state.
            connection.begin_reading()
            return inside.shown(load_model(Reader(connection), pepper))

    def close(self) -> None:
        """No server of it runs any more."""
        self.meeting.over.set()
        for server in (self.chat, *self._strays):
            server.close()

    def end(self) -> list[str]:
        """All goes home; what was found."""
        self.look()
        self.meeting.over.set()
        for person in self.people:
            person.join()
        self.close()
        log = [one for one in self.cluster.log(self._database) if one[1].partition(".")[0] in NAMES]
        self.counts["messages stored"] = len(log)
        self.counts["messages refused"] = sum(len(one.record.refused) for one in self.people)
        self.counts["connections"] = sum(len(one.record.connections) for one in self.people)
        return self.findings + check([one.record for one in self.people], log)
