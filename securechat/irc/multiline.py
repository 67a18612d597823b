"""A message of several lines as one text, as it is stored, and its lines again.

https://ircv3.net/specs/extensions/multiline. Pure; any thread may call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from securechat.irc.pieces import cut_text

BATCH_TYPE: Final = "draft/multiline"
CONCAT_TAG: Final = "draft/multiline-concat"

MAX_BYTES: Final = 8192
"""Of the message as a reader sees it: the line feeds count, and no part of what stands around."""

# Fewer than what a session may send ahead of an answer that it waits for.
MAX_LINES: Final = 64

REPEATED_TAG_BYTES: Final = 4096
"""Of client-only tags on all lines together, for who doesn't know multiline; beyond it only the
first line has them: one message would have 256 KiB of tags.
"""

# No line of a client can hold either.
_BREAK, _JOIN = "\n", "\r"
_BORDER = re.compile("([\r\n])")


class Part(NamedTuple):
    """One line of it. joined: it goes on directly where the line before it ends."""

    text: str
    joined: bool = False


def compose(parts: Sequence[Part]) -> str:
    """All lines as one text: a line feed before each but the first, a CR before one that is joined.

    So the text tells how its sender has parted it, and what a reader sees is the text without CR.
    """
    borders = (_JOIN if part.joined else _BREAK for part in parts[1:])
    rest = (border + part.text for border, part in zip(borders, parts[1:], strict=True))
    return parts[0].text + "".join(rest)


def parts_of(text: str) -> list[Part]:
    """Undo compose()."""
    first, *rest = _BORDER.split(text)
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return [Part(first), *(Part(part, border == _JOIN) for border, part in pairs)]


def is_multiline(text: str) -> bool:
    """Whether a text of the log has several lines."""
    return _BREAK in text or _JOIN in text


def value_bytes(parts: Iterable[Part]) -> int:
    """What counts for MAX_BYTES."""
    return sum(len(part.text.encode()) + (not part.joined) for part in parts) - 1


def refit(parts: Iterable[Part], space: int) -> list[Part]:
    """The same message in lines of at most space bytes; nothing is lost where one is cut."""
    fitting = []
    for part in parts:
        first, *rest = cut_text(part.text, space)
        fitting += [Part(first, part.joined), *(Part(text, joined=True) for text in rest)]
    return fitting


def wire_bytes(text: str, tags: str | None, line_bytes: int) -> int:
    """What an entry of the log takes on the wire at the most. line_bytes: of a line, beside its
    text and its client's tags.
    """
    size = line_bytes + len(text.encode()) + len((tags or "").encode())
    if is_multiline(text):
        # Two lines more, as a batch has a beginning and an end.
        size += line_bytes * (text.count(_BREAK) + text.count(_JOIN) + 2) + REPEATED_TAG_BYTES
    return size
