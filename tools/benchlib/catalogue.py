"""All workloads: what they are called, how large they are, and in which suite they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchlib.chat import Chat
from benchlib.curves import Curve, Point
from benchlib.logins import Login, Storm
from benchlib.missed import Missed
from benchlib.proc import files_allowed
from benchlib.standing import Idle, Soak, StartUp
from benchlib.together import Together
from benchlib.workload import Workload

SPARE_FILES = 200
"""Of a process, besides its connections: the interpreter's, the database's, the logs."""

STANDARD, LIMITS, CURVES, WAYS = "standard", "limits", "curves", "ways"
NODES, PASSWORDS = "cluster", "passwords"
"""The suites: what is compared with others, what is large or takes long, what shows a growth, what
another way in costs, what several nodes are good for, how long many passwords take.
"""

MEMBERS = Curve("members", "Cost against the size of the room", "members")
CONNECTIONS = Curve("connections", "Cost against the number of connections", "connections")
HISTORY = Curve("history", "Cost against the length of the log", "messages in the log")

FOREIGN_MESSAGE, FOREIGN_DELIVERY = 0.14, 0.09
"""What of a message in a room of ten, and of a delivery in a large room, a node is taken to need
for one of another node: 4.9 of 34.5 µs and 0.034 of 0.385 µs in prototypes, where no node waited
for another one's turn.
"""


def _members(sizes: Sequence[int]) -> list[Workload]:
    """One room; the same senders, whatever its size."""
    return [
        Point(MEMBERS, size, Chat(f"members-{size}", size, rooms=1, senders=5, window=32))
        for size in sizes
    ]


def _connections(sizes: Sequence[int], senders: int) -> list[Workload]:
    """Rooms of ten; the same number of them talk, the others are silent."""
    return [
        Point(
            CONNECTIONS,
            size,
            Chat(
                f"connections-{size}",
                size,
                rooms=size // 10,
                senders=senders,
                window=32,
                credential="token",
            ),
        )
        for size in sizes
    ]


def _history(sizes: Sequence[int], clients: int) -> list[Workload]:
    """One room, with so much said in it before."""
    return [
        Point(
            HISTORY,
            size,
            Chat(f"history-{size}", clients, rooms=1, senders=5, window=32, history=size),
        )
        for size in sizes
    ]


def _by_both(*, clients: int, senders: int, window: int = 0, rate: float = 0.0) -> list[Workload]:
    """One room, by TLS sockets and by WebSockets."""
    kind = str(window) if window else "paced"
    return [
        Chat(f"{way}-{kind}", clients, 1, senders, window, rate, web=way == "web")
        for way in ("tls", "web")
    ]


@dataclass(frozen=True, slots=True)
class Group:
    """What one name on the command line stands for. quick: the same at tiny sizes."""

    suite: str
    full: Sequence[Workload]
    quick: Sequence[Workload]


GROUPS = {
    "room": Group(
        STANDARD,
        [
            Chat("room-32", clients=200, rooms=1, senders=10, window=32),
            Chat("room-1", clients=200, rooms=1, senders=10, window=1),
        ],
        [
            Chat("room-32", clients=12, rooms=1, senders=3, window=32),
            Chat("room-1", clients=12, rooms=1, senders=3, window=1),
        ],
    ),
    "rooms": Group(
        STANDARD,
        [Chat("rooms", clients=1000, rooms=100, senders=100, window=32)],
        [Chat("rooms", clients=16, rooms=4, senders=4, window=32)],
    ),
    "paced": Group(
        STANDARD,
        [Chat("paced", clients=200, rooms=1, senders=10, rate=100)],
        [Chat("paced", clients=12, rooms=1, senders=3, rate=50)],
    ),
    "idle": Group(
        STANDARD,
        [Idle("idle", clients=2000), Idle("idle-8000", clients=8000)],
        [Idle("idle", clients=20)],
    ),
    "login": Group(
        STANDARD,
        [
            Login("login", at_once=32),
            Login("login-token", at_once=32, credential="token"),
            Login("login-certificate", at_once=32, credential="certificate"),
        ],
        [
            Login("login", at_once=4),
            Login("login-token", at_once=4, credential="token"),
            Login("login-certificate", at_once=4, credential="certificate"),
        ],
    ),
    "scale": Group(
        LIMITS,
        [Chat("scale", clients=10000, rooms=1000, senders=1000, rate=100, credential="token")],
        [Chat("scale", clients=24, rooms=6, senders=6, rate=50, credential="token")],
    ),
    "missed": Group(
        LIMITS,
        [Missed("missed", messages=1_000_000, returns=20)],
        [Missed("missed", messages=700, returns=2)],
    ),
    "storm": Group(
        LIMITS,
        [
            Storm("storm", clients=1000, room_size=10),
            Storm("storm-lobby", clients=1000, room_size=10, lobby=True),
        ],
        [Storm("storm", clients=8, room_size=4, lobby=True)],
    ),
    "class": Group(
        PASSWORDS,
        [
            Storm("class-30", clients=30, room_size=10, credential="password"),
            Storm("class-60", clients=60, room_size=10, credential="password"),
            Storm("class-100", clients=100, room_size=10, credential="password"),
        ],
        [Storm("class-30", clients=8, room_size=4, credential="password")],
    ),
    "startup": Group(
        LIMITS,
        [StartUp("startup", accounts=100_000, messages=10_000_000, rooms=1000)],
        [StartUp("startup", accounts=100, messages=1000, rooms=10)],
    ),
    "soak": Group(
        LIMITS,
        [Soak(Chat("soak", clients=200, rooms=20, senders=20, window=32), messages=1_000_000)],
        [Soak(Chat("soak", clients=8, rooms=2, senders=2, window=32), messages=800)],
    ),
    "web": Group(
        WAYS,
        _by_both(clients=200, senders=10, window=32) + _by_both(clients=200, senders=10, rate=100),
        _by_both(clients=12, senders=3, window=32) + _by_both(clients=12, senders=3, rate=50),
    ),
    "nodes-rooms": Group(
        NODES,
        [Together("nodes-rooms", 1000, 100, 100, window=32, foreign=FOREIGN_MESSAGE)],
        [Together("nodes-rooms", 16, 4, 4, window=32, foreign=FOREIGN_MESSAGE)],
    ),
    "nodes-room": Group(
        NODES,
        [Together("nodes-room", 200, 1, 10, window=32, foreign=FOREIGN_DELIVERY)],
        [Together("nodes-room", 12, 1, 3, window=32, foreign=FOREIGN_DELIVERY)],
    ),
    "nodes-paced": Group(
        NODES,
        [Together("nodes-paced", 200, 1, 10, rate=100)],
        [Together("nodes-paced", 12, 1, 3, rate=50)],
    ),
    "members": Group(CURVES, _members([10, 30, 100, 300, 1000]), _members([10])),
    "connections": Group(
        CURVES, _connections([100, 300, 1000, 3000, 8000], senders=10), _connections([20], 2)
    ),
    "history": Group(CURVES, _history([0, 100_000, 1_000_000], 100), _history([1000], 10)),
}

SUITES = {
    suite: [name for name, group in GROUPS.items() if group.suite == suite]
    for suite in (STANDARD, LIMITS, CURVES, WAYS, NODES, PASSWORDS)
}

TITLES = {
    "room-32": "A busy room: {clients} members, {senders} senders flat out, window 32",
    "room-1": "The same room, window 1",
    "rooms": "{rooms} rooms: {clients:,} members, one sender each, window 32",
    "paced": "Paced: {clients} members, {rate:g} messages a second in all",
    "idle": "{clients:,} idle connections",
    "idle-8000": "{clients:,} idle connections",
    "login": "Logins: connect, log in, welcome, quit; {at_once} at a time",
    "login-token": "Logins by device token",
    "login-certificate": "Logins by client certificate",
    "scale": "{clients:,} connections, and {rate:g} messages a second in {rooms:,} rooms",
    "missed": "An account comes back to {messages:,} messages in a room",
    "storm": "After a restart {clients:,} clients come back at once",
    "storm-lobby": "The same, all of them also in one room",
    "class-30": "After a restart {clients:,} clients come back at once, with their passwords",
    "class-60": "The same, {clients:,} of them",
    "class-100": "The same, {clients:,} of them",
    "startup": "Start with {accounts:,} accounts and {messages:,} messages",
    "tls-32": "A busy room by TLS sockets: {clients} members, {senders} senders, window 32",
    "web-32": "The same by WebSockets",
    "tls-paced": "Paced by TLS sockets: {clients} members, {rate:g} messages a second in all",
    "web-paced": "The same by WebSockets",
    "nodes-rooms": "Rooms of ten: {clients:,} members of {rooms}, one sender each, window 32",
    "nodes-room": "One room: {clients} members, {senders} senders flat out, window 32",
    "nodes-paced": "Paced: {clients} members, {rate:g} messages a second in all",
    "soak": "Memory in the course of {messages:,} messages",
}


def title(workload: Workload) -> str:
    """Of its table."""
    names = ("clients", "rooms", "senders", "rate", "at_once", "messages", "accounts")
    sizes = {name: getattr(workload, name) for name in names if hasattr(workload, name)}
    return TITLES[workload.name].format(**sizes)


def choose(
    names: Iterable[str], *, quick: bool, connections: int | None
) -> dict[str, list[Workload]]:
    """The workloads of these suites and groups, by suite. connections: of idle and scale, in their
    place.
    """
    chosen: dict[str, list[Workload]] = {}
    for name in dict.fromkeys(one for given in names for one in SUITES.get(given, [given])):
        group = GROUPS[name]
        found: Sequence[Workload] = group.quick if quick else group.full
        if name == "idle" and connections is not None:
            found = [Idle("idle", connections)]
        chosen.setdefault(group.suite, []).extend(_sized(one, connections) for one in found)
    return chosen


def _sized(workload: Workload, connections: int | None) -> Workload:
    """The largest one takes what it may have of files, as each connection is one."""
    if not isinstance(workload, Chat) or workload.name != "scale":
        return workload
    wanted = connections or workload.clients
    allowed = min(wanted, files_allowed() - SPARE_FILES)
    members = workload.clients // workload.rooms
    rooms = max(1, int(allowed) // members)
    return replace(workload, clients=rooms * members, rooms=rooms, senders=rooms)
