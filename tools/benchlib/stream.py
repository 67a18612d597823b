"""What a room's members have to receive, and whether they did: all of it, in order, unchanged.

Parsing every line at every member would cost more than the servers that are measured. So the first
member of a room in a process to receive something has it checked line by line, and what the others
receive is compared with those bytes: that proves the same, and also that all see one order. Pure.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

ALPHABET = b"The-quick-brown-fox-jumps-over-the-lazy-dog-while-seven-wizards-vex-the-zebra."
FILLER = ALPHABET * 8
"""Without spaces, as a server may drop one at the end of a line."""

MAX_TEXT = 400
"""Bytes of a message: any server must relay it uncut (RFC 1459, section 2.3: 512 for the line)."""

PRIVMSG = b" PRIVMSG "


class WrongError(Exception):
    """Something was lost, changed, doubled or out of order; the text says what was expected."""


class Said(NamedTuple):
    """A checked message. stamp: when it was sent, monotonic nanoseconds."""

    sender: int
    number: int
    stamp: int


def compose(sender: int, number: int, stamp: int, size: int) -> bytes:
    """The text of a sender's message: size bytes, which differ with sender and number."""
    head = b"%d %d %d " % (sender, number, stamp)
    start = (sender + number) % len(ALPHABET)
    return head + FILLER[start : start + max(0, size - len(head))]


class Checker:
    """Looks at messages of one room as one member sees them.

    room: its name. nicks: of the senders, by their numbers. size: bytes of a text.
    """

    def __init__(self, room: bytes, nicks: Mapping[int, bytes], size: int) -> None:
        self._mark = PRIVMSG + room + b" :"
        self._nicks = nicks
        self._size = size
        self.counts = dict.fromkeys(nicks, 0)

    def is_of_these(self, line: bytes) -> bool:
        """Whether one of these senders has said it."""
        return _nick(line) in self._nicks.values()

    def check(self, line: bytes) -> Said:
        """line: without CR LF. Raises WrongError."""
        head, mark, text = line.partition(self._mark)
        try:
            sender, number, stamp = map(int, text.split(b" ", 3)[:3])
            expected = self.counts[sender]
        except (ValueError, KeyError):
            raise WrongError(
                f"expected a message of the load{self._mark!r}, got {line!r}"
            ) from None
        if number != expected:
            raise WrongError(
                f"message {number} of sender {sender} came where {expected} was expected"
            )
        if not mark or text != compose(sender, number, stamp, self._size):
            raise WrongError(f"message {number} of sender {sender} was changed: {line!r}")
        if _nick(head) != self._nicks[sender]:
            raise WrongError(f"message {number} of sender {sender} came as from {_nick(head)!r}")
        self.counts[sender] = number + 1
        return Said(sender, number, stamp)


class Replay(Checker):
    """Checks what a server gives back of a log that was written in advance.

    room: its name. authors: nicks of those who spoke in turn, as numbers 0, 1 and so on. first,
    last: places in the log of the first message that has to come, and after the last. now: a clock.
    """

    def __init__(
        self,
        room: bytes,
        authors: Sequence[bytes],
        span: tuple[int, int],
        size: int,
        now: Callable[[], int],
    ) -> None:
        super().__init__(room, dict(enumerate(authors)), size)
        self._first, self._last = span
        self._place = self._first
        self._now = now
        self.finished = 0
        for author in self.counts:
            self.counts[author] = -(-(self._first - author) // len(authors))

    def check(self, line: bytes) -> Said:
        """line: without CR LF. Raises WrongError."""
        if self._place == self._last:
            raise WrongError(f"more came than the {self._last - self._first} missed messages")
        said = super().check(line)
        if said.sender != self._place % len(self.counts):
            raise WrongError(f"a message of sender {said.sender} came too early: {line!r}")
        self._place += 1
        if self._place == self._last:
            self.finished = self._now()
        return said

    def check_complete(self) -> None:
        """Everything has come that will. Raises WrongError when something is missing."""
        if self._place != self._last:
            raise WrongError(
                f"{self._place - self._first} of {self._last - self._first} missed messages came"
            )


def _nick(head: bytes) -> bytes:
    """The nick of '[@tags ]:nick!user@host'."""
    if head.startswith(b"@"):
        head = head.partition(b" ")[2]
    return head[1:].partition(b"!")[0]


class Stream:
    """All messages of a room in their order, as bytes, since the round began."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.data = bytearray()
        self.ends: list[int] = []
        self.said: list[Said] = []
        self._digest = hashlib.blake2b(digest_size=16)

    def extend(self, lines: list[bytes]) -> None:
        """Lines without CR LF that nobody has received before. Raises WrongError."""
        for line in lines:
            said = self.checker.check(line)
            self.data += line + b"\r\n"
            self.ends.append(len(self.data))
            self.said.append(said)
            self._digest.update(b"%d %d\n" % said[:2])

    def begin(self) -> None:
        """A new round: everybody has everything, so it may be forgotten."""
        self.data.clear()
        self.ends.clear()
        self.said.clear()

    def order(self) -> str:
        """Stands for the order of all messages so far; equal where the order is."""
        return self._digest.hexdigest()


class Reader:
    """One member that only listens. other: takes lines that are no messages, without CR LF.

    heard: takes each message that has reached this member; latencies: takes nanoseconds from
    sending to reception, when the round wants them; last: the same of the newest reception of each
    message by somebody at another node than its sender, who are those of nearby; now: the clock of
    the stamps.
    """

    def __init__(
        self, stream: Stream, other: Callable[[bytes], None], now: Callable[[], int]
    ) -> None:
        self._stream = stream
        self._other = other
        self._now = now
        self._carry = b""
        self._position = 0
        self._next = 0
        self.heard: Callable[[Said], None] | None = None
        self.latencies: array[int] | None = None
        self.last: dict[tuple[int, int], int] | None = None
        self.nearby: frozenset[int] = frozenset()

    def begin(
        self, latencies: array[int] | None, last: dict[tuple[int, int], int] | None = None
    ) -> None:
        """A new round, after Stream.begin()."""
        self._position = self._next = 0
        self.latencies, self.last = latencies, last

    def complete(self) -> bool:
        """Whether it has all that anybody here has received."""
        return self._position == len(self._stream.data) and not self._carry

    def feed(self, chunk: bytes) -> None:
        """What was received. Raises WrongError."""
        if self._carry:
            chunk = self._carry + chunk
        cut = chunk.rfind(b"\n") + 1
        self._carry = chunk[cut:]
        whole = chunk[:cut]
        start = self._position
        if self._stream.data[start : start + cut] == whole:
            self._position += cut
        else:
            self._differs(whole)
        if self.heard is not None or self.latencies is not None:
            self._follow()

    def _differs(self, whole: bytes) -> None:
        """There are other lines between the messages, or nobody has received so much yet."""
        messages = []
        for line in whole.split(b"\r\n")[:-1]:
            if PRIVMSG in line:
                messages.append(line)
            else:
                self._other(line)
        stream = self._stream
        text = b"".join([line + b"\r\n" for line in messages])
        known = stream.data[self._position : self._position + len(text)]
        if not text.startswith(bytes(known)):
            raise WrongError(_difference(known, text))
        stream.extend(text[len(known) :].split(b"\r\n")[:-1])
        self._position += len(text)

    def _follow(self) -> None:
        stream, now = self._stream, self._now()
        while self._next < len(stream.ends) and stream.ends[self._next] <= self._position:
            said = stream.said[self._next]
            self._next += 1
            if self.latencies is not None:
                self.latencies.append(now - said.stamp)
            if self.last is not None and said.sender not in self.nearby:
                self.last[said.sender, said.number] = now - said.stamp
            if self.heard is not None:
                self.heard(said)


def _difference(known: bytes | bytearray, text: bytes) -> str:
    """Where two members' streams part."""
    pairs = zip(bytes(known).split(b"\r\n"), text.split(b"\r\n"), strict=False)
    first = next(((one, two) for one, two in pairs if one != two), (b"", b""))
    return f"two members of a room received different lines: {first[0]!r} and {first[1]!r}"


class Talker:
    """A member that also speaks: without echo its stream is its own, and is read line by line."""

    def __init__(self, checker: Checker, other: Callable[[bytes], None]) -> None:
        self.checker = checker
        self._other = other
        self._carry = b""

    def feed(self, chunk: bytes) -> None:
        """What was received. Raises WrongError."""
        *lines, self._carry = (self._carry + chunk).split(b"\r\n")
        for line in lines:
            if PRIVMSG in line:
                self.check(line)
            else:
                self._other(line)

    def check(self, line: bytes) -> None:
        """A message. Raises WrongError."""
        self.checker.check(line)

    def complete(self, counts: Mapping[int, int]) -> bool:
        """Whether it has all that it is to have. counts: messages of each sender."""
        return all(self.checker.counts.get(n, c) == c for n, c in counts.items())


class EchoedTalker(Talker):
    """One who is also sent what it has said itself. own: checks that. echoes: takes nanoseconds
    until it comes, when the round wants them; now: the clock of the stamps.
    """

    def __init__(
        self,
        checker: Checker,
        other: Callable[[bytes], None],
        own: Checker,
        now: Callable[[], int],
    ) -> None:
        super().__init__(checker, other)
        self._own = own
        self._now = now
        self.echoes: array[int] | None = None

    def check(self, line: bytes) -> None:
        """A message. Raises WrongError."""
        if not self._own.is_of_these(line):
            super().check(line)
            return
        said = self._own.check(line)
        if self.echoes is not None:
            self.echoes.append(self._now() - said.stamp)

    def complete(self, counts: Mapping[int, int]) -> bool:
        """Whether it has all that it is to have. counts: messages of each sender."""
        own = all(counts.get(number) == count for number, count in self._own.counts.items())
        return own and super().complete(counts)
