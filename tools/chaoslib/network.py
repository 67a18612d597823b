"""What those of a run are connected by, and how they are cut off from each other.

`Namespaces` gives each a network of its own, as if it were a machine: what is cut off there gets no
packet any more, and no answer either. `Sockets` has all of them on this machine, with somebody
between each two, and needs no rights.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chaoslib.cutter import CommitCutter
from tests.support.certificates import Authority
from tests.support.cutter import SOCKET
from tests.support.postgres import USER

PORT = 5432

NET: Final = "10.0.0"
"""Its first three numbers. Nobody else is on it."""

NOBODY: Final = "02:00:00:00:00:01"
"""No interface has this address."""

SETTINGS: Final = """
listen_addresses = '{host}'
ssl = on
ssl_cert_file = '{place}/server.pem'
ssl_key_file = '{place}/server-key.pem'
"""

UNSHARE: Final = (
    *("unshare", "--net", "--ipc", "--mount", "--pid", "--mount-proc"),
    # What is left over ends with this program, however that ends.
    *("--fork", "--kill-child"),
)
"""Runs a program on a network of its own, with mounts and processes that nobody else has."""


class Network(ABC):
    """can: which faults need it, of faults.NEEDS."""

    can: frozenset[str]

    @abstractmethod
    def add_server(self, name: str, place: Path) -> str:
        """A server of PostgreSQL in a directory; its settings for that."""

    @abstractmethod
    def add_node(self, name: str) -> str:
        """A chat server; the address where it listens."""

    @abstractmethod
    def within(self, name: str) -> Sequence[str]:
        """What a program is run by that is to have the network of somebody."""

    @abstractmethod
    def way(self, who: str, servers: Sequence[str]) -> str:
        """The part of a URL which says where somebody finds servers of PostgreSQL."""

    @abstractmethod
    def cut(self, one: str, other: str) -> None:
        """Neither hears of the other any more, nor is told so."""

    @abstractmethod
    def heal(self) -> None:
        """Nothing is cut off any more, nor slow."""

    @abstractmethod
    def slow_down(self, seconds: float) -> None:
        """Whatever is said to PostgreSQL or by it takes longer."""

    def disk(self, place: Path) -> None:
        """Make a directory, on a disk of its own if that can be done."""
        place.mkdir(mode=0o700)
        if os.getuid() == 0:
            shutil.chown(place, USER, USER)

    @abstractmethod
    def close(self) -> None:
        """Nothing of it is left."""


class Sockets(Network):
    """place: a directory with a short path, as those of sockets must be."""

    can = frozenset({"cutter", "delay"})

    def __init__(self, place: Path) -> None:
        self._place = place
        self._servers: dict[str, Path] = {}
        self._cutters: dict[tuple[str, str], CommitCutter] = {}

    def add_server(self, name: str, place: Path) -> str:
        self._servers[name] = place
        return ""

    def add_node(self, name: str) -> str:
        return "127.0.0.1"

    def within(self, name: str) -> Sequence[str]:
        return ()

    def way(self, who: str, servers: Sequence[str]) -> str:
        return f"host={','.join(str(self.cutter(who, server).here) for server in servers)}"

    def cutter(self, who: str, server: str) -> CommitCutter:
        """What is between the two."""
        if (who, server) not in self._cutters:
            (here := self._place / f"{who}-{server}").mkdir()
            self._cutters[who, server] = CommitCutter(self._servers[server], here)
            (here / SOCKET).chmod(0o777)  # a standby may be another user
        return self._cutters[who, server]

    def cut(self, one: str, other: str) -> None:
        for who, server in ((one, other), (other, one)):
            if server in self._servers:
                self.cutter(who, server).hold()

    def heal(self) -> None:
        for cutter in self._cutters.values():
            cutter.let_go()

    def slow_down(self, seconds: float) -> None:
        for cutter in self._cutters.values():
            cutter.delay = seconds

    def close(self) -> None:
        for cutter in self._cutters.values():
            cutter.let_go()
            cutter.close()


class Namespaces(Network):
    """place: a directory. This program must have been started by UNSHARE."""

    def __init__(self, place: Path) -> None:
        self._authority = Authority()
        self._ca = self._authority.write(place)
        self._ca.chmod(0o644)
        self._hosts: dict[str, str] = {}
        self._cuts: list[tuple[str, str]] = []
        self._disks: list[Path] = []
        (names := Path("/run/netns")).mkdir(exist_ok=True)
        _run("mount", "-t", "tmpfs", "tmpfs", names)
        _ip("link set lo up")
        _ip("link add chat type bridge")
        _ip(f"address add {NET}.1/24 dev chat")
        _ip("link set chat up")
        refused = _says("tc", "qdisc", "add", "dev", "chat", "root", "netem", "delay", "0ms")
        self.can = frozenset({"disk"} if refused else {"disk", "delay"})

    def _add(self, name: str) -> str:
        self._hosts[name] = host = f"{NET}.{len(self._hosts) + 2}"
        _ip(f"netns add {name}")
        _ip(f"link add to-{name} type veth peer name eth0 netns {name}")
        _ip(f"link set to-{name} master chat up")
        _ip(f"-n {name} address add {host}/24 dev eth0")
        _ip(f"-n {name} link set eth0 up")
        _ip(f"-n {name} link set lo up")
        return host

    def add_server(self, name: str, place: Path) -> str:
        host = self._add(name)
        for file in self._authority.server(host).write(place, "server"):
            shutil.chown(file, USER, USER)
        return SETTINGS.format(host=host, place=place)

    def add_node(self, name: str) -> str:
        return self._add(name)

    def within(self, name: str) -> Sequence[str]:
        return ("nsenter", f"--net=/run/netns/{name}")

    def way(self, who: str, servers: Sequence[str]) -> str:
        hosts = ",".join(self._hosts[server] for server in servers)
        return f"host={hosts}&sslmode=verify-full&sslrootcert={self._ca}"

    def cut(self, one: str, other: str) -> None:
        self._cuts.append((one, other))
        for who, whom in ((one, other), (other, one)):
            # Needs nothing of the kernel but a table that each has.
            there = f"{self._hosts[whom]} lladdr {NOBODY} dev eth0 nud permanent"
            _ip(f"-n {who} neighbour replace {there}")

    def heal(self) -> None:
        for one, other in self._cuts:
            for who, whom in ((one, other), (other, one)):
                _ip(f"-n {who} neighbour del {self._hosts[whom]} dev eth0")
        self._cuts.clear()
        if "delay" in self.can:
            self.slow_down(0)

    def slow_down(self, seconds: float) -> None:
        for name in self._hosts:
            _ip_tc(name, f"qdisc replace dev eth0 root netem delay {round(seconds * 1000)}ms")

    def disk(self, place: Path) -> None:
        super().disk(place)
        _run("mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs", place)
        shutil.chown(place, USER, USER)
        self._disks.append(place)

    def close(self) -> None:
        """All but the disks ends with this program."""
        for place in self._disks:
            _run("umount", "--lazy", place)


DISK_MIB = 400


def lacking() -> str:
    """What this machine lacks for Namespaces, for people; "" when nothing."""
    missing = [name for name in ("unshare", "nsenter", "ip", "tc") if shutil.which(name) is None]
    if missing:
        return f"{missing[0]} is missing (apt-get install iproute2 util-linux)"
    if os.getuid() != 0:
        return "that takes root"
    # Where a container may not, it is the first of these that it is refused.
    tried = _says(
        *UNSHARE, *["ip", "link", "add", "name", "here", "type", "veth", "peer", "name", "there"]
    )
    return "" if tried is None else f"the kernel refuses them ({tried})"


def _says(*words: str) -> str | None:
    """What a program complains of; None when all is well."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    return None if done.returncode == 0 else " ".join(done.stderr.split())


def _run(*words: object) -> None:
    subprocess.run([*map(str, words)], check=True, timeout=20)


def _ip(words: str) -> None:
    _run("ip", *words.split())


def _ip_tc(name: str, words: str) -> None:
    _run("tc", "-n", name, *words.split())
