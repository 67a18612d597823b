"""What the server tells its administrator when asked how it is doing: `securechat-admin status`.

The numbers are those of server.metrics. Beside them it keeps a copy of the counts of each minute of
the last hour, from which it tells how fast they grow. Hub thread only.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from securechat import __version__
from securechat.server.counters import quantile
from securechat.server.metrics import Figure, Watched

MINUTE = 60.0

MINUTES = 61
"""Copies that are kept: an hour lies between the first and the last."""

RECENTLY = 30.0
"""Seconds: what a rate is of, at least, once the server has run for so long."""

MESSAGES = frozenset({"PRIVMSG", "NOTICE"})
"""Kinds of entries that people read."""


class Moment(NamedTuple):
    """The counts as they were. at: seconds, monotonic. refusals: by what was refused."""

    at: float
    messages: int
    lines: int
    refusals: Mapping[str, int]
    turns: Sequence[int]
    commits: Sequence[int]
    waits: Sequence[int]


class Status:
    """watched: what is told of. started_ms: milliseconds since 1970 (UTC). addresses: where it
    listens. warnings: what isn't wise in its configuration, or about its certificate. clock:
    seconds, monotonic.
    """

    def __init__(
        self,
        watched: Watched,
        started_ms: int,
        addresses: Callable[[], Sequence[tuple[str, int]]],
        warnings: Callable[[], Sequence[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._watched = watched
        self._started_ms = started_ms
        self._addresses = addresses
        self._warnings = warnings
        self._moments: deque[Moment] = deque([self._now()], MINUTES)

    def look(self) -> None:
        """To be called each second."""
        if self._clock() - self._moments[-1].at >= MINUTE:
            self._moments.append(self._now())

    def _now(self) -> Moment:
        counters = self._watched.counters
        entries = self._watched.entries()
        refusals: Counter[str] = Counter()
        for (what, _), count in self._watched.refusals().items():
            refusals[what] += int(count)
        return Moment(
            self._clock(),
            int(sum(entries.get((kind,), 0) for kind in MESSAGES)),
            counters.volume.lines,
            refusals,
            tuple(counters.turns.buckets),
            tuple(counters.commits.buckets),
            tuple(counters.waits.buckets),
        )

    def told(self) -> dict[str, Any]:
        """All of it, as JSON can hold it. Times in seconds, but for since_ms."""
        self._watched.counters.settle()
        now, oldest = self._now(), self._moments[0]
        before = next(
            (one for one in reversed(self._moments) if now.at - one.at > RECENTLY), oldest
        )
        node = self._watched.node()
        seconds = max(now.at - before.at, 1.0)
        return {
            "version": __version__,
            "node": node.name if node is not None else None,
            "since_ms": self._started_ms,
            "addresses": [list(address) for address in self._addresses()],
            "hindrance": self._watched.hindrance(),
            "warnings": list(self._warnings()),
            "figures": {figure.name: _value(figure) for figure in self._watched.figures()},
            "messages": now.messages,
            "entries": self._watched.model.last_seq,
            "messages_a_minute": (now.messages - before.messages) * MINUTE / seconds,
            "lines_a_second": (now.lines - before.lines) / seconds,
            "hour": {
                "seconds": now.at - oldest.at,
                "messages": now.messages - oldest.messages,
                "refusals": {
                    what: count - oldest.refusals.get(what, 0)
                    for what, count in now.refusals.items()
                },
                "turn": _times(now.turns, oldest.turns),
                "commit": _times(now.commits, oldest.commits),
                "wait": _times(now.waits, oldest.waits),
            },
        }


def _value(figure: Figure) -> object:
    """A number, or an object of numbers by their labels."""
    if not figure.labels:
        return figure.values[()]
    return {": ".join(labels): value for labels, value in figure.values.items()}


def _times(now: Sequence[int], before: Sequence[int]) -> dict[str, float | None]:
    """What half of them took at most, and 99 of a hundred."""
    grown = [count - earlier for count, earlier in zip(now, before, strict=True)]
    return {"p50": quantile(grown, 0.5), "p99": quantile(grown, 0.99)}
