"""One run: chat servers on a cluster, people who talk, faults, and what was found."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import time
from collections import Counter, defaultdict
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from chaoslib import inside
from chaoslib.checker import check, differences
from chaoslib.cluster import Cluster, wait_until
from chaoslib.nodes import Node
from chaoslib.people import LOST, OTHER_ROOM, ROOM, Meeting, Person, gather
from chaoslib.views import CAPS, shown
from securechat.server.data import DataDirectory
from securechat.server.loading import load_model
from securechat.store.admin import Admin
from securechat.store.database import open_database
from securechat.store.pepper import find_pepper
from securechat.store.postgres.nodes import UP
from securechat.store.sql.reader import Reader
from tests.support.process import ServerProcess, add_accounts, write_config
from tests.support.waiting import until

if TYPE_CHECKING:
    from chaoslib.faults import Fault

NAMES = ("alice", "bob", "carol", "dora", "erik", "frida")
WATCHER = "zoe"
NODES = ("a", "b", "c", "d", "e")

ANSWER_SECONDS = 90.0
"""Until all must have been answered: what can't be learned for a minute ends the server."""

REPLAY = 10_000
"""Messages that somebody may miss before the checker takes them for lost."""

UNSENT_KIB = 65_536
"""Of which the half may be that."""

LOOK_SECONDS = 20.0
"""So long it is tried to be shown a model: a node that ends takes a moment to, and begins again."""

LATE_SECONDS = 10.0
"""What befell a node may end it so much later: it waits before it gives up."""

AGREE_SECONDS = 15.0
"""Until all nodes must have told all, and show the same: one that died is gone for the others after
ten.
"""

BROKEN_AGREE_SECONDS = 2.0
"""Where that may never be."""

RESTART_SECONDS = 1.0
"""After which what has ended by itself is started again, as by systemd."""


class Stage:
    """cluster: without a chat server on it. place: an empty directory. seed: of all that is drawn.
    nodes: how many servers; one is no node, but alone on its database. broken: one of
    faults.WEAKNESSES, or nothing. pace: seconds between two messages of a person.
    """

    def __init__(
        self,
        cluster: Cluster,
        place: Path,
        *,
        seed: int,
        nodes: int = 1,
        people: int = 4,
        pace: float = 0.01,
        broken: str = "",
    ) -> None:
        self.cluster, self.broken = cluster, broken
        self.network = cluster.network
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.waits: defaultdict[str, list[float]] = defaultdict(list)
        """The longest time that somebody had no answer, of each fault that there was."""
        self.findings: list[str] = []
        self.can = self.network.can | {"one node" if nodes == 1 else "nodes"}
        self._place = place
        self._database = cluster.new_database()
        self._agree = BROKEN_AGREE_SECONDS if broken else AGREE_SECONDS
        self._strays: list[ServerProcess] = []
        self._may_end_until = 0.0
        self.nodes: list[Node] = []
        names = NAMES[:people]
        for name in NODES[:nodes]:
            self.nodes.append(self._new_node(name, [*names, WATCHER]))
        self.meeting = Meeting(self.nodes[0].server.ca, pace)
        self._tell_doors()
        self.people = [
            Person(name, self.meeting, f"{seed} {name}", number)
            for number, name in enumerate(names)
        ]
        for person in self.people:
            person.start()
        self.meeting.talking.set()

    def _new_node(self, name: str, accounts: list[str]) -> Node:
        """The first one makes what all have; the others have it of the first."""
        host = self.cluster.host(name)
        location = self.cluster.location(self._database, name)
        directory = self._place / f"data-{name}"
        if self.nodes:
            self._copy(self.nodes[0].directory, directory)
            (data := DataDirectory(directory)).choose(location)
            data.keep_choice()
        else:
            add_accounts(directory, *accounts, database=location)
        cluster = {"node": name} if "nodes" in self.can else {}
        config = write_config(
            self._place / f"{name}.toml",
            # Also where a fault, or a weakness, leaves the primary without standbys.
            store={"url": location.url, "single": True},
            # Whoever was away is told all of it: else nobody could tell that something is missing.
            history={"replay": REPLAY},
            limits={"unsent_kib": UNSENT_KIB},
            cluster=cluster,
        )
        within = self.network.within(name)
        broken = self.broken if self.broken in inside.BREAKS else ""
        return Node(name, directory, config, host=host, within=within, broken=broken)

    def _copy(self, before: Path, directory: Path) -> None:
        if not directory.exists():
            skipped = shutil.ignore_patterns("*lock*", "search*", "store.json", inside.ASKED)
            shutil.copytree(before, directory, ignore=skipped)

    def _tell_doors(self) -> None:
        self.meeting.doors = [node.door for node in self.nodes]

    @property
    def node(self) -> Node:
        """One that is drawn."""
        return self.random.choice(self.nodes)

    def start(self, node: Node) -> None:
        """Once more, in whatever place it had."""
        node.start()
        self._tell_doors()

    def drain(self, node: Node) -> None:
        """As `securechat-admin nodes drain` does, once there is another one to go to."""
        with closing(Admin(self.cluster.inside(self._database))) as admin:
            states = admin.nodes
            assert states is not None
            others = {one.name for one in self.nodes if one is not node}
            wait_until(
                lambda: any(one.row.name in others and one.state == UP for one in states.there()),
                "another node is up",
            )
            states.drain(node.name)

    def replace(self, node: Node) -> ServerProcess:
        """Start another one beside it, in a directory of its own; the process that there was."""
        old, before = node.server, node.directory
        node.directory = self._place / ("data-2" if before.name != "data-2" else "data-a")
        self._copy(before, node.directory)
        self._strays.append(old)
        node.renew()
        self._tell_doors()
        return old

    def tend(self) -> None:
        """A server that has ended by itself is started again, as by systemd."""
        for node in self.nodes:
            if node.has_ended:
                self._tend(node)

    def _tend(self, node: Node) -> None:
        code = node.server.process.returncode
        if code == 0 or time.monotonic() > self._may_end_until:
            self.findings.append(f"{node.name} has ended by itself ({code}): {node.last_words()}")
        self.counts["nodes that ended by themselves"] += 1
        time.sleep(RESTART_SECONDS)
        self.start(node)

    def talk(self, seconds: float) -> None:
        """They talk, and nothing befalls them."""
        self.meeting.talking.set()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            time.sleep(0.02)

    def befall(self, name: str, fault: Fault) -> None:
        """A fault, in the middle of their talk; then all must come right again."""
        self.talk(self.random.uniform(0.2, 1.0))  # what the last one has led to may show in it
        if fault.may_end and "nodes" in self.can:
            self._may_end_until = float("inf")
        elif self._may_end_until == float("inf"):
            self._may_end_until = time.monotonic() + LATE_SECONDS
        for person in self.people:
            person.waits()
        fault.befall(self)
        self.talk(self.random.uniform(0.2, 1.0))
        self.look()
        self.waits[name].append(max(person.longest_wait for person in self.people))

    def look(self) -> bool:
        """Whether all is answered in the end, and each server's model is what a start would load,
        and shows what the others show.
        """
        if not gather(
            self.people, self.meeting, ANSWER_SECONDS, self.tend, self._last, self._agree
        ):
            self.findings.append(f"not all was answered within {ANSWER_SECONDS:.0f} s")
            return False
        end = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < end:
            with suppress(*LOST):
                self._compare()
                return True
            self.tend()
            time.sleep(0.2)
        self.findings.append("the servers answer nobody")
        return False

    def _last(self) -> int:
        log = self.cluster.log(self._database)
        return log[-1][0] if log else 0

    def _compare(self) -> None:
        with ExitStack() as stack:
            watchers = {
                node.name: stack.enter_context(node.server.member(WATCHER, caps=CAPS))
                for node in self.nodes
            }
            for watcher in watchers.values():
                watcher.says(f"JOIN {ROOM},{OTHER_ROOM}")
            end = time.monotonic() + self._agree
            while True:
                first, *others = watchers.items()
                views = {name: shown(watcher) for name, watcher in watchers.items()}
                found = [
                    line
                    for name, _ in others
                    for line in differences(
                        views[name], views[first[0]], f"at {name}", "at a it is"
                    )
                ]
                for node in self.nodes:
                    file = node.model(self._place / f"model-{node.name}")
                    file.unlink(missing_ok=True)
                    watchers[node.name].says("PING now")
                    until(file.exists)
                    has = json.loads(file.read_text())
                    found += differences(has, self._loads(), f"the model of {node.name}")
                if not found:
                    return
                if time.monotonic() > end:
                    break
            self.findings += found

    def _loads(self) -> dict[str, object]:
        location = self.cluster.inside(self._database)
        pepper = find_pepper(location, DataDirectory(self.nodes[0].directory).pepper)
        with closing(open_database(location, read_only=True)) as connection:
            # The server goes on to count what it has stored, so it takes one moment's state.
            connection.begin_reading()
            return inside.shown(load_model(Reader(connection), pepper))

    def close(self) -> None:
        """No server of it runs any more."""
        self.meeting.over.set()
        for server in (*(node.server for node in self.nodes), *self._strays):
            server.close()

    def end(self) -> list[str]:
        """All goes home; what was found."""
        if self.meeting.talking.is_set():
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

    def table(self) -> list[str]:
        """What there was of it, in the words of Markdown."""
        head = [
            "| fault | times | longest without an answer: median | at most |",
            "|---|---|---|---|",
        ]
        return head + [
            f"| {name} | {len(waits)} | {statistics.median(waits):.1f} s | {max(waits):.1f} s |"
            for name, waits in sorted(self.waits.items())
        ]
