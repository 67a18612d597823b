"""What is looked up in the log, as data: the rules ask, a worker reads. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from securechat.core.journal.events.channels import Logged

MOST_ENTRIES = 100
"""Of a page, as 005 says. It takes half a millisecond to send, for which all others wait."""


class Place(NamedTuple):
    """A place in the log: a seq, or what was logged at a time (milliseconds since 1970)."""

    value: int
    is_time: bool = False


class Span(NamedTuple):
    """Which part of a target's log may be read. after, upto: the first seq is not in it, the last
    one is.
    """

    target: int
    after: int
    upto: int


class From(StrEnum):
    """Which entries of those that are wanted a page has, when there are more than it may have."""

    OLDEST = "oldest"
    NEWEST = "newest"
    FIRST = "first"
    """Those that come first on the way from lower to upper, which may lie before it."""
    MIDDLE = "middle"
    """Those around the place that both bounds are; that one included."""


class PageQuery(NamedTuple):
    """One page of a target's log. Found: a list of Logged, in their order.

    lower, upper: places that are not in it, None for no bound. With From.MIDDLE both are the place
    around which it is. limit: entries at most. max_bytes: of their texts and tags, each with
    line_bytes beside them. events: whether also what are no messages is wanted.
    """

    span: Span
    lower: Place | None
    upper: Place | None
    start: From
    limit: int
    max_bytes: int
    line_bytes: int
    events: bool


class TargetsQuery(NamedTuple):
    """Which targets have their newest message between two times. Found: a list of (target, time of
    its newest message), in the order of those times, as many as are wanted.

    spans: of the targets to be looked at. lower_ms, upper_ms: neither is in it. newest_first: which
    ones, when there are more than limit.
    """

    spans: tuple[Span, ...]
    lower_ms: int
    upper_ms: int
    newest_first: bool
    limit: int


class EntryQuery(NamedTuple):
    """One entry of a target's log. Found: a list of one Logged, or of none."""

    span: Span
    seq: int


class SearchQuery(NamedTuple):
    """What was said in some parts of the log. Found: Found.

    channels, directs: the parts of each kind. account: whose conversations directs are. text: words
    that an entry has, each of them or one that begins so; '' for any. sender: whose entries, None
    for anybody's. since, until: places; what is there is wanted as well; None for no bound.
    oldest_first: which ones, when there are more than may be. limit, max_bytes, line_bytes: as of
    PageQuery.
    """

    channels: tuple[Span, ...]
    directs: tuple[Span, ...]
    account: int
    text: str
    sender: int | None
    since: Place | None
    until: Place | None
    oldest_first: bool
    limit: int
    max_bytes: int
    line_bytes: int


class Found(NamedTuple):
    """entries: in their order. looked_to_ms: up to when the log was looked through, where that took
    too long; None for all of it. milliseconds: that a reader looked.
    """

    entries: list[Logged]
    looked_to_ms: int | None
    milliseconds: int


Query = SearchQuery | PageQuery | TargetsQuery | EntryQuery
