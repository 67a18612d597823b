"""Whose input the hub takes next. Parties take turns, so that one that says much, or whose lines
take long, waits behind itself and holds up nobody else. Hub thread only.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable
from itertools import chain, count
from typing import NamedTuple

from securechat.core.model.entities import Account
from securechat.net.connection import Closed, Connection, Input, Lines, Phase
from securechat.server.allowance import Allowance, Standing


class TimeSlices(NamedTuple):
    """Seconds of a turn. authenticated: for what those who have logged in say. busy: after it, for
    those of them who have said much. logins: after these, for those who come and go, of whom others
    may have to be told. unauthenticated: after that, for those who have not logged in. per_account:
    what one account, or one address block of unauthenticated connections, takes before it is the
    next one's turn. pages: for what was read in the log for those who have asked, within logins.
    """

    authenticated: float
    logins: float
    unauthenticated: float
    per_account: float
    busy: float = 0.005
    pages: float = 0.002


TIME_SLICES = TimeSlices(authenticated=0.04, logins=0.02, unauthenticated=0.003, per_account=0.001)
"""In forty milliseconds the hub takes a thousand messages: ten to each of a hundred busy channels,
which go out in one write to each member. With a quarter of that time the same work cost a third
more CPU. Nobody who speaks meanwhile waits longer than that. In one millisecond it takes forty
lines. Those who have said much share five milliseconds, and add no more to the wait of anybody
else's line. Two milliseconds are some four pages of history, which take as much again to be put
together and to be written.

When all come back at once after a restart, those who talk come between those who arrive, and not
behind all of them.
"""

MOST_UNSENT = 64 * 1024
"""Bytes that may wait for a connection before a long answer to it goes on."""

UNSENT_SECONDS = 0.02
"""Until it is looked again whether somebody has taken what was sent."""


class FairInputQueue:
    """Lets one party after the other have its turn.

    A party is who is served and charged as one: an account with all its connections, or an address
    block with those of its connections that have not logged in. Of one party each connection has
    its turn, and of one connection all stays in its order.

    allowance: what the accounts draw on; without one all parties are alike. lines: how many wait
    here, those of resting parties left out: their connections are not read meanwhile.
    """

    def __init__(self, allowance: Allowance | None = None) -> None:
        self._allowance = allowance
        self.inputs: dict[Connection, deque[Input]] = {}
        """What waits, by its connection, in its order."""
        self.fresh: OrderedDict[Hashable, deque[Connection]] = OrderedDict()
        """Parties that have used little of their allowance, in the order of their turns, with
        their connections that have input here.
        """
        self.busy: OrderedDict[Hashable, deque[Connection]] = OrderedDict()
        """Those that have used much: they come when no fresh one is left."""
        self._resting: dict[Hashable, deque[Connection]] = {}
        """Those that have used it up: they wait until some is earned again."""
        self._wakes: list[tuple[float, int, Account]] = []
        """A heap: when which of them has rested long enough. The number breaks ties."""
        self._numbers = count()
        self._later: dict[Connection, Hashable] = {}
        """Connections whose next input is the rest of an answer, with their parties."""
        self._patient = True
        """Whether parties have to rest; not any more when the server stops."""
        self._now = 0.0
        self.lines = 0

    def __bool__(self) -> bool:
        """Whether there is something to take."""
        return bool(self.fresh or self.busy)

    @property
    def holds_any(self) -> bool:
        """Whether there is something here, to be taken now or later."""
        return bool(self.inputs)

    def add(self, party: Hashable, event: Input) -> None:
        """Let an input wait. party: whose it is; ignored when its connection has input here
        already, as that must not be overtaken.
        """
        connection = event.connection
        waiting = self.inputs.get(connection)
        if not self._resting or party not in self._resting:
            self.lines += count_lines(event)
        elif waiting is not None and type(event) is Closed:
            self._end(party, event)
            return
        if waiting is not None:
            waiting.append(event)
            return
        self.inputs[connection] = deque((event,))
        if party in self.fresh:
            self.fresh[party].append(connection)
        else:
            self._schedule(party, connection)

    def take(self) -> Input:
        """The next input; there must be one. Its party and its connection go to the end."""
        parties = self.fresh or self.busy
        party, connections = parties.popitem(last=False)
        connection = connections.popleft()
        waiting = self.inputs[connection]
        event = waiting.popleft()
        self.lines -= count_lines(event)
        if waiting:
            connections.append(connection)
        else:
            del self.inputs[connection]
        if connections:
            parties[party] = connections
        return event

    def put_back(self, party: Hashable, event: Input, *, later: bool = False) -> None:
        """Let the rest of an input that was taken wait, as the first of its connection. later: not
        before the next turn, nor before what was sent to the connection has been written.
        """
        waiting = self.inputs.get(event.connection)
        if party not in self._resting:
            self.lines += count_lines(event)
        if waiting is None:
            self.inputs[event.connection] = deque([event])
        else:
            waiting.appendleft(event)
        if later:
            self._unschedule(party, event.connection)
            self._later[event.connection] = party
        elif waiting is None:
            self._schedule(party, event.connection)

    def go_on(self, connections: Iterable[Connection]) -> None:
        """Those whose next input was put back for later go on now, before all others."""
        parties = []
        for connection in connections:
            party = self._later.pop(connection, None)
            if party is None:  # it has ended meanwhile
                continue
            self._schedule(party, connection)
            parties.append(party)
        # From the last one, so that the first is in front: else who comes anew would overtake them.
        for party in reversed(parties):
            for there in (self.fresh, self.busy):
                if party in there:
                    there.move_to_end(party, last=False)

    # What the accounts draw on

    def affordable(self, account: Account, lines: int) -> int:
        """How many of so many lines an account may say at once now."""
        if self._allowance is None or not self._patient:
            return lines
        bucket = self._allowance.bucket(account, self._now)
        if bucket.tokens >= lines:
            return lines
        return min(lines, bucket.available(self._now) or 1)

    def charge(self, account: Account, cost: int, seconds: float) -> None:
        """Have an account pay for what was done of it. What waits of it moves to where it belongs
        then: fresh, busy or resting. cost: in lines. seconds: of the hub's time.
        """
        allowance = self._allowance
        if allowance is not None:
            bucket = allowance.bucket(account, self._now)
            bucket.spend(cost, seconds)
            if bucket.tokens < allowance.fresh:
                self._settle(account)

    def _settle(self, account: Account) -> None:
        connections = self.fresh.pop(account, None) or self.busy.pop(account, None)
        if connections is None:
            return
        standing = self._standing(account)
        if standing is Standing.RESTING:
            self._rest(account, connections)
        else:
            (self.busy if standing is Standing.BUSY else self.fresh)[account] = connections

    def _standing(self, party: Hashable) -> Standing:
        allowance = self._allowance
        if allowance is None or not isinstance(party, Account) or allowance.is_fresh(party):
            return Standing.FRESH
        standing = allowance.standing(party, self._now)
        return standing if self._patient else min(standing, Standing.BUSY)

    def begin_turn(self, now: float) -> None:
        """Who has rested long enough goes on, and so do answers that were put off. now: seconds."""
        self._now = now
        while self._wakes and self._wakes[0][0] <= now:
            account = heapq.heappop(self._wakes)[2]
            connections = self._resting.pop(account, None)
            if connections is not None:
                self.lines += self._lines_of(account, connections)
                self.busy[account] = connections
        for connection, party in list(self._later.items()):
            if connection.out_bytes < MOST_UNSENT or connection.phase is Phase.CLOSED:
                del self._later[connection]
                self._schedule(party, connection)

    def wait(self, now: float) -> float:
        """Seconds until begin_turn() may find something; infinite when nothing waits for it."""
        rest = self._wakes[0][0] - now if self._wakes else float("inf")
        return min(rest, UNSENT_SECONDS) if self._later else rest

    def end_rest(self) -> None:
        """Nobody rests any more: the server stops, and does what it has accepted."""
        self._patient = False
        for account, connections in self._resting.items():
            self.lines += self._lines_of(account, connections)
            self.busy[account] = connections
        self._resting.clear()
        self._wakes.clear()

    # Where it waits

    def _schedule(self, party: Hashable, connection: Connection) -> None:
        for parties in (self.fresh, self.busy, self._resting):
            if party in parties:
                parties[party].append(connection)
                return
        connections = deque([connection])
        standing = self._standing(party)
        if standing is Standing.FRESH:
            self.fresh[party] = connections
        elif standing is Standing.BUSY:
            self.busy[party] = connections
        else:
            self._rest(party, connections)

    def _unschedule(self, party: Hashable, connection: Connection) -> None:
        for parties in (self.fresh, self.busy, self._resting):
            connections = parties.get(party, ())
            if connection in connections:
                parties[party].remove(connection)
                if not connections:
                    del parties[party]

    def _rest(self, party: Hashable, connections: deque[Connection]) -> None:
        assert self._allowance is not None  # noqa: S101 - who rests has used it up
        assert isinstance(party, Account)  # noqa: S101 - only accounts draw on it
        self._resting[party] = connections
        self.lines -= self._lines_of(party, connections)
        wakes_at = self._now + self._allowance.wait(party, self._now)
        heapq.heappush(self._wakes, (wakes_at, next(self._numbers), party))

    def _end(self, party: Hashable, event: Closed) -> None:
        """A connection of a resting party is gone. What it had said beyond its rate doesn't count:
        who wants all of it to count says QUIT and waits for the end.
        """
        connection = event.connection
        self._unschedule(party, connection)
        self._later.pop(connection, None)
        self.inputs[connection] = deque([event])
        self.fresh[connection] = deque([connection])  # a party of its own, as its account rests

    def _lines_of(self, party: Hashable, connections: deque[Connection]) -> int:
        put_off = (one for one, whose in self._later.items() if whose is party)
        return sum(
            count_lines(event) for one in chain(connections, put_off) for event in self.inputs[one]
        )


def count_lines(event: Input) -> int:
    """How many lines there are in what a connection has brought."""
    return len(event.lines) if type(event) is Lines else 0
