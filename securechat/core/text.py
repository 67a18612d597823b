"""Texts on the wire: cut and filled, and how long those may be that 005 promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache, lru_cache

from securechat.irc.message import MAX_BODY_BYTES
from securechat.irc.names import MAX_ACCOUNT_BYTES, MAX_CHANNEL_BYTES

TEXT_BYTES = 255
"""Of an away message, and of the reason of PART. The longest names leave an away message more, and
cut a reason, of which nothing is promised.
"""

REAL_NAME_BYTES = 150
"""Of a real name: the longest nick leaves it more, also in WHOIS and in an extended JOIN."""

_NICK, _CHANNEL = "n" * MAX_ACCOUNT_BYTES, "#" * MAX_CHANNEL_BYTES


def shorten(text: str, limit: int) -> str:
    """At most limit bytes of UTF-8, cut between characters."""
    data = text.encode()
    # "ignore" drops the bytes of a character that was cut in two.
    return text if len(data) <= limit else data[:limit].decode(errors="ignore")


def fits(line: str) -> bool:
    """Whether a line, without tags and CR LF, is within the limit of the protocol."""
    # A character has at most four bytes, so most lines need no encoding to be measured.
    return len(line) * 4 <= MAX_BODY_BYTES or len(line.encode()) <= MAX_BODY_BYTES


def fill(words: Iterable[str], limit: int = 300, separator: str = " ") -> Iterator[str]:
    """Words joined into texts of at most limit bytes, for replies of many lines. separator: one
    character.
    """
    line: list[str] = []
    size = 0
    for word in words:
        length = len(word.encode()) + 1
        if line and size + length > limit:
            yield separator.join(line)
            line, size = [], 0
        line.append(word)
        size += length
    if line:
        yield separator.join(line)


def is_question(text: str) -> bool:
    """Whether a text is meant for the program at the other end (CTCP), and not for its reader."""
    # ACTION (/me) is what people say, in the form of a question.
    return text[:1] == "\x01" and not text.startswith("\x01ACTION ")


# A list of sessions or of departures shows the same minutes again and again.
@lru_cache(maxsize=64)
def when(at_ms: int) -> str:
    """A time as people read it."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def iso(at_ms: int) -> str:
    """A time in ISO 8601, to the second, in UTC."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


# There is one server, and so one entry.
@cache
def topic_bytes(server: str) -> int:
    """Of a topic that is relayed whole, whatever the names. server: the server's name."""
    return _left(server, f"TOPIC {_CHANNEL}")


@cache
def kick_bytes(server: str) -> int:
    """Of the reason of a KICK, in the same way."""
    return _left(server, f"KICK {_CHANNEL} {_NICK}")


def _left(server: str, command: str) -> int:
    """Bytes of a relayed line behind its longest head."""
    return MAX_BODY_BYTES - len(f":{_NICK}!{_NICK}@{server} {command} :")
