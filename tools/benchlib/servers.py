"""What can be measured: each server started anew for each workload, with its own directory."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from benchlib.client import User
from benchlib.link import Address, resolve
from benchlib.process import (
    HOST,
    Process,
    StartError,
    ca_pem,
    configure,
    free_port,
    home_in,
    running,
)
from benchlib.results import Turns

UNPRIVILEGED = "nobody"
"""InspIRCd and ngIRCd don't run as root; started by root they run as this user."""

Credential = Literal["password", "token", "certificate"]

Ability = Literal["token", "certificate", "lobby", "restart", "store", "web", "nodes"]
"""What a workload may want of a server: a kind of login, a room that everybody joins, that it can
be stopped and started, that it stores messages, also such as are there in advance, and WebSockets.
Those that are compared as nodes are measured by what wants nodes, and by nothing else.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a server has to have when it starts; those without accounts ignore all of it.

    accounts: how many. credential: what they log in with. rooms: of which the accounts are members
    already, each of so many of them, its neighbours being in the same. messages: in the log, by so
    many authors in each room in turn, with texts of size bytes. unread: whether the accounts have
    yet to receive them. lobby: whether there is a room that everybody joins. web: whether they come
    by WebSockets.
    """

    accounts: int
    credential: Credential = "password"
    rooms: int = 0
    each: int = 1
    messages: int = 0
    authors: int = 1
    size: int = 64
    unread: bool = False
    lobby: bool = False
    web: bool = False


class Node(NamedTuple):
    """One of several processes that are one server. turns: what it has counted so far; None where
    it is alone and has no turns.
    """

    address: Address
    process: Process
    turns: Callable[[], Turns] | None


class Key(NamedTuple):
    """How a user logs in: the nick, and a password or a certificate's file if it takes one."""

    nick: str
    password: str | None = None
    certificate: str | None = None


@dataclass(frozen=True)
class Server:
    """A running server. process: None when it isn't ours to start. known_pid: of the process then,
    if it is on this machine. key: of the user with a number; raises StartError when there is none.
    members: whether users are in their rooms already. count_stored: messages of the load that are
    in its database. web: the address is one for WebSockets. nodes: where it is several processes.
    databases: of which they are kept beside these, the process numbers of each.
    """

    address: Address
    ca_pem: str | None
    key: Callable[[int], Key]
    process: Process | None = None
    known_pid: int | None = None
    members: bool = False
    count_stored: Callable[[], int | None] = lambda: None
    web: bool = False
    nodes: Sequence[Node] = ()
    databases: Callable[[], list[list[int]]] = list

    @property
    def pid(self) -> int | None:
        """Of its process, None when it isn't ours to look at."""
        return self.process.pid if self.process is not None else self.known_pid

    @property
    def pids(self) -> list[int]:
        """The same of all its processes; none where they aren't ours to look at."""
        found = [node.process.pid for node in self.nodes] or [self.pid]
        return [pid for pid in found if pid is not None]

    def own_process(self) -> Process:
        """The process, which may be stopped and started. Raises StartError."""
        if self.process is None:
            raise StartError("the server was not started by this program; it can't restart it")
        return self.process

    def user(self, number: int, room: str = "", *, talks: bool = False) -> User:
        """The user of this number. Raises StartError when there is no account for it."""
        nick, password, certificate = self.key(number)
        return User(number, nick, password, room, talks, certificate, self.members and room != "")


@dataclass(frozen=True)
class Subject:
    """Something to measure. start: a running server by a plan, for the time of a block. offers:
    what it can. caps: capabilities that the load asks for. version: as the program tells it.
    at_once: logins under way in each process of the load, where it isn't told to have all at once:
    few enough for a queue of new connections that is short, and for one of passwords.
    """

    name: str
    start: Callable[[Plan], AbstractContextManager[Server]]
    offers: frozenset[Ability] = frozenset()
    caps: frozenset[str] = frozenset()
    version: str = ""
    at_once: int = 50

    def takes(self, needs: frozenset[Ability]) -> bool:
        """Whether it is measured by a workload that needs this."""
        return needs <= self.offers and ("nodes" in self.offers) == ("nodes" in needs)


def nick(number: int) -> str:
    """Of a user of the load."""
    return f"load{number}"


def room_name(number: int) -> str:
    """Of a room of the load."""
    return f"#load{number}"


def inspircd(directory: Path | None) -> Subject:
    """Debian's InspIRCd."""

    def command(config: Path) -> list[str]:
        return ["inspircd", "--nofork", "--nopid", "--config", str(config)]

    # It completes the logins that wait once a second.
    return replace(_peer("InspIRCd", "inspircd", command, directory), at_once=200)


def ngircd(directory: Path | None) -> Subject:
    """Debian's ngIRCd."""

    def command(config: Path) -> list[str]:
        return ["ngircd", "--nodaemon", "--config", str(config)]

    # Ten new connections may wait to be accepted.
    return replace(_peer("ngIRCd", "ngircd", command, directory), at_once=16)


def installed_peers(directory: Path | None) -> list[Subject]:
    """Those of the peers whose program is there."""
    known = {"inspircd": inspircd, "ngircd": ngircd}
    return [make(directory) for name, make in known.items() if _find(name)]


def elsewhere(
    name: str, address: Address, ca_file: Path | None, pid: int | None, keys: Sequence[Key]
) -> Subject:
    """A server that somebody else has started. keys: empty when any nick will do."""

    def key(number: int) -> Key:
        if not keys:
            return Key(nick(number))
        if number >= len(keys):
            raise StartError(
                f"{len(keys)} accounts are given and more than {number} are needed; "
                "add accounts, or measure a smaller workload"
            )
        return keys[number]

    pem = ca_file.read_text() if ca_file is not None else None
    server = Server(address, pem, key, known_pid=pid)
    return Subject(name, lambda plan: contextlib.nullcontext(server))


def _find(program: str) -> str | None:
    """Also where a user's search path doesn't lead: Debian has servers in /usr/sbin."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def _version(program: str) -> str:
    """What it calls itself, such as 'ngIRCd 26.1'."""
    told = subprocess.run(
        [_find(program) or program, "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"\w+[- ][0-9.]+", told.stdout)
    return found[0] if found else program


def _peer(
    name: str, program: str, command: Callable[[Path], list[str]], directory: Path | None
) -> Subject:
    @contextlib.contextmanager
    def start(plan: Plan) -> Iterator[Server]:
        with home_in(directory) as home:
            port = free_port()
            _, *arguments = command(configure(f"{program}.conf", home, port))
            user = UNPRIVILEGED if os.geteuid() == 0 else None
            if user is not None:
                _give_away(home, user)
            process = Process([_find(program) or program, *arguments], home, port, user)
            with running(process):
                yield Server(
                    resolve(HOST, port), ca_pem(home), lambda number: Key(nick(number)), process
                )

    return Subject(name, start, frozenset({"restart"}), version=_version(program))


def _give_away(home: Path, user: str) -> None:
    owner = pwd.getpwnam(user)
    for path in [home, *home.rglob("*")]:
        os.chown(path, owner.pw_uid, owner.pw_gid)
