"""One IRC message: parsing and serialising.

Grammar: https://modern.ircdocs.horse/#message-format with IRCv3 message tags
(https://ircv3.net/specs/extensions/message-tags). Any thread may call; nothing here keeps state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_BODY_BYTES = 510
"""Longest message without its tags and without CR LF (RFC 1459, section 2.3)."""

MAX_TAG_BYTES = 4096
"""Longest tag section of a client, '@' and the space behind it counted (message-tags)."""

MAX_LINE_BYTES = MAX_TAG_BYTES + MAX_BODY_BYTES
"""What a client may send before its line end."""

KEY_TAG: Final = "securechat/key"
"""The tag, and capability, by which a client gives a message a key: 1 to 15 hexadecimal digits, not
all of them 0. A message whose echo is lost is sent again with its key, and so the server knows it.
"""

# It fits into an integer of the database (64 bits with a sign), and no two are alike by chance.
KEY_BITS: Final = 60

_TAG_KEY = re.compile(r"\+?(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9-]+\Z")
_KEY_VALUE = re.compile(r"[0-9a-fA-F]{1,15}")
# Whatever a word is, somebody may have taken it for a command (421), and its label goes back. But
# not what begins as tags or a source do: these have come already.
_COMMAND = re.compile(r"[!-9;-?A-~][!-~]*\Z")
_FORBIDDEN = re.compile("[\0\r\n]")
# The table of message-tags, section "Escaping values".
_TO_WIRE = str.maketrans({";": r"\:", " ": r"\s", "\\": r"\\", "\r": r"\r", "\n": r"\n"})
_FROM_WIRE = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


class MessageError(ValueError):
    """A line is not an IRC message; the text says why, in a form fit for its sender."""


class LineTooLongError(MessageError):
    """A line, or its tag section, is too long."""

    def __init__(self) -> None:
        super().__init__("Input line was too long")


class NotUtf8Error(MessageError):
    """A line is not UTF-8 (https://ircv3.net/specs/extensions/utf8-only). command: its command, '*'
    where that can't be told.
    """

    def __init__(self, command: str) -> None:
        super().__init__("Expected UTF-8; the line has other bytes")
        self.command = command


@dataclass(slots=True)
class Message:
    """A parsed message.

    command: in upper case; where it is one that is known, letters or three digits.
    params: the parameters, the last one without its colon.
    source: what stood behind the leading colon, or None.
    tags: unescaped values; a tag without a value has the empty string.
    """

    command: str
    params: list[str] = field(default_factory=list)
    source: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def nick(self) -> str:
        """The part of the source before '!', or '' when there is no source."""
        return (self.source or "").partition("!")[0]


def decode(line: bytes) -> Message:
    """Parse one line of a client, checked against the limits.

    line: bytes without CR LF.
    Raises LineTooLongError, NotUtf8Error, or MessageError when it isn't a message.
    """
    body_at = line.find(b" ") + 1 if line[:1] == b"@" else 0
    # Refused and not cut: "servers MUST NOT truncate tags" (message-tags, Size limit).
    if len(line) - body_at > MAX_BODY_BYTES or body_at > MAX_TAG_BYTES:
        raise LineTooLongError
    try:
        return parse(line.decode())
    except UnicodeDecodeError:
        raise NotUtf8Error(_command_of(line[body_at:])) from None


def _command_of(body: bytes) -> str:
    try:
        return parse(body.decode(errors="ignore")).command
    except MessageError:
        return "*"


def tags_of(line: bytes) -> dict[str, str]:
    """The tags of a line that may be no message; none where they are too long to be taken."""
    section, space, _ = line.partition(b" ")
    if section[:1] != b"@" or not space or len(section) >= MAX_TAG_BYTES:
        return {}
    try:
        return parse_tags("" if _FORBIDDEN.search(raw := section[1:].decode()) else raw)
    except UnicodeDecodeError:
        return {}


def parse(line: str) -> Message:
    """Parse one line without CR LF. Raises MessageError."""
    if "\0" in line or "\r" in line or "\n" in line:
        raise MessageError("NUL, CR and LF are not allowed within a line")
    tags: dict[str, str] = {}
    source = None
    if line[:1] == "@":
        raw_tags, _, line = line[1:].partition(" ")
        tags = parse_tags(raw_tags)
        line = line.lstrip(" ")
    if line[:1] == ":":
        source, _, line = line[1:].partition(" ")
        line = line.lstrip(" ")
    # A middle parameter can't begin with a colon, so the first " :" is where the last one begins.
    head, colon, trailing = line.partition(" :")
    params = head.split(" ")
    command = params.pop(0)
    # Nearly all are letters, which is seen faster than by the pattern.
    if not (command.isalpha() and command.isascii()) and not _COMMAND.match(command):
        raise MessageError("Expected a command of letters or three digits")
    if "" in params:  # several spaces count as one
        params = [word for word in params if word]
    if colon:
        params.append(trailing)
    return Message(command.upper(), params, source, tags)


def parse_tags(raw: str) -> dict[str, str]:
    """Parse the tag section without its '@'. Ill-formed keys are left out; the last value wins."""
    tags = {}
    for item in raw.split(";"):
        key, _, value = item.partition("=")
        if _TAG_KEY.match(key):  # message-tags: an invalid key is no reason to refuse the message
            tags[key] = unescape_tag(value)  # and of a key that comes twice the last one counts
    return tags


def format_tags(tags: Mapping[str, str]) -> str:
    """The tag section without '@' and without the trailing space; '' when there are none."""
    return ";".join(f"{key}={escape_tag(value)}" if value else key for key, value in tags.items())


def escape_tag(value: str) -> str:
    """Escape a tag value for the wire."""
    return value.translate(_TO_WIRE)


def unescape_tag(value: str) -> str:
    """Undo escape_tag; an invalid or lone backslash is dropped, as the specification says."""
    if "\\" not in value:
        return value
    # In one pass: with a replacement for each escape, `\\s` would become a space in the end.
    return _ESCAPE.sub(lambda found: _FROM_WIRE.get(found[1], found[1]), value)


def format_message(
    command: str,
    *params: str,
    source: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> str:
    """One line without CR LF.

    Raises ValueError when a parameter can't be sent: a line break or NUL in any of them, or a
    space, a leading colon or nothing in one that isn't the last.
    """
    parts = []
    if tags:
        parts.append("@" + format_tags(tags))
    if source is not None:
        parts.append(":" + source)
    parts.append(command)
    *middles, last = params or ("",)
    for middle in middles:
        if not middle or middle[0] == ":" or " " in middle:
            raise ValueError(f"only the last parameter may be empty or hold a space: {middle!r}")
    plain = last and last[0] != ":" and " " not in last
    if params:
        parts += [*middles, last if plain else ":" + last]
    line = " ".join(parts)
    if _FORBIDDEN.search(line):
        raise ValueError("NUL, CR and LF can't be sent in a message")
    return line


def format_key(key: int) -> str:
    """The value of KEY_TAG."""
    return f"{key:x}"


def parse_key(text: str) -> int | None:
    """The key in the value of KEY_TAG; None when it is none."""
    # Matched first: int() also takes signs, underscores, spaces, and digits of other scripts.
    return int(text, 16) or None if _KEY_VALUE.fullmatch(text) else None
