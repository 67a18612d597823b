"""Each node in turn is taken out of service and started again, while people talk all the time: to
them it is one chat. Nobody misses anything, or hears it twice.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from securechat.client import Chat, connect
from securechat.client.session import liveness
from tests.support.balancer import Balancer, balancing
from tests.support.links import PATIENCE
from tests.support.node_processes import Processes
from tests.support.process import ServerProcess
from tests.support.server import PASSWORD

PAUSE_SECONDS = 0.03
"""Between two messages of one person."""


class Talker:
    """A person who talks all the time, and keeps what they hear. balancer: by which they come."""

    def __init__(self, name: str, balancer: Balancer, chat: Chat) -> None:
        self.name, self.balancer = name, balancer
        self.said: list[str] = []
        self.heard: list[str] = []
        self._chat = chat
        self._silent = threading.Event()
        self._threads = [threading.Thread(target=one) for one in (self._talk, self._listen)]

    def begins(self) -> None:
        for thread in self._threads:
            thread.start()

    def _talk(self) -> None:
        for number in count(1):
            self.said.append(f"{self.name} {number}")
            self._chat.send("#lobby", self.said[-1])
            if self._silent.wait(PAUSE_SECONDS):
                return

    def _listen(self) -> None:
        for message in self._chat:
            self.heard.append(message.text)

    def falls_silent(self) -> None:
        """Says no more; returns when all that was said is stored."""
        self._silent.set()
        self._threads[0].join()
        assert self._chat.wait(PATIENCE), "something that was said is not stored"

    def goes(self) -> None:
        self._silent.set()
        self._chat.close(0)
        for thread in self._threads:
            thread.join()


class Cluster:
    """The nodes north and south, and three people who talk."""

    def __init__(self, nodes: Processes, place: Path, stack: ExitStack) -> None:
        self.nodes = nodes
        self.running = {name: nodes.begins(name) for name in ("north", "south")}
        self.people: list[Talker] = []
        for name, first in (("alice", "north"), ("bob", "south"), ("carol", "north")):
            balancer = stack.enter_context(balancing())
            self._leads(balancer, first)
            chat = connect(
                f"{name}@localhost:{balancer.port}",
                password=PASSWORD,
                ca=self.running["north"].ca,
                config_dir=place / name,
                own=True,
            )
            stack.callback(chat.close, 0)
            self.people.append(Talker(name, balancer, chat))
        # Only now, as who comes is given what is said from then on.
        for person in self.people:
            person.begins()
            stack.callback(person.goes)

    def _leads(self, balancer: Balancer, first: str) -> None:
        names = sorted(self.running, key=lambda name: name != first)
        balancer.ports = [self.running[name].port for name in names]

    def restarts(self, name: str, ends: Callable[[ServerProcess], object]) -> None:
        """A node ends in some way, and begins again when it has; people talk on meanwhile."""
        ends(self.running[name])
        assert self.running[name].ends() == 0
        self._talk_on()
        self.running[name] = self.nodes.begins(name)
        for person in self.people:  # whoever loses the other one comes here
            self._leads(person.balancer, name)
        self._talk_on()

    def _talk_on(self) -> None:
        """Until all have heard something new of all."""
        before = {person: len(person.heard) for person in self.people}
        names = {person.name for person in self.people}
        deadline = time.monotonic() + PATIENCE
        for person, so_far in before.items():
            while {text.split()[0] for text in person.heard[so_far:]} < names:
                assert time.monotonic() < deadline, f"{person.name} hears not all"
                time.sleep(0.02)

    def has_missed_nothing(self) -> None:
        """All have heard all, in one order."""
        for person in self.people:
            person.falls_silent()
        said = sorted(text for person in self.people for text in person.said)
        deadline = time.monotonic() + PATIENCE
        while any(len(person.heard) < len(said) for person in self.people):
            assert time.monotonic() < deadline, [
                (one.name, sorted(set(said) - set(one.heard))) for one in self.people
            ]
            time.sleep(0.02)
        first, *others = [person.heard for person in self.people]
        assert sorted(first) == said
        assert all(heard == first for heard in others)


@pytest.fixture
def cluster(nodes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setattr(liveness, "FIRST_WAIT", 0.05)
    with ExitStack() as stack:
        yield Cluster(nodes, tmp_path, stack)


def test_nodes_are_drained_in_turn(cluster: Cluster) -> None:
    """As the documents tell to do it for a new version."""

    def drains(node: ServerProcess) -> None:
        name = node.data.path.name
        other = next(one for one in cluster.running if one != name)
        said = cluster.nodes.cli(other)(f"nodes drain {name}")
        assert said.code == 0, said.err

    for name in ("north", "south", "north"):
        cluster.restarts(name, drains)
    cluster.has_missed_nothing()


def test_nodes_are_stopped_in_turn(cluster: Cluster) -> None:
    """As by `systemctl restart`."""
    for name in ("north", "south", "north"):
        cluster.restarts(name, lambda node: node.tell(signal.SIGTERM))
    cluster.has_missed_nothing()
