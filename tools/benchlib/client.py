"""One user of the load: from connecting to being in a room, and then whatever a reader takes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from benchlib.link import Address, Link, LostError

REFUSALS = frozenset(
    (b"902", b"904", b"905", b"906", b"432", b"433", b"462", b"464", b"465", b"FAIL")
)
"""Answers after which a login does not go on."""

READY = frozenset((b"376", b"422"))
"""The end of the welcome: of the message of the day, or that there is none."""


@dataclass(frozen=True, slots=True)
class User:
    """number: among all of the load. password: or a token; None where there are no accounts.
    certificate: a file to log in with instead. room: to be in, '' for none. talks: whether it is
    one of the senders. member: whether the server brings it into its room by itself. address: where
    it connects to, when not where all do.
    """

    number: int
    nick: str
    password: str | None = None
    room: str = ""
    talks: bool = False
    certificate: str | None = None
    member: bool = False
    address: Address | None = None

    @property
    def mechanism(self) -> str | None:
        """Of SASL; None where there are no accounts."""
        if self.certificate is not None:
            return "EXTERNAL"
        return None if self.password is None else "PLAIN"

    def __repr__(self) -> str:
        """Without the password."""
        return f"User({self.number}, {self.nick!r}, room={self.room!r}, talks={self.talks})"


class Line(NamedTuple):
    """A line of the server: its command, and its parameters as they stand."""

    command: bytes
    rest: bytes


def split(line: bytes) -> Line:
    """line: without CR LF."""
    if line.startswith(b"@"):
        line = line.partition(b" ")[2]
    if line.startswith(b":"):
        line = line.partition(b" ")[2]
    command, _, rest = line.partition(b" ")
    return Line(command, rest)


class Client:
    """link: its connection, just begun. caps: capabilities to ask for, where they are offered.
    progressed: called when the client has come to where it was sent, at first to the end of its
    welcome. enters: also into its room, then.
    """

    def __init__(
        self,
        user: User,
        link: Link,
        caps: frozenset[str],
        progressed: Callable[[Client], None],
        *,
        enters: bool = False,
    ) -> None:
        self.user = user
        self.link = link
        self._caps = caps
        self._progressed = progressed
        self._begun = False
        self._welcomed = False
        self._in_room = not (enters and user.room)
        self._offered: set[str] = set()
        self._awaited: Callable[[Line], bool] | None = None
        self._carry = b""
        self.granted: set[str] = set()
        self.leaving = False
        self.sink: Callable[[bytes], None] = self._read_lines

    def on_event(self, events: int) -> None:
        """The epoll has named this client's connection. Raises LostError."""
        data = self.link.ready(events)
        if data:
            self.sink(data)
        if not self._begun and self.link.is_open:
            self._begun = True
            self._introduce()

    def _read_lines(self, data: bytes) -> None:
        *lines, self._carry = (self._carry + data).split(b"\r\n")
        for line in lines:
            self.take(line)

    def take(self, raw: bytes) -> None:
        """A line that is no message of the load. Raises LostError."""
        line = split(raw)
        if line.command == b"PING":
            self.link.send([b"PONG " + line.rest + b"\r\n"])
        elif line.command == b"ERROR" and not self.leaving:
            raise LostError(f"the server says: {raw.decode(errors='replace')}")
        elif self._awaited is not None and self._awaited(line):
            self._awaited = None
            self._progressed(self)

    # Logging in

    def _introduce(self) -> None:
        """The lines of an ordinary client."""
        nick = self.user.nick
        lines = [f"NICK {nick}", f"USER {nick} 0 * :{nick}"]
        if self.user.mechanism is not None or self._caps:
            lines.insert(0, "CAP LS 302")
        self._awaited = self._logging_in
        self._say(*lines)

    def _logging_in(self, line: Line) -> bool:
        """Goes on with the login; whether it is done."""
        command = line.command
        if command == b"CAP":
            self._negotiate(line.rest.decode(errors="replace"))
        elif command == b"AUTHENTICATE" and line.rest == b"+":
            self._say(f"AUTHENTICATE {self._proof()}")
        elif command == b"903":
            self._say("CAP END")
        elif command in REFUSALS:
            text = (command + b" " + line.rest).decode(errors="replace")
            raise LostError(f"{self.user.nick} is not let in: {text}")
        return self._arriving(line)

    def _arriving(self, line: Line) -> bool:
        """Whether the welcome is over, and the client in its room if it is to be."""
        if line.command in READY:
            self._welcomed = True
            if not self._in_room and not self.user.member:
                self._say(f"JOIN {self.user.room}")
        elif line.command == b"366":  # the end of the list of members, nick and room before it
            self._in_room |= line.rest.split(b" ")[1] == self.user.room.encode()
        return self._welcomed and self._in_room

    def _negotiate(self, rest: str) -> None:
        """CAP LS, in one line or several, and the answer to CAP REQ."""
        head, _, names = rest.partition(" :")
        words = head.split(" ")
        listed = {name.partition("=")[0] for name in names.split()}
        if words[1] == "LS":
            self._offered |= listed
            if words[-1] != "*":
                self._request()
        elif words[1] == "ACK":
            self.granted = listed
            self._say(f"AUTHENTICATE {self.user.mechanism}" if "sasl" in listed else "CAP END")

    def _request(self) -> None:
        wanted = self._caps | ({"sasl"} if self.user.mechanism is not None else set())
        wanted &= self._offered
        self._say(f"CAP REQ :{' '.join(sorted(wanted))}" if wanted else "CAP END")

    def _proof(self) -> str:
        if self.user.certificate is not None:
            return "+"
        nick = self.user.nick
        return base64.b64encode(f"\0{nick}\0{self.user.password}".encode()).decode()

    # Once logged in

    def sync(self, token: str) -> None:
        """Done when everything that the server has sent before this has come."""
        self._awaited = lambda line: line.command == b"PONG" and token.encode() in line.rest
        self._say(f"PING {token}")

    def leave(self) -> None:
        """Say farewell; the server closes then, which on_event() reports as LostError."""
        self.leaving = True
        self._say("QUIT")

    def _say(self, *lines: str) -> None:
        self.link.send([f"{line}\r\n".encode() for line in lines])
