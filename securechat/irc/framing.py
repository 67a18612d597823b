"""Bytes to lines. One LineBuffer belongs to one connection; only its reading thread may call."""

from __future__ import annotations

from typing import Final

from securechat.irc.message import MAX_LINE_BYTES

TOO_LONG: Final = b"\n"
"""Stands in a list of lines for one that was over the limit and was thrown away.

It can't be mistaken for a line, as no line holds its own line end.
"""


class LineBuffer:
    """Splits a byte stream at LF or CR LF; empty lines are left out.

    limit: bytes a line may have. A longer one is thrown away as it comes, so the memory held
    never passes the limit by more than one read.
    """

    __slots__ = ("_discarding", "_limit", "_rest")

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._rest = b""
        self._discarding = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that data completes, TOO_LONG in the place of each that was thrown away."""
        lines = (self._rest + data).split(b"\n") if self._rest else data.split(b"\n")
        self._rest = lines.pop()
        if self._discarding and lines:
            self._discarding = False
            lines = lines[1:]
        limit = self._limit
        lines = [
            line[:-1] if line[-1:] == b"\r" else line for line in lines if line and line != b"\r"
        ]
        if lines and max(map(len, lines)) > limit:
            lines = [line if len(line) <= limit else TOO_LONG for line in lines]
        if self._discarding:
            self._rest = b""
        elif len(self._rest) > limit + 1:  # a CR may still belong to the line end
            self._discarding = True
            self._rest = b""
            lines.append(TOO_LONG)
        return lines
