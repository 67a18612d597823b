"""Bytes to lines. One LineBuffer belongs to one connection; only its reading thread may call."""

from __future__ import annotations

from typing import Final

from securechat.irc.message import MAX_LINE_BYTES

# It can't be mistaken for a line, as no line holds its own line end.
TOO_LONG: Final = b"\n"
"""Stands in a list of lines for one that was over the limit and was thrown away."""

PLAIN_LINE: Final = 512
"""Bytes of a line as large as it gets without tags, with its CR LF (RFC 1459, section 2.3)."""


LINES: Final = b"".join
"""How the lines of a TLS socket are put together: each has its end already."""


class LineBuffer:
    """Splits a byte stream at LF or CR LF; empty lines are left out.

    LF alone ends a line too, as https://modern.ircdocs.horse/#compatibility-with-incorrect-software
    asks of servers.

    limit: bytes that a line may have. has_line: whether a whole line waits that the last feed() was
    not asked for. weight: what the last feed() took, for the rate: 1 for each line, empty ones
    included, and 1 for each further PLAIN_LINE bytes of it, also of a line that is thrown away.
    """

    __slots__ = ("_discarding", "_limit", "_rest", "has_line", "weight")

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._rest = b""
        self._discarding = False
        self.has_line = False
        self.weight = 0

    def feed(self, data: bytes, most: int = -1) -> list[bytes]:
        """The lines that data completes, TOO_LONG in the place of each that was thrown away.

        most: how many to split off, empty ones counted; -1 for all. A line that is thrown away
        before its end has come is told of at once, and not counted.
        """
        # What is beyond `most` waits as one piece: a line takes many times its bytes in memory.
        lines = (self._rest + data).split(b"\n", most)
        self._rest = lines.pop()
        self.weight = len(lines)
        self.has_line = len(lines) == most and b"\n" in self._rest
        if self._discarding and lines:
            # The end of the line that was thrown away, and told of when it became too long.
            self._discarding = False
            self.weight += len(lines.pop(0)) // PLAIN_LINE
        lines = [
            line[:-1] if line[-1:] == b"\r" else line for line in lines if line and line != b"\r"
        ]
        # Nearly all lines are short: one look at the longest spares them the two walks below.
        longest = max(map(len, lines), default=0)
        if longest >= PLAIN_LINE:
            self.weight += sum(len(line) // PLAIN_LINE for line in lines)
        if longest > self._limit:
            lines = [line if len(line) <= self._limit else TOO_LONG for line in lines]
        # With a whole line in it, the size of the rest says nothing about how long a line is.
        if not self.has_line and self._is_to_go():
            lines.append(TOO_LONG)
        return lines

    def _is_to_go(self) -> bool:
        """Throw away the beginning of a line that is too long; True when it is a new one."""
        size = len(self._rest)
        if not self._discarding and size <= self._limit + 1:  # a CR may still belong to the end
            return False
        # At once and not at the line's end, which may never come: the memory has a bound.
        self._rest = b""
        self.weight += -(-size // PLAIN_LINE)
        began, self._discarding = not self._discarding, True
        return began
