"""IRC in WebSocket messages: one line each, without its end.

https://ircv3.net/specs/extensions/websocket and RFC 6455. WebSocketFraming belongs to one
connection, and only its I/O thread may call. Frames of the peer are taken apart by the library;
ours need no mask and no state, so they are made once for all who are framed alike.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterable
from typing import Final

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.utils import apply_mask

from securechat.irc.framing import LineBuffer
from securechat.irc.message import MAX_LINE_BYTES
from securechat.net.transport import CLOSED_BY_CLIENT

TEXT, BINARY = "text.ircv3.net", "binary.ircv3.net"
"""The subprotocols."""

MAX_MESSAGE_BYTES: Final = 2 * MAX_LINE_BYTES
"""A message that is no line any more ends here in TOO_LONG, which its sender is told; a larger one
ends the connection, as nobody sends that by mistake.
"""

PART_BYTES: Final = 1024
"""What the library is given at once: its frames are made before any of them is counted. It is more
where even the smallest frames would be no more than are asked for.
"""

USUAL_BYTES: Final = 1024
"""Nearly all lines that are sent have fewer, and their heads are made in advance."""

SMALLEST_FRAME: Final = 6
"""Bytes: two, and the key of the mask."""

NO_MESSAGE: Final = "said what is no WebSocket message"

SILENT: Final = logging.Logger("websockets", logging.CRITICAL + 1)
"""For the library, which would log whole frames at the level DEBUG, with passwords in them."""

_OF_MESSAGES: Final = frozenset([Opcode.TEXT, Opcode.BINARY, Opcode.CONT])

_FIN: Final = 0x80
_MASKED: Final = 0x80
_WHOLE_MESSAGES: Final = (_FIN | Opcode.TEXT, _FIN | Opcode.BINARY)
_TWO_BYTES: Final = 126
"""In the place of a length: that it stands in the next two bytes (RFC 6455, section 5.2)."""


class WebSocketFraming:
    """See securechat.net.framing.Framing. opcode: of the messages that the peer is sent. came: what
    of them has come already, behind the handshake.
    """

    __slots__ = (
        "_is_text",
        "_lines",
        "_message",
        "_protocol",
        "_rest",
        "answer",
        "ended",
        "farewell",
        "has_line",
        "join",
        "weight",
    )

    def __init__(self, opcode: Opcode, came: bytes = b"") -> None:
        self._protocol = ServerProtocol(state=State.OPEN, max_size=MAX_MESSAGE_BYTES, logger=SILENT)
        self._rest = came
        self._message = bytearray()
        """The fragments of a message whose last one has not come."""
        self._is_text = False
        """Whether what the fragments belong to is to be UTF-8."""
        self._lines = LineBuffer()
        self.join: Callable[[Iterable[bytes]], bytes] = JOINS[opcode]
        self.has_line = False
        self.weight = 0
        self.answer = b""
        self.ended = ""
        self.farewell = FAREWELL

    def feed(self, data: bytes, most: int = -1) -> list[bytes]:
        """The lines of the messages that data completes. See Framing.

        Frames that hold no line count as one: who sends nothing else pays for them.
        """
        if most and (line := self._one_line(data)):
            self.weight, self.answer = 1, b""
            return [line]
        rest = self._rest + data if self._rest else data
        buffer = self._lines
        lines: list[bytes] = []
        self.weight = 0
        if buffer.has_line:
            lines = buffer.feed(b"", most)
            self.weight = buffer.weight
        self.answer = b""
        while rest and not self.ended and (most < 0 or self.weight < most):
            size = len(rest) if most < 0 else (most - self.weight) * SMALLEST_FRAME
            size = max(size, PART_BYTES)
            part, rest = rest[:size], rest[size:]
            self._protocol.receive_data(part)
            said = self._take()
            lines += buffer.feed(said, most if most < 0 else max(0, most - self.weight))
            self.weight += buffer.weight
        self._rest = b"" if self.ended else rest
        self.has_line = buffer.has_line or bool(self._rest)
        return lines

    def _one_line(self, data: bytes) -> bytes:
        """The line of a single short frame that is all there is, which nearly always is so: a third
        of what the library takes for it. b"" where there is anything to be said about it.
        """
        if (
            not SMALLEST_FRAME < len(data) < SMALLEST_FRAME + _TWO_BYTES
            or data[0] not in _WHOLE_MESSAGES
            or data[1] != _MASKED | (len(data) - SMALLEST_FRAME)
            or self.has_line
            or self.ended
            or self._message
            or self._protocol.current_size is not None
            or self._protocol.reader.buffer
        ):
            return b""
        line = apply_mask(data[SMALLEST_FRAME:], data[2:SMALLEST_FRAME])
        is_plain = b"\n" not in line and b"\r" not in line
        return line if is_plain and (line.isascii() or _is_utf8(line)) else b""

    def _take(self) -> bytes:
        """What the messages say that have come, as lines with their ends; counts all else."""
        protocol = self._protocol
        said: list[bytes] = []
        for frame in protocol.events_received():
            assert isinstance(frame, Frame)  # noqa: S101 - no handshake is read here
            if frame.opcode is Opcode.CLOSE:
                self.ended = CLOSED_BY_CLIENT
            elif frame.opcode in _OF_MESSAGES:
                message = self._gather(frame)
                if message is not None:
                    said.append(message)
                    continue
            if self.ended:
                break  # what came behind it is for nobody
            self.weight += 1
        # Pongs, and our half of the closing handshake; an empty one stands for the end of all.
        self.answer += b"".join(protocol.data_to_send())
        if protocol.state is not State.OPEN:
            # Nothing of what the peer sent is in it.
            self.ended = self.ended or NO_MESSAGE
            self.farewell = b""
        return b"".join(said)

    def _gather(self, frame: Frame) -> bytes | None:
        """The message that a frame completes, None when there is more of it or it is not UTF-8."""
        data = bytes(frame.data)
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        if self._message or not frame.fin:
            self._message += data
            if not frame.fin:
                return None
            data, self._message = bytes(self._message), bytearray()
        if self._is_text and not data.isascii() and not _is_utf8(data):
            self._protocol.fail(CloseCode.INVALID_DATA)  # RFC 6455, section 8.1
            self.ended = NO_MESSAGE
            return None
        # "MUST NOT include trailing \r or \n"; whoever does it all the same means lines.
        return data.rstrip(b"\r\n") + b"\n"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _join(first: int) -> Callable[[Iterable[bytes]], bytes]:
    """What puts lines together as messages that begin with this byte."""
    heads = {size: _head(first, size) for size in range(1, USUAL_BYTES)}

    def join(lines: Iterable[bytes]) -> bytes:
        lines = list(lines)
        # Each sender of a turn misses another line, so the same lines are put together many times.
        if b"".join(lines).count(b"\n") == len(lines):
            try:
                return b"".join([x for one in lines for x in (heads[len(one) - 2], one[:-2])])
            except KeyError:  # an empty one is among them, or one that is very long
                pass
        # What is one to the rules may be several to those who don't know multiline; and there is
        # nothing for who can't understand a line.
        single = [one for line in lines for one in line[:-2].split(b"\r\n") if one]
        return b"".join([x for one in single for x in (_head(first, len(one)), one)])

    return join


def _head(first: int, size: int) -> bytes:
    """What stands before so many bytes (RFC 6455, section 5.2)."""
    if size < _TWO_BYTES:
        return bytes((first, size))
    return struct.pack("!BBH", first, _TWO_BYTES, size)


JOINS: Final = {opcode: _join(_FIN | opcode) for opcode in (Opcode.TEXT, Opcode.BINARY)}
"""One function for all connections that are framed alike, as EncodingGroup asks."""

FAREWELL: Final = bytes((_FIN | Opcode.CLOSE, 2)) + struct.pack("!H", CloseCode.NORMAL_CLOSURE)
