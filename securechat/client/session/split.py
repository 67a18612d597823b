"""Long input becomes messages that arrive whole.

A server relays a message with its sender's prefix in front, and the line may have 510 bytes then
(RFC 1459, section 2.3): our client cuts what is too long for that itself, at word borders.
"""

from __future__ import annotations

import re

from securechat.irc.message import MAX_BODY_BYTES

_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def text_lines(text: str) -> list[str]:
    """The lines of text that can be sent: without line ends and NUL, the empty ones left out."""
    lines = (line.replace("\0", "") for line in _LINE_ENDS.split(text))
    return [line for line in lines if line.strip()]


def text_space(prefix: str, command: str, target: str, wrapping: int = 0) -> int:
    """Bytes left for the text in `:prefix command target :text`, without `wrapping` more."""
    return MAX_BODY_BYTES - len(f":{prefix} {command} {target} :".encode()) - wrapping
