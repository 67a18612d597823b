"""One message on its way to many, encoded once for each set of capabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from securechat.irc.capabilities import (
    ACCOUNT_TAG,
    BATCH,
    EXTENDED_JOIN,
    MESSAGE_TAGS,
    SERVER_TIME,
    WIRE,
)

# The last second that was written out. The hub alone uses it, so it needs no lock.
TAGGED = SERVER_TIME | MESSAGE_TAGS | ACCOUNT_TAG | BATCH
"""Capabilities of which each may put a tag in front of a line."""

_second = -1
_second_text = ""


def iso_time(at_ms: int) -> str:
    """The form of the server-time tag: 2026-01-31T23:59:59.999Z. Hub thread only.

    https://ircv3.net/specs/extensions/server-time
    """
    global _second, _second_text  # the messages of one second share the text
    second, ms = divmod(at_ms, 1000)
    if second != _second:
        _second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        _second = second
    return f"{_second_text}.{ms:03d}Z"


class MessageId(NamedTuple):
    """Becomes text only where a line is encoded for somebody who asked for it.

    instance: names the database, so that ids stay unique after a restore. seq: place in the one
    order. https://ircv3.net/specs/extensions/message-ids
    """

    instance: str
    seq: int

    def __str__(self) -> str:
        return f"{self.instance}-{self.seq:x}"


class EncodingGroup(NamedTuple):
    """Sessions of one group get the same bytes. io: the number of their I/O thread. caps: those of
    their capabilities that change the bytes. join: puts encoded lines together as their transport
    frames them.
    """

    io: int
    caps: int
    join: Callable[[Iterable[bytes]], bytes]


class Line:
    """A message with the tags a receiver may have asked for.

    body: the line without tags and CR LF. account: the sender's, for account-tag.
    client_tags: client-only tags as they stand on the wire, behind `bot` if a bot has sent it.
    extended: what an extended-join session gets in the place of body. requires: capabilities
    without which it is not sent. batch: reference of the batch it is part of.
    """

    __slots__ = (
        "_encoded",
        "account",
        "at_ms",
        "batch",
        "body",
        "client_tags",
        "extended",
        "msgid",
        "requires",
    )

    def __init__(
        self,
        body: str,
        at_ms: int,
        msgid: MessageId | None = None,
        account: str | None = None,
        client_tags: str | None = None,
        *,
        extended: str | None = None,
        requires: int = 0,
        batch: str | None = None,
    ) -> None:
        self.body = body
        self.at_ms = at_ms
        self.msgid = msgid
        self.account = account
        self.client_tags = client_tags
        self.extended = extended
        self.requires = requires
        self.batch = batch
        # By the capabilities that change bytes: clients of one kind share an entry.
        self._encoded: dict[int, bytes] = {}

    def encode(self, caps: int) -> bytes:
        """The bytes for a session with these capabilities, CR LF included; b'' for nothing."""
        # Others must not make a second entry for the same bytes.
        key = caps & WIRE
        data = self._encoded.get(key)
        if data is None:
            data = self._encoded[key] = self._render(key)
        return data

    def move(self, msgid: MessageId, at_ms: int) -> None:
        """Give it another place in the one order, before anybody has been sent it."""
        self.msgid, self.at_ms = msgid, at_ms
        self._encoded.clear()

    def encode_tagged(self, caps: int, tag: str) -> bytes:
        """The same with one tag more, in front of its own."""
        data = self.encode(caps)
        if not data:
            return data
        return f"@{tag}".encode() + (b";" + data[1:] if data[:1] == b"@" else b" " + data)

    def _render(self, caps: int) -> bytes:
        # Nothing at all, and not an empty line: who can't understand it is not written to.
        if caps & self.requires != self.requires:
            return b""
        body = self.extended if self.extended and caps & EXTENDED_JOIN else self.body
        tags = self._tags(caps) if caps & TAGGED else None
        text = f"@{';'.join(tags)} {body}\r\n" if tags else body + "\r\n"
        return text.encode()

    def _tags(self, caps: int) -> list[str]:
        tags = []
        if caps & SERVER_TIME:
            tags.append("time=" + iso_time(self.at_ms))
        if caps & MESSAGE_TAGS and self.msgid:
            tags.append(f"msgid={self.msgid}")
        if caps & ACCOUNT_TAG and self.account:
            tags.append("account=" + self.account)
        if caps & BATCH and self.batch:
            tags.append("batch=" + self.batch)
        if caps & MESSAGE_TAGS and self.client_tags:
            tags.append(self.client_tags)
        return tags


class BareLine(Line):
    """The same for all, whatever tags they asked for: a reply, or a PING."""

    __slots__ = ()

    def __init__(self, body: str) -> None:
        # All else of a line is for its tags. A long answer has thousands of these.
        self.body = body

    def encode(self, caps: int) -> bytes:
        """The bytes, CR LF included."""
        return (self.body + "\r\n").encode()
