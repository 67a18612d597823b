"""A message of several lines: sent as one, and put together again.

Pure; any thread may call. https://ircv3.net/specs/extensions/multiline
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from securechat.irc.message import Message, format_message
from securechat.irc.multiline import BATCH_TYPE, CONCAT_TAG, Part, refit

CAPABILITY: Final = BATCH_TYPE

# Of one message that is put together. A server announces its limits, 8 KiB and 64 lines with ours,
# and a hostile one sends lines without end.
MAX_PARTS = 1000
MAX_CHARS = 32_768

# A server that announces nothing less: what the specification takes for granted, and more than a
# person pastes.
MOST_LINES = 1000

# Bytes of a line that has no room for any text, since its target has taken it all: none is sent.
_LEAST_SPACE = 16


class Limits(NamedTuple):
    """What a server takes as one message: bytes with the line feeds, and lines on the wire."""

    max_bytes: int
    max_lines: int = MOST_LINES

    def problem(self, text: str, space: int) -> str:
        """Why a text can't be sent as one message; '' when it can. space: bytes in a line."""
        size, lines = len(text.encode(errors="replace")), len(_parts(text, space))
        if size <= self.max_bytes and lines <= self.max_lines:
            return ""
        return (
            f"too much for one message: {lines} lines and {size} bytes, and this server takes "
            f"{self.max_lines} lines and {self.max_bytes} bytes"
        )


def limits_of(value: str) -> Limits | None:
    """The limits in the value of the capability, None when it can't be read."""
    numbers = {}
    for item in value.split(","):
        key, _, number = item.partition("=")
        if number.isascii() and number.isdecimal():
            numbers[key] = int(number[:9])
    if "max-bytes" not in numbers:  # "REQUIRED"
        return None
    return Limits(numbers["max-bytes"], numbers.get("max-lines", MOST_LINES))


def batch_lines(
    command: str,
    target: str,
    text: str,
    space: int,
    tags: Mapping[str, str],
) -> list[str]:
    """The lines that send text as one message with tags. space: bytes in a line for the text.

    Raises ValueError when the target can't be sent.
    """
    reference = "paste"  # one is sent whole before the next one begins
    lines = [format_message("BATCH", f"+{reference}", BATCH_TYPE, target, tags=tags)]
    for part in _parts(text, space):
        inner = {"batch": reference, CONCAT_TAG: ""} if part.joined else {"batch": reference}
        lines.append(format_message(command, target, part.text, tags=inner))
    return [*lines, f"BATCH -{reference}"]


def _parts(text: str, space: int) -> list[Part]:
    return refit([Part(line) for line in text.split("\n")], max(space, _LEAST_SPACE))


class Assembly:
    """A message of several lines while it arrives. opening: the line that began its batch."""

    def __init__(self, opening: Message) -> None:
        self._opening = opening
        self._command = ""
        self._source: str | None = None
        self._parts: list[str] = []
        self._size = 0

    def add(self, message: Message) -> None:
        """One line of it; what is more than can be shown is left out."""
        if len(message.params) < 2 or len(self._parts) >= MAX_PARTS or self._size > MAX_CHARS:
            return
        text = message.params[1]
        if not self._command:
            self._command, self._source = message.command, message.source
        elif CONCAT_TAG not in message.tags:
            text = "\n" + text
        self._parts.append(text)
        self._size += len(text)

    def whole(self) -> Message | None:
        """The message, as if it had come in one line; None when there is nothing of it."""
        opening = self._opening
        if not self._command:
            return None
        params = [opening.params[2] if len(opening.params) > 2 else "", "".join(self._parts)]
        return Message(self._command, params, self._source or opening.source, opening.tags)
