"""What nodes tell each other, as JSON: events of the journal, and lines. Pure; hub thread only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, get_args

from securechat.core.delivery.line import BareLine, Line, MessageId
from securechat.core.delivery.multiline import MultilineLine
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.channels import Logged
from securechat.irc.multiline import Part

VERSION = 1
"""Of what a body holds. A node that meets a newer one doesn't know what it would leave out."""

BYTES = "hex"
"""The only key of what stands for bytes, which JSON lacks."""


class UnreadableError(Exception):
    """Another node tells what this one can't read. The text says what to do."""


def _kinds(union: object) -> Iterator[type[Any]]:
    for kind in get_args(union):
        if isinstance(kind, UnionType):
            yield from _kinds(kind)
        else:
            yield kind


EVENTS = {kind.__name__: kind for kind in _kinds(JournalEvent)}


def body_text(body: Mapping[str, object]) -> str:
    """A body as it is stored. What is empty is left out."""
    told = {key: value for key, value in body.items() if value}
    whole = {"v": VERSION, **told}
    # Nothing in it holds itself; to look for that takes a third of the time.
    return json.dumps(whole, ensure_ascii=False, check_circular=False, separators=(",", ":"))


def read_body(text: str) -> dict[str, Any]:
    """It again. Raises UnreadableError."""
    body = json.loads(text)
    if body["v"] > VERSION:
        raise UnreadableError(
            f"another node is of a newer version: what it tells is of version {body['v']}, and "
            f"this one knows up to {VERSION}; install that version here, too"
        )
    return body  # type: ignore[no-any-return]


def values_of(event: Sequence[object]) -> list[object]:
    """An event or another named tuple, by its kind and its values."""
    values = [{BYTES: one.hex()} if isinstance(one, bytes) else one for one in event]
    return [type(event).__name__, *values]


def event_values(event: JournalEvent) -> Sequence[object]:
    """An event. Most are entries of the log, which stand as they are."""
    return event if type(event) is Logged else values_of(event)


def event_of(values: Sequence[Any]) -> JournalEvent:
    """It again. Raises UnreadableError."""
    if type(values[0]) is int:
        return Logged._make(values)
    name, *fields = values
    if name not in EVENTS:
        raise UnreadableError(
            f"another node is of another version: it tells of {name}, which this one doesn't know; "
            "install that version here, too"
        )
    return EVENTS[name]._make(map(_value, fields))  # type: ignore[no-any-return]


def _value(value: Any) -> Any:
    return bytes.fromhex(value[BYTES]) if isinstance(value, dict) else value


def line_values(line: Line) -> list[object]:
    """A line that goes to many."""
    if isinstance(line, BareLine):
        return ["bare", line.body]
    seq = line.msgid.seq if line.msgid is not None else None
    tags = [line.at_ms, seq, line.account, line.client_tags, line.batch]
    if isinstance(line, MultilineLine):
        return ["multiline", *tags, line.source, line.kind, line.receiver, [*line.parts]]
    return ["line", *tags, line.body, line.extended, line.requires]


def line_of(values: Sequence[Any], instance: str) -> Line:
    """It again. instance: of the database, for its msgid. Raises UnreadableError."""
    kind, *rest = values
    if kind == "bare":
        return BareLine(*rest)
    at_ms, seq, account, client_tags, batch, *rest = rest
    msgid = MessageId(instance, seq) if seq is not None else None
    if kind == "line":
        body, extended, requires = rest
        return Line(
            body,
            at_ms,
            msgid,
            account,
            client_tags,
            extended=extended,
            requires=requires,
            batch=batch,
        )
    if kind == "multiline":
        source, command, receiver, parts = rest
        return MultilineLine(
            source,
            command,
            receiver,
            [Part(*part) for part in parts],
            at_ms,
            msgid=msgid,
            account=account,
            client_tags=client_tags,
            batch=batch,
        )
    raise UnreadableError(
        f"another node is of another version: it tells a line of the kind {kind!r}, which this "
        "one doesn't know; install that version here, too"
    )


class Encoded(Line):
    """A line to one session, as another node has encoded it for it."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self.body = ""
        self._data = data

    def encode(self, caps: int) -> bytes:
        """The bytes, CR LF included."""
        return self._data
