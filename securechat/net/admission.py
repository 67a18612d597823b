"""Limits the number of connections, in all and from one address. Any thread may call."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from securechat.net.address_blocks import ByBlock, address_block_of
from securechat.net.connection import Connection

BARRED_SECONDS = 60.0

VISITORS = 512
"""Connections by which pages are loaded, in all. One too many pushes the oldest of the largest
crowd out, which has had its page or is no browser.
"""

VISITORS_PER_BLOCK = 256
"""The same from one address block: browsers open six each, and a class of forty comes at once."""

MAX_ADDRESS_BLOCKS = 10_000
"""Address blocks that are remembered since somebody has logged in from there; of one too many the
one goes that was not seen for longest.
"""


class NotAdmittedError(Exception):
    """A connection may not come; the text says why, for the log."""


class Admission:
    """Counts connections and decides which may come, and which has to go for a new one.

    total: connections in all. per_address: from one address block. unauthenticated,
    unauthenticated_per_address: those of them that have not logged in. clock: seconds, monotonic.
    banned: why an address may not come at all, or None; any thread may call.

    Visitors are connections by which somebody loads a page and may begin to talk. They are counted
    apart from all others, with limits of their own.

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
        self._visitors = ByBlock()
        """Those who have asked for the page, or will; each has seconds for that."""
        self._barred: dict[str, float] = {}
        """Networks, and until when."""
        self._clock = clock

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

    def admit(self, connection: Connection, *, visiting: bool = False) -> Connection | None:
        """Count a connection in, as unauthenticated or as a visitor. Returns the one of its kind
        that has to go for it, if there is one too many now; that one isn't counted as such any
        more.

        Raises NotAdmittedError when the new one may not come, and then it isn't counted.
        """
        # First of all, as it is to cost as little as can be.
        self._check_ban(connection)
        with self._lock:
            if visiting:
                return self._admit_visitor(connection)
            self._check_room()
            first_to_go = self._admit(connection)
            self._count += 1
            return first_to_go

    def expect(self, connection: Connection) -> None:
        """Count a connection in of which a balancer will tell whose it is.

        Raises NotAdmittedError.
        """
        with self._lock:
            self._check_room()
            # The balancer tells it at once, so these are few.
            if len(self._expected) >= self._max_unauthenticated:
                raise NotAdmittedError(f"{len(self._expected)} connections have no header yet")
            self._expected.add(connection)
            self._count += 1

    def admit_expected(
        self, connection: Connection, *, visiting: bool = False
    ) -> Connection | None:
        """As admit(), of one that was expected and has its address now. When it may not come in, it
        is counted until it is released.
        """
        self._check_ban(connection)
        with self._lock:
            if visiting:
                first_to_go = self._admit_visitor(connection)
                self._count -= 1
            else:
                first_to_go = self._admit(connection)
            self._expected.discard(connection)
            return first_to_go

    def admit_visitor(self, connection: Connection) -> Connection | None:
        """As admit(), of a visitor who begins to talk. When it may not come in, it is a visitor
        until it is released.
        """
        self._check_ban(connection)  # which may be younger than the visit
        with self._lock:
            self._check_room()
            first_to_go = self._admit(connection)
            self._visitors.remove(address_block_of(connection.address), connection)
            connection.visiting = False
            self._count += 1
            return first_to_go

    def _admit_visitor(self, connection: Connection) -> Connection | None:
        """The caller holds the lock."""
        address_block = address_block_of(connection.address)
        self._check_barred(address_block)
        if self._visitors.of(address_block) >= VISITORS_PER_BLOCK:
            raise NotAdmittedError(f"{VISITORS_PER_BLOCK} visitors from {address_block} already")
        self._visitors.add(address_block, connection)
        connection.visiting = True
        return self._visitors.push_out() if len(self._visitors) > VISITORS else None

    def _check_ban(self, connection: Connection) -> None:
        """Raises NotAdmittedError."""
        if (why := self._banned(connection.address)) is not None:
            raise NotAdmittedError(why)

    def _check_room(self) -> None:
        """Raises NotAdmittedError. The caller holds the lock."""
        if self._count >= self._total:
            raise NotAdmittedError(f"all {self._total} connections are in use")

    def _admit(self, connection: Connection) -> Connection | None:
        """The caller holds the lock, and counts it."""
        address_block = address_block_of(connection.address)
        self._check(address_block)
        self._by_address[address_block] += 1
        known = address_block in self._known_blocks
        (self._familiar if known else self._unauthenticated).add(address_block, connection)
        if len(self._unauthenticated) + len(self._familiar) <= self._max_unauthenticated:
            return None
        # A crowd from elsewhere comes first, also when the new one is of a familiar place.
        return (self._unauthenticated or self._familiar).push_out()

    def _check(self, address_block: str) -> None:
        """Raises NotAdmittedError. The caller holds the lock."""
        self._check_barred(address_block)
        if self._by_address[address_block] >= self._per_address:
            raise NotAdmittedError(f"{self._per_address} connections from {address_block} already")
        there = self._unauthenticated.of(address_block) + self._familiar.of(address_block)
        if there >= self._unauthenticated_per_address:
            raise NotAdmittedError(
                f"{self._unauthenticated_per_address} connections from {address_block} already "
                "that have not logged in"
            )

    def _check_barred(self, address_block: str) -> None:
        """Raises NotAdmittedError. The caller holds the lock."""
        if self._barred.get(address_block, 0.0) > self._clock():
            raise NotAdmittedError(f"{address_block} is barred for a minute, for what it did")

    def mark_authenticated(self, connection: Connection) -> None:
        """Somebody has logged in on it, and its address block is a known one from now on."""
        address_block = address_block_of(connection.address)
        with self._lock:
            self._forget(address_block, connection)
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

    def release(self, connection: Connection) -> None:
        """Count a connection out that was admitted or expected."""
        address_block = address_block_of(connection.address)
        with self._lock:
            if connection.visiting:  # also one that was pushed out
                self._visitors.remove(address_block, connection)
                return
            self._count -= 1
            if connection in self._expected:
                self._expected.discard(connection)
                return
            self._forget(address_block, connection)
            self._by_address[address_block] -= 1
            if not self._by_address[address_block]:
                del self._by_address[address_block]

    def _forget(self, address_block: str, connection: Connection) -> None:
        for group in (self._unauthenticated, self._familiar):
            group.remove(address_block, connection)
