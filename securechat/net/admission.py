"""Limits the number of connections, in all and from one address. Any thread may call."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import lru_cache

from securechat.net.connection import Connection

BARRED_SECONDS = 60.0

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
        self._unauthenticated = Unauthenticated()
        self._expected: set[Connection] = set()
        """Those whose address isn't known yet, as a balancer will tell it."""
        self._familiar = Unauthenticated()
        """The unauthenticated ones from where somebody has logged in before."""
        self._known_blocks: OrderedDict[str, None] = OrderedDict()
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

    def admit(self, connection: Connection) -> Connection | None:
        """Count a connection in, as unauthenticated. Returns the unauthenticated one that has to go
        for it, if there is one too many now; that one isn't counted as such any more.

        Raises NotAdmittedError when the new one may not come, and then it isn't counted.
        """
        # First of all, as it is to cost as little as can be.
        self._check_ban(connection)
        with self._lock:
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

    def admit_expected(self, connection: Connection) -> Connection | None:
        """As admit(), of one that was expected and has its address now. When it may not come in, it
        is counted until it is released.
        """
        self._check_ban(connection)
        with self._lock:
            first_to_go = self._admit(connection)
            self._expected.discard(connection)
            return first_to_go

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
        if self._barred.get(address_block, 0.0) > self._clock():
            raise NotAdmittedError(f"{address_block} is barred for a minute, for what it did")
        if self._by_address[address_block] >= self._per_address:
            raise NotAdmittedError(f"{self._per_address} connections from {address_block} already")
        there = self._unauthenticated.of(address_block) + self._familiar.of(address_block)
        if there >= self._unauthenticated_per_address:
            raise NotAdmittedError(
                f"{self._unauthenticated_per_address} connections from {address_block} already "
                "that have not logged in"
            )

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


class Unauthenticated:
    """The connections that have not logged in, by where they come from. The caller keeps a lock.

    It keeps each address block's connections in the order in which they came, and the address
    blocks by how many they have, so that the one to push out is found without a look at each.
    """

    def __init__(self) -> None:
        # Dicts serve as sets that keep the order in which something was put in.
        self._by_block: dict[str, dict[Connection, None]] = {}
        self._by_count: dict[int, dict[str, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def of(self, address_block: str) -> int:
        """The number of connections from an address block."""
        return len(self._by_block.get(address_block, ()))

    def add(self, address_block: str, connection: Connection) -> None:
        """One has come, which isn't here yet."""
        there = self._by_block.setdefault(address_block, {})
        there[connection] = None
        self._count += 1
        self._move(address_block, len(there) - 1, len(there))

    def remove(self, address_block: str, connection: Connection) -> None:
        """One has logged in, or has gone. Harmless for one that isn't here."""
        there = self._by_block.get(address_block, {})
        if connection not in there:
            return
        del there[connection]
        self._count -= 1
        self._move(address_block, len(there) + 1, len(there))
        if not there:
            del self._by_block[address_block]

    def push_out(self) -> Connection:
        """Remove the oldest of the address block that has the most. There must be one."""
        # Of the largest crowd: somebody who comes alone is the last whom a crowd pushes out.
        most = max(self._by_count)  # few: N connections come in at most sqrt(2 N) different numbers
        address_block = next(iter(self._by_count[most]))
        connection = next(iter(self._by_block[address_block]))
        self.remove(address_block, connection)
        return connection

    def _move(self, address_block: str, before: int, after: int) -> None:
        if before:
            there = self._by_count[before]
            del there[address_block]
            if not there:
                del self._by_count[before]
        if after:
            self._by_count.setdefault(after, {})[address_block] = None


@lru_cache(maxsize=4096)  # asked for several times of each connection, and parsing takes a while
def address_block_of(address: str) -> str:
    """The address block of an address: an IPv4 address itself, or the /64 of an IPv6 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])  # "%": a link-local one's interface
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:  # so an IPv4 peer is called by a socket that listens on ::
        return str(parsed.ipv4_mapped)
    # An IPv6 host owns at least a /64 and may take any address in it for each connection.
    return str(ipaddress.ip_network((parsed, 64), strict=False))
