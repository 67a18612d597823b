"""A stretch of one conversation, fetched page by page. Pure; any one thread.

https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from securechat.client.limits import PAGE
from securechat.client.session.actions import AskRange
from securechat.client.session.events.messages import Said
from securechat.common.record import Record


class Stretch(Record):
    """What is wanted of a conversation. after, before: places as CHATHISTORY has them, '' for none.
    With after the oldest `count` messages, else the newest.
    """

    target: str
    count: int
    after: str = ""
    before: str = ""


class Pages:
    """Asks for a stretch: submit what next() returns, and give take() the answer."""

    def __init__(self, wanted: Stretch) -> None:
        self._wanted = wanted
        self._pages: list[tuple[Said, ...]] = []
        self._mark = ""
        self._left = wanted.count

    def next(self) -> AskRange | None:
        """The next question; None when there is nothing more to ask for."""
        return self._question() if self._left > 0 else None

    def take(self, page: tuple[Said, ...]) -> None:
        """The answer."""
        after = self._wanted.after
        edge = (page[-1] if after else page[0]).mark if page else ""
        self._pages.append(page[: self._left] if after else page[-self._left :])
        # Up to an empty page, or one that leads nowhere: one may have fewer than were asked for.
        self._left = self._left - len(page) if edge and edge != self._mark else 0
        self._mark = edge

    def messages(self) -> list[Said]:
        """What has come, oldest first."""
        pages = self._pages if self._wanted.after else self._pages[::-1]
        return [said for page in pages for said in page]

    def _question(self) -> AskRange:
        wanted, size = self._wanted, str(min(self._left, PAGE))
        if wanted.after:
            start = self._mark or wanted.after
            if wanted.before:
                return AskRange(("BETWEEN", wanted.target, start, wanted.before, size))
            return AskRange(("AFTER", wanted.target, start, size))
        if self._mark or wanted.before:
            return AskRange(("BEFORE", wanted.target, self._mark or wanted.before, size))
        return AskRange(("LATEST", wanted.target, "*", size))
