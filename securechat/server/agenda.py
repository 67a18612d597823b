"""Whose input the hub takes next: each party in its turn, so that who says much, or what takes
long, waits for itself and not before others. Hub thread only.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import NamedTuple

from securechat.net.connection import Connection, Input, Lines


class Shares(NamedTuple):
    """Seconds of a turn. members: for what they say. door: after it, for those who come and go, of
    whom others may have to be told. strangers: for theirs, after that. party: what one account, or
    one network of strangers, takes before it is the next one's turn.
    """

    members: float
    door: float
    strangers: float
    party: float


SHARES = Shares(members=0.04, door=0.02, strangers=0.003, party=0.001)
"""In forty milliseconds a thousand messages are taken: ten to each room of a hundred busy ones,
that go out in one write to each member. With a quarter of that time the same work cost a third more
CPU. Whoever speaks meanwhile waits no longer than that. A thousandth is forty lines.

When all come back at once after a restart, whoever talks comes between them, not behind all.
"""


class Agenda:
    """A party is an account with all its connections, or a network of strangers. Of one party each
    connection has its turn, and of one connection all stays in its order.

    lines: how many wait here.
    """

    def __init__(self) -> None:
        self._inputs: dict[Connection, deque[Input]] = {}
        self._parties: OrderedDict[Hashable, deque[Connection]] = OrderedDict()
        self.lines = 0

    def __bool__(self) -> bool:
        return bool(self._inputs)

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._inputs

    def add(self, party: Hashable, event: Input) -> None:
        """One more. party: whose it is; not asked when its connection has some here already."""
        self.lines += count_lines(event)
        waiting = self._inputs.get(event.connection)
        if waiting is None:
            self._enter(party, event)
        else:
            waiting.append(event)

    def take(self) -> Input:
        """The next; there must be one. Its party and its connection go to the end."""
        party, connections = self._parties.popitem(last=False)
        connection = connections.popleft()
        waiting = self._inputs[connection]
        event = waiting.popleft()
        self.lines -= count_lines(event)
        if waiting:
            connections.append(connection)
        else:
            del self._inputs[connection]
        if connections:
            self._parties[party] = connections
        return event

    def put_back(self, party: Hashable, event: Input) -> None:
        """What is left of one that was taken: again the first of its connection."""
        self.lines += count_lines(event)
        waiting = self._inputs.get(event.connection)
        if waiting is None:
            self._enter(party, event)
        else:
            waiting.appendleft(event)

    def _enter(self, party: Hashable, event: Input) -> None:
        self._inputs[event.connection] = deque([event])
        self._parties.setdefault(party, deque()).append(event.connection)


def count_lines(event: Input) -> int:
    """How many lines there are in what a connection has brought."""
    return len(event.lines) if type(event) is Lines else 0
