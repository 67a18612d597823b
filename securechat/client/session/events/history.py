"""What the server tells of its history: pages of a conversation, and what a search has found."""

from __future__ import annotations

from datetime import datetime

from securechat.client.session.actions import AskRange
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.messages import Said
from securechat.common.record import field


class HistoryPage(ClientEvent):
    """What was asked for by AskPage, oldest first. said: nothing when there is nothing older.
    first: whether nothing of the conversation was shown before. hidden: how many messages were
    left out, as the person ignores who says them.
    """

    target: str
    said: tuple[Said, ...]
    first: bool = False
    hidden: int = 0


class RangeTold(ClientEvent):
    """The answer to AskRange. events: what was said, oldest first, and with draft/event-playback
    what else has happened. targets: for TARGETS, each conversation with the time of its newest
    message. problem: why there is no answer, '' for none. marks: by what CHATHISTORY finds the
    first and the last line of the answer, also where that is none of the events; None of an empty
    one.
    """

    asked: AskRange
    events: tuple[ClientEvent, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    marks: tuple[str, str] | None = field(default=None, compare=False)

    @property
    def said(self) -> tuple[Said, ...]:
        """The messages alone."""
        return tuple(event for event in self.events if isinstance(event, Said))


class SearchPage(ClientEvent):
    """What a search has found, oldest first. typed: of AskSearch. on: it goes on with what was
    found before. newer: whether the next page has newer ones, not older ones.
    """

    typed: str
    said: tuple[Said, ...]
    on: bool = False
    newer: bool = False


class SearchPaused(ClientEvent):
    """A search took too long for the server: it has looked only as far as this time, in UTC. newer:
    as of SearchPage.
    """

    until: datetime
    newer: bool = False


class MentionsTold(ClientEvent):
    """The answer to AskMentions. said: oldest first, also what we have said ourselves. more:
    whether there may be older ones. until: the server has looked back only as far as this time, in
    UTC; that comes behind what it has found. problem: why there is no answer, '' for none.
    """

    said: tuple[Said, ...] = ()
    more: bool = False
    until: datetime | None = None
    problem: str = ""


class SearchRefused(Problem):
    """There is no answer to a search. text: why. typed: as of SearchPage."""

    typed: str = field(default="", kw_only=True)
