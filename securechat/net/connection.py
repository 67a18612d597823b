"""One connection as its I/O thread sees it: the socket, and what waits in either direction."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import NamedTuple, Protocol

from securechat.irc.framing import LINES
from securechat.net.errors import LostError
from securechat.net.framing import Framing
from securechat.net.throttle import TokenBucket

ENDED = -1
"""What an opening's step returns for a connection that has nothing more to say."""


class Phase(IntEnum):
    """RAW ─► HANDSHAKE ─► OPEN ─► DRAINING ─► LINGERING ─► CLOSED, never back."""

    RAW = 0
    """Accepted; not a byte has come."""
    HANDSHAKE = 1
    OPEN = 2
    DRAINING = 3
    """To be closed once its output is written."""
    LINGERING = 4
    """Our end is said; what the peer still sends is thrown away, so that it can read our last."""
    CLOSED = 5


class Place(IntEnum):
    """Where a connection is counted; see securechat.net.admission."""

    NONE = 0
    EXPECTED = 1
    """Its balancer has yet to tell whose it is."""
    VISITING = 2
    """Somebody loads the page by it, and may begin to talk."""
    TALKING = 3


class Connection:
    """A connection. owner: for the hub's use, never looked at here. address, port: the peer's.

    The accept thread makes it and hands it to one I/O thread, to which it belongs from then on. The
    hub reads owner, io, address, port, fingerprint and out_bytes, and writes owner and done.
    """

    __slots__ = (
        "address",
        "authenticated",
        "blocked",
        "bucket",
        "close_reason",
        "deadline",
        "done",
        "drained_by",
        "fingerprint",
        "framing",
        "handed",
        "interest",
        "io",
        "join",
        "obeyed",
        "opening",
        "out",
        "out_bytes",
        "owner",
        "phase",
        "place",
        "port",
        "sent",
        "sock",
        "tls",
    )

    def __init__(self, sock: socket.socket, address: str, port: int, io: int) -> None:
        self.sock = sock
        self.tls: ssl.SSLSocket | None = None
        self.address = address
        self.port = port
        self.io = io
        self.authenticated = False
        """Somebody has logged in on it."""
        self.place = Place.NONE
        """The admission's, under its lock."""
        self.phase = Phase.RAW
        self.owner: object = None
        self.fingerprint: bytes | None = None
        self.opening: Opening | None = None
        """How it begins; None once it has."""
        self.join: Callable[[Iterable[bytes]], bytes] = LINES
        """How lines are put together for the peer; that of its framing."""
        self.framing: Framing | None = None
        """Holds what has come and is no line yet, or over the rate; then nothing more is read."""
        self.bucket: TokenBucket | None = None
        self.handed = 0
        self.done = 0
        """Lines that the I/O thread has handed on, and those that the hub has done with."""
        self.out: list[bytes | memoryview] = []
        self.out_bytes = 0
        """How much of out is unsent."""
        self.sent = 0
        """Bytes that were written out of out."""
        self.blocked = False
        """A write must be tried again, with the same first item of out."""
        self.interest = 0
        self.deadline = 0.0
        self.drained_by = 0.0
        """When it must have taken its last output."""
        self.close_reason = ""
        self.obeyed = -1
        """Orders that its I/O thread had obeyed when the peer closed in order."""

    def __repr__(self) -> str:
        return f"<Connection {self.address} port {self.port} {self.phase.name}>"


class Opening(Protocol):
    """How connections begin: one object for all of a listener, or one for each. I/O threads only.

    framing: makes what cuts the bytes of one connection into lines, once it has begun. seconds:
    it may take from accept, or from the last renewal; None for the limits' handshake_seconds.
    renewed: the last step has done something whole, and the time begins anew.
    """

    framing: Callable[[], Framing]
    seconds: float | None
    renewed: bool

    def step(self, connection: Connection) -> int:
        """Do what can be done at once. Returns what to watch for (READ, WRITE) until the next
        step, 0 when lines may come, ENDED when there will be none and all is said.

        It may put another socket in the place of the connection's own, as TLS does, while its
        phase is RAW: no selector knows the socket then. Raises LostError, and WrongProtocolError
        for a peer that speaks something else.
        """

    def explain(self, connection: Connection) -> None:
        """Tell a peer that speaks something else what is spoken here, if it may be a person's."""

    def too_late(self) -> LostError:
        """Why the connection goes, now that its seconds are over."""


class Opened(NamedTuple):
    """It has begun: TLS stands, and lines may come."""

    connection: Connection


class Lines(NamedTuple):
    """Lines without their ends, TOO_LONG among them (securechat.irc.framing)."""

    connection: Connection
    lines: list[bytes]


class Closed(NamedTuple):
    """The connection is gone; comes once for each Opened, as its last."""

    connection: Connection
    reason: str


class Taken(NamedTuple):
    """The peer is alive: it takes what waits for it, though it may be long until it comes to what
    it was asked last.
    """

    connection: Connection


Input = Opened | Lines | Closed | Taken
