"""What a query finds in a log, said as simply as it can be: the oracle of the real reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from securechat.core.history.queries import (
    EntryQuery,
    Found,
    From,
    PageQuery,
    Place,
    SearchQuery,
    Span,
    TargetsQuery,
)
from securechat.core.journal.events.channels import Logged
from securechat.irc.multiline import wire_bytes

MESSAGES = frozenset({"PRIVMSG", "NOTICE"})
UNTOLD = frozenset({"CTCP", "CTCPREPLY", "REDACTED"})


def found_in(log: Sequence[Logged], query: Any) -> Any:
    """log: in its order, its times too."""
    if isinstance(query, PageQuery):
        return _page(log, query)
    if isinstance(query, TargetsQuery):
        return _targets(log, query)
    if isinstance(query, SearchQuery):
        return Found(_search(log, query), None, 0)
    assert isinstance(query, EntryQuery)
    return [entry for entry in _of(log, query.span) if entry.seq == query.seq]


def _of(log: Sequence[Logged], span: Span) -> list[Logged]:
    return [e for e in log if e.target == span.target and span.after < e.seq <= span.upto]


def _page(log: Sequence[Logged], query: PageQuery) -> list[Logged]:
    wanted = [
        entry
        for entry in _of(log, query.span)
        if entry.kind in MESSAGES or (query.events and entry.kind not in UNTOLD)
    ]
    if query.start is From.MIDDLE:
        assert query.lower is not None
        older = [entry for entry in wanted if _is_before(entry, query.lower)]
        newer = _fitting(wanted[len(older) :], query)[: query.limit]
        older = _fitting(older[::-1], query)[: query.limit]
        kept = min(len(older), max(query.limit // 2, query.limit - len(newer)))
        return [*reversed(older[:kept]), *newer[: query.limit - kept]]
    if query.start is From.FIRST:
        return _page(log, _forward(log, query))
    if query.lower is not None:
        wanted = [entry for entry in wanted if _is_behind(entry, query.lower)]
    if query.upper is not None:
        wanted = [entry for entry in wanted if _is_before(entry, query.upper)]
    oldest = query.start is From.OLDEST
    return _fitting(wanted[: query.limit] if oldest else wanted[-query.limit :], query)


def _forward(log: Sequence[Logged], query: PageQuery) -> PageQuery:
    assert query.lower is not None
    assert query.upper is not None
    if _first(log, query.lower) <= _first(log, query.upper):
        return query._replace(start=From.OLDEST)
    return query._replace(lower=query.upper, upper=query.lower, start=From.NEWEST)


def _first(log: Sequence[Logged], place: Place) -> int:
    if not place.is_time:
        return place.value
    end = log[-1].seq + 1 if log else 1
    return next((entry.seq for entry in log if entry.at_ms >= place.value), end)


def _is_before(entry: Logged, place: Place) -> bool:
    return (entry.at_ms if place.is_time else entry.seq) < place.value


def _is_behind(entry: Logged, place: Place) -> bool:
    return (entry.at_ms if place.is_time else entry.seq) > place.value


def _fitting(entries: list[Logged], query: PageQuery) -> list[Logged]:
    newest = query.start is From.NEWEST
    size, found = 0, list[Logged]()
    for entry in reversed(entries) if newest else entries:
        size += wire_bytes(entry.text, entry.tags, query.line_bytes)
        if found and size > query.max_bytes:
            break
        found.append(entry)
    return found[::-1] if newest else found


def _search(log: Sequence[Logged], query: SearchQuery) -> list[Logged]:
    entries = {e.seq: e for span in (*query.channels, *query.directs) for e in _of(log, span)}
    wanted = [
        entry
        for _, entry in sorted(entries.items())
        if entry.kind in MESSAGES
        and query.sender in (None, entry.sender)
        and (query.since is None or not _is_before(entry, query.since))
        and (query.until is None or not _is_behind(entry, query.until))
        and all(any(w.startswith(p) for w in _words(entry.text)) for p in _words(query.text))
        and (not query.text or _words(query.text))
    ]
    return wanted[: query.limit] if query.oldest_first else wanted[-query.limit :]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _targets(log: Sequence[Logged], query: TargetsQuery) -> list[tuple[int, int]]:
    newest = []
    for span in query.spans:
        messages = [entry for entry in _of(log, span) if entry.kind in MESSAGES]
        if messages and query.lower_ms < messages[-1].at_ms < query.upper_ms:
            newest.append((messages[-1].at_ms, messages[-1].seq, span.target))
    newest.sort(reverse=query.newest_first)
    return [(target, at_ms) for at_ms, _, target in sorted(newest[: query.limit])]
