"""The securechat of this checkout over PostgreSQL: alone on it, or as several nodes."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchlib import ours, seed
from benchlib.databases import Databases, pids
from benchlib.link import resolve
from benchlib.process import HOST, Process, ca_pem, configure, free_port, home_in, running
from benchlib.results import Turns
from benchlib.servers import Ability, Key, Node, Plan, Server, Subject, nick
from securechat.server.data import DataDirectory
from securechat.store import passwords
from securechat.store.pepper import find_pepper
from securechat.store.postgres.location import PostgresLocation

OFFERS: frozenset[Ability] = frozenset({"nodes"})

OTHER_CORES = 2
"""For PostgreSQL, and for the load."""

NUMBERS = re.compile(r"^securechat_node_(wait|hold)_seconds_(sum|count) (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Kind:
    """Nodes over a database. nodes: how many; 0 for a server that is alone on it. standby: whether
    each commit waits for a second machine's.
    """

    nodes: int
    standby: bool = False

    @property
    def name(self) -> str:
        """In the tables."""
        if not self.nodes:
            return "PostgreSQL, no node"
        plural = "s" if self.nodes > 1 else ""
        return f"{self.nodes} node{plural}{', standby' if self.standby else ''}"


def kinds_of(counts: Sequence[int]) -> list[Kind]:
    """What is compared: a server without a node, and so many nodes, without and with a standby."""
    return [Kind(0), *(Kind(number, standby) for standby in (False, True) for number in counts)]


def subjects_of(
    found: Sequence[Kind], bcrypt_cost: int, directory: Path | None, databases: Databases
) -> list[Subject]:
    """One with its database in a file, and these. directory: where temporary ones are made."""
    file = ours.securechat(bcrypt_cost, directory)
    most = max(one.nodes for one in found)
    return [
        replace(file, name="SQLite", offers=OFFERS),
        *(
            Subject(one.name, partial(_start, one, most, bcrypt_cost, directory, databases), OFFERS)
            for one in found
        ),
    ]


def cores_for(nodes: int) -> list[int]:
    """A core for each node; none where there are too few for that."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[:nodes] if len(allowed) >= nodes + OTHER_CORES else []


def remark_on(found: Sequence[Kind]) -> str:
    """On what cores they run."""
    most = max(one.nodes for one in found)
    if cores_for(most):
        return " Each node has a core of its own."
    return (
        f" There are too few cores for {most} nodes, PostgreSQL, its standby and the load, which "
        "share them: so what several nodes cost can be seen here, and not what they gain."
    )


@contextlib.contextmanager
def _start(
    kind: Kind,
    most: int,
    bcrypt_cost: int,
    directory: Path | None,
    databases: Databases,
    plan: Plan,
) -> Iterator[Server]:
    servers = databases.servers(standby=kind.standby)
    location = databases.new(servers[0])
    with home_in(directory) as home, ExitStack() as stack:
        pepper = home / "pepper"
        stored = passwords.hash_password(
            ours.PASSWORD, cost=bcrypt_cost, pepper=find_pepper(location, pepper)
        )
        seed.fill_postgres(location, plan, stored)
        cores = cores_for(most)
        made = []
        for place in range(max(1, kind.nodes)):
            name = f"node{place + 1}" if kind.nodes else ""
            node = _node(home, pepper, location, name, bcrypt_cost, cores[place : place + 1])
            stack.enter_context(running(node.process))
            made.append(node)
        yield Server(
            made[0].address,
            ca_pem(home),
            lambda number: Key(nick(number), ours.PASSWORD),
            made[0].process,
            count_stored=lambda: databases.count_messages(location),
            nodes=made,
            databases=lambda: pids(servers),
        )


def _node(
    home: Path,
    pepper: Path,
    location: PostgresLocation,
    name: str,
    bcrypt_cost: int,
    core: Sequence[int],
) -> Node:
    place = home / (name or "alone")
    data = DataDirectory(place / "data")
    data.create()
    shutil.copy(pepper, data.pepper)
    port, watched = free_port(), free_port()
    config = configure(
        "securechat.toml",
        place,
        port,
        certificate=str(home / "tls" / "server.pem"),
        key=str(home / "tls" / "server-key.pem"),
        bcrypt_cost=str(bcrypt_cost),
        lobby="",
        client_ca="",
        web_host="",
        web_port=str(free_port()),
        database=location.url,
        node=name,
        metrics=f"{HOST}:{watched}",
    )
    command = ["taskset", "--cpu-list", str(core[0])] if core else []
    command += [sys.executable, "-m", "securechat.server", "--config", str(config)]
    command += ["--data", str(data.path)]
    address = resolve(HOST, port)
    process = Process(command, place, port)
    return Node(address, process, partial(_turns, watched) if name else None)


def _turns(port: int) -> Turns:
    """What a node tells those who watch it, as it was up to two seconds ago."""
    with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = {(one[1], one[2]): float(one[3]) for one in NUMBERS.finditer(text)}
    return Turns(int(found["hold", "count"]), found["wait", "sum"], found["hold", "sum"])
