"""Framing: what a connection's bytes are cut into before the rules see them, and how what the rules
say is put together for it.

The listener names it for its connections (securechat.net.opening). Here it is lines; that of
WebSocket messages is in securechat.web.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from securechat.irc.framing import LINES, LineBuffer


class Framing(Protocol):
    """Bytes to lines. One object belongs to one connection; only its I/O thread may call.

    has_line: whether a whole line waits, for which there was no room in what was asked for.
    weight: what the last feed() took, in tokens of the rate: 1 for a line of the usual size.
    answer: bytes that the last feed() has the peer told, by the framing's own rules; b"" for none.
    ended: why the peer may say nothing more since the last feed(), in words for the log; "" while
    it may. farewell: bytes that end the connection in order, b"" for none.
    """

    has_line: bool
    weight: int

    @property
    def answer(self) -> bytes: ...

    @property
    def ended(self) -> str: ...

    @property
    def farewell(self) -> bytes: ...

    @property
    def join(self) -> Callable[[Iterable[bytes]], bytes]:
        """Puts encoded lines, each with its end, together for the peer. One function for all
        connections that are framed alike: who shares it shares the bytes (EncodingGroup).
        """

    def feed(self, data: bytes, most: int = -1) -> list[bytes]:
        """The lines that data completes, without their ends; securechat.irc.framing.TOO_LONG in
        the place of each that was thrown away.

        most: how many of them at most, -1 for all; the others wait for the next call. The memory
        that is held must have a limit, whatever comes.
        """


class LineFraming(LineBuffer):
    """IRC's own: each line ends with LF or CR LF (RFC 1459, section 2.3)."""

    __slots__ = ()

    answer: Final = b""
    ended: Final = ""
    farewell: Final = b""
    """Lines have nothing of that; IRC says its end itself, by ERROR."""

    @property
    def join(self) -> Callable[[Iterable[bytes]], bytes]:
        """As they are."""
        return LINES
