"""Limits the number of connections, in all and from one address. Any thread may call."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from securechat.net.address_blocks import ByBlock, address_block_of
from securechat.net.connection import Connection, Place

BARRED_SECONDS = 60.0

VISITORS = 512
"""Connections by which pages are loaded, in all. One too many pushes the oldest of the largest
crowd out: of those without an answer yet if they are half of all, else of those that had one, by
their last.
"""

ONE_BROWSER = 6
"""Connections that a browser opens at once; from one address block they are no crowd yet."""

VISITORS_PER_BLOCK = 256
"""The same from one address block, where one of its own goes for the next: a class of forty comes
at once.
"""

MAX_ADDRESS_BLOCKS = 10_000
"""Address blocks that are remembered since somebody has logged in from there; of one too many the
one goes that was not seen for longest.
"""


# Looked up in an enumeration they would take as long as all else here.
_NONE, _EXPECTED, _VISITING, _TALKING = Place


class NotAdmittedError(Exception):
    """A connection may not come; the text says why, for the log."""


class Admission:
    """Counts connections and decides which may come, and which has to go for a new one.

    total: connections in all. per_address: from one address block. unauthenticated,
    unauthenticated_per_address: those of them that have not logged in. clock: seconds, monotonic.
    banned: why an address may not come at all, or None; any thread may call.

    Each connection is counted at one place at a time. Visitors are counted apart from all others,
    with limits of their own.

    When there is an unauthenticated connection too many, the oldest of the address block that has
    the most of them goes; one from a block where somebody has logged in before goes only when there
    are no others.
    """

    def __init__(
        self,
        *,
        total: int,
        per_address: int,
        unauthenticated: int,
        unauthenticated_per_address: int,
        clock: Callable[[], float] = time.monotonic,
        banned: Callable[[str], str | None] = lambda address: None,
    ) -> None:
        self._banned = banned
        self._lock = threading.Lock()
        self.change(
            total=total,
            per_address=per_address,
            unauthenticated=unauthenticated,
            unauthenticated_per_address=unauthenticated_per_address,
        )
        self._by_address: Counter[str] = Counter()
        self._count = 0
        self._unauthenticated = ByBlock()
        self._expected: set[Connection] = set()
        """Those whose address isn't known yet, as a balancer will tell it."""
        self._familiar = ByBlock()
        """The unauthenticated ones from where somebody has logged in before."""
        self._known_blocks: OrderedDict[str, None] = OrderedDict()
        self._silent = ByBlock(alone=ONE_BROWSER)
        """The visitors that have had no answer yet; each has seconds for that."""
        self._served = ByBlock(alone=ONE_BROWSER)
        """The other visitors, by when they had their last one."""
        self._barred: dict[str, float] = {}
        """Networks, and until when."""
        self._clock = clock
        self._enter: dict[Place, Callable[[Connection, str], Connection | None]] = {
            _EXPECTED: self._expect,
            _VISITING: self._let_visit,
            _TALKING: self._let_talk,
        }

    def change(
        self,
        *,
        total: int,
        per_address: int,
        unauthenticated: int,
        unauthenticated_per_address: int,
    ) -> None:
        """Other limits, for those who come from now on; whoever is here stays."""
        with self._lock:
            self._total = total
            self._per_address = per_address
            # A share of their own: whoever fills it can't fill the rest, which is for those who log
            # in.
            self._max_unauthenticated = unauthenticated
            self._unauthenticated_per_address = unauthenticated_per_address

    def counts(self) -> tuple[int, int]:
        """Connections, and how many of them have not logged in."""
        with self._lock:
            return self._count, len(self._unauthenticated) + len(self._familiar)

    def admit(self, connection: Connection, place: Place) -> Connection | None:
        """Count a connection at a place, and no more at the one where it was. Returns the one that
        has to go for it, if there is one too many there now; that one takes no such place any more.

        Raises NotAdmittedError when it may not come there, and then it stays where it was.
        """
        # First of all, as it is to cost as little as can be. The address of one that is expected is
        # its balancer's.
        if place is not _EXPECTED and (why := self._banned(connection.address)) is not None:
            raise NotAdmittedError(why)
        address_block = address_block_of(connection.address)
        with self._lock:
            first_to_go = self._enter[place](connection, address_block)
            if connection.place is not _NONE:
                self._leave(connection, address_block)
            connection.place = place
            return first_to_go

    def release(self, connection: Connection) -> None:
        """Count a connection out that was admitted."""
        address_block = address_block_of(connection.address)
        with self._lock:
            self._leave(connection, address_block)
            connection.place = _NONE

    # The caller holds the lock

    def _expect(self, connection: Connection, _: str) -> None:
        """Raises NotAdmittedError."""
        self._check_room()
        # The balancer tells it at once, so these are few.
        if len(self._expected) >= self._max_unauthenticated:
            raise NotAdmittedError(f"{len(self._expected)} connections have no header yet")
        self._expected.add(connection)
        self._count += 1

    def _let_visit(self, connection: Connection, address_block: str) -> Connection | None:
        """Raises NotAdmittedError."""
        self._check_barred(address_block)
        silent, served = self._silent, self._served
        first_to_go = None
        # Whoever opens many and asks for nothing, or keeps many that were served, has half of the
        # places at most, when others of the same address block come.
        if (quiet := silent.of(address_block)) + served.of(address_block) >= VISITORS_PER_BLOCK:
            more = silent if quiet >= VISITORS_PER_BLOCK / 2 else served
            first_to_go = more.push_out(address_block)
        elif len(silent) + len(served) >= VISITORS:
            first_to_go = (silent if len(silent) >= VISITORS / 2 else served).push_out()
        silent.add(address_block, connection)
        return first_to_go

    def _let_talk(self, connection: Connection, address_block: str) -> Connection | None:
        """Raises NotAdmittedError."""
        if connection.place is not _EXPECTED:  # else it is counted already
            self._check_room()
        self._check_barred(address_block)
        if self._by_address[address_block] >= self._per_address:
            raise NotAdmittedError(f"{self._per_address} connections from {address_block} already")
        there = self._unauthenticated.of(address_block) + self._familiar.of(address_block)
        if there >= self._unauthenticated_per_address:
            raise NotAdmittedError(
                f"{self._unauthenticated_per_address} connections from {address_block} already "
                "that have not logged in"
            )
        self._count += 1
        self._by_address[address_block] += 1
        known = address_block in self._known_blocks
        (self._familiar if known else self._unauthenticated).add(address_block, connection)
        if len(self._unauthenticated) + len(self._familiar) <= self._max_unauthenticated:
            return None
        # A crowd from elsewhere comes first, also when the new one is of a familiar place.
        return (self._unauthenticated or self._familiar).push_out()

    def _leave(self, connection: Connection, address_block: str) -> None:
        """The place that it has, if any; also of one that was pushed out."""
        place = connection.place
        if place is _VISITING:
            self._stop_visit(connection, address_block)
        elif place is _EXPECTED:
            self._count -= 1
            self._expected.discard(connection)
        elif place is _TALKING:
            self._count -= 1
            self._forget(connection, address_block)
            self._by_address[address_block] -= 1
            if not self._by_address[address_block]:
                del self._by_address[address_block]

    def _stop_visit(self, connection: Connection, address_block: str) -> bool:
        """Whether it was a visitor, and not pushed out yet."""
        return self._silent.remove(address_block, connection) or self._served.remove(
            address_block, connection
        )

    def _forget(self, connection: Connection, address_block: str) -> None:
        """As an unauthenticated one."""
        self._unauthenticated.remove(address_block, connection)
        self._familiar.remove(address_block, connection)

    def _check_room(self) -> None:
        """Raises NotAdmittedError."""
        if self._count >= self._total:
            raise NotAdmittedError(f"all {self._total} connections are in use")

    def _check_barred(self, address_block: str) -> None:
        """Raises NotAdmittedError."""
        if self._barred.get(address_block, 0.0) > self._clock():
            raise NotAdmittedError(f"{address_block} is barred for a minute, for what it did")

    # What becomes of those who are in

    def mark_served(self, connection: Connection) -> None:
        """A visitor has had an answer."""
        address_block = address_block_of(connection.address)
        with self._lock:
            if self._stop_visit(connection, address_block):
                self._served.add(address_block, connection)

    def mark_authenticated(self, connection: Connection) -> None:
        """Somebody has logged in on it, and its address block is a known one from now on."""
        address_block = address_block_of(connection.address)
        with self._lock:
            self._forget(connection, address_block)
            self._known_blocks[address_block] = None
            self._known_blocks.move_to_end(address_block)
            if len(self._known_blocks) > MAX_ADDRESS_BLOCKS:
                self._known_blocks.popitem(last=False)

    def bar(self, connection: Connection) -> None:
        """Its address block may open no more connections for a minute; those it has are not
        touched.
        """
        now = self._clock()
        with self._lock:
            # Those that are over go, so that there are never more than come in a minute.
            self._barred = {key: until for key, until in self._barred.items() if until > now}
            self._barred[address_block_of(connection.address)] = now + BARRED_SECONDS
