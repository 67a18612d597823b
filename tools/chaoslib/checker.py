"""What people said and heard, beside the log: whether every promise of it was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Entry = tuple[int, str]
"""A message's place in the one order, and its text. Each text is said once."""

SHOWN = 3
"""So many examples stand in a finding."""


@dataclass
class Connection:
    """One of a person. heard: in its order, but for echoes of what was sent again: those may tell
    of an older place. At its beginning may stand what was heard before: a server tells it again
    when it doesn't know. echoes: of the person's own messages. to_the_end: it was alive when all
    had been said, and had heard all that the server had for it.
    """

    heard: list[Entry] = field(default_factory=list)
    echoes: list[Entry] = field(default_factory=list)
    to_the_end: bool = False
    at: str = ""


@dataclass
class Record:
    """Of one person. refused: texts that the server said were not stored."""

    name: str
    connections: list[Connection] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)


def check(records: Sequence[Record], log: Sequence[Entry]) -> list[str]:
    """Findings, each in a line; none where all is well. log: in its order."""
    found = [*_twice(log)]
    for record in records:
        found += _of_one(record, log)
    return found


def differences(
    has: object, loads: object, where: str = "the model", who: str = "a start loads"
) -> list[str]:
    """Between what a server has in memory, and what a start makes of the database; or between what
    two of them show.
    """
    if isinstance(has, dict) and isinstance(loads, dict):
        keys = sorted(has.keys() | loads.keys())
        parts = [differences(has.get(key), loads.get(key), f"{where}, {key}", who) for key in keys]
        return [line for part in parts for line in part]
    return [] if has == loads else [f"{where}: it is {has}, and {who} {loads}"]


def _twice(log: Sequence[Entry]) -> Iterator[str]:
    times = Counter(text for _, text in log)
    yield from _told("stored twice", [text for text, number in times.items() if number > 1])


def _of_one(record: Record, log: Sequence[Entry]) -> Iterator[str]:
    name, there = record.name, set(log)
    texts = {text for _, text in log}
    echoes = [entry for one in record.connections for entry in one.echoes]
    heard = [entry for one in record.connections for entry in one.heard]
    yield from _told(f"echoed to {name} and not stored", [e for e in echoes if e not in there])
    yield from _told(f"seen by {name} and not stored", [e for e in heard if e not in there])
    refused = sorted(record.refused & texts)
    yield from _told(f"refused to {name} and stored all the same", refused)
    backwards = [one for connection in record.connections for one in _backwards(connection.heard)]
    # What was first heard by an echo of what was sent again may be told later, as any other.
    known = {entry for one in record.connections for entry in {*one.echoes} - {*one.heard}}
    backwards += _backwards([entry for entry in dict.fromkeys(heard) if entry not in known])
    backwards = sorted(set(backwards))
    yield from _told(f"heard by {name} twice, or in another order than the log's", backwards)
    for one in record.connections:
        yield from _told(f"missed by {name} while connected", _missed([one], log), one.at)
    yield from _told(f"never told to {name}", _missed(record.connections, log))
    yield from _told(f"never answered to {name}", sorted(record.unanswered))
    if not record.connections or not record.connections[-1].to_the_end:
        yield f"{name} was not connected when all had been said"


def _backwards(heard: Sequence[Entry]) -> list[Entry]:
    return [after for before, after in pairwise(heard) if after[0] <= before[0]]


def _missed(connections: Sequence[Connection], log: Sequence[Entry]) -> list[Entry]:
    """What the log has between the first and the last that was heard in them."""
    heard = [entry for one in connections for entry in one.heard]
    if not heard:
        return []
    first, last = min(heard)[0], max(heard)[0]
    if connections[-1].to_the_end and log:
        last = log[-1][0]
    known = {*heard, *(entry for one in connections for entry in one.echoes)}
    return [entry for entry in log if first <= entry[0] <= last and entry not in known]


def _told(what: str, examples: Sequence[object], where: str = "") -> Iterable[str]:
    if examples:
        shown = ", ".join(map(str, examples[:SHOWN]))
        yield f"{what}: {len(examples)}, as {shown}{f' ({where})' if where else ''}"
