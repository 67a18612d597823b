"""What the server finds when the person searches, and where that goes on.

Pure state of the receiving thread. https://codeberg.org/emersion/soju, doc/ext/search.md
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from securechat.client.session.actions import AskSearch
from securechat.client.session.asking import PENDING, Asked, Asking
from securechat.client.session.batches import Batch
from securechat.client.session.events.history import (
    MentionsTold,
    SearchPage,
    SearchPaused,
    SearchRefused,
)
from securechat.client.session.labels import Labels
from securechat.client.session.output import Output
from securechat.client.session.shown import TIME, time_of
from securechat.common.record import replace
from securechat.irc.message import MAX_BODY_BYTES, Message, escape_tag

SEARCH: Final = "soju.im/search"

# Messages asked for at once: a terminal of 24 rows has them all on it.
RESULTS = 20

# Mentions asked for at once: some days of them, in one answer that a screen waits for.
MENTIONS = 50

# At most, where more than RESULTS were said in one millisecond: ours gives no more at once.
MOST_RESULTS = 100

# Pages asked for in a row that have nothing new, of a hostile server.
MOST_AGAIN = 20

NOT_OFFERED: Final = (
    "this server offers no search; /history shows what was said before, page by page"
)
NOTHING_YET: Final = "there is no search to go on with: /search WORDS"
REPLACED: Final = "another search has taken its place"
TOO_LONG: Final = "that is too much for one search; take fewer words"


class LogSearch(Asking):
    """Asks for what was said, a page at a time.

    Of a search with `after` the server gives the oldest first and goes on with newer ones, of any
    other the newest first. A new search takes the place of one whose answer is on its way: that is
    told as refused, and its answer to nobody.
    """

    not_offered = NOT_OFFERED
    _command = "SEARCH"

    def __init__(self, labels: Labels) -> None:
        super().__init__(labels)
        self._query: AskSearch | None = None
        self._on = False
        """Whether what is on its way goes on with an earlier answer."""
        self._border = ""
        """The time at which the next page begins: of the last message on the way there."""
        self._known: set[str] = set()
        """The ids of the page before, and of those before it that had the same border: a page may
        have again what stands there.
        """
        self._ids: set[str] = set()
        self._asked_from = ""
        """The border when the page on its way was asked for."""
        self._limit = RESULTS
        self._again = 0
        self._next: tuple[AskSearch, float] | None = None
        """What is asked for when the answer that is on its way has come, and when it was wanted."""
        self._label = ""
        """Of what was asked last."""

    def restart(self, out: Output, *, offered: bool) -> None:
        """As of Asking."""
        self._next = None
        super().restart(out, offered=offered)

    def ask(self, query: AskSearch, now: float, out: Output) -> None:
        """Begin a search; now: seconds of a monotonic clock."""
        problem = self._hindrance(now)
        if problem == PENDING:
            out.events.append(self._problem(REPLACED))
            self._query, self._next = query, (query, now)
        elif problem:
            out.events.append(SearchRefused(problem, remote=False, typed=query.typed))
        else:
            self._begin(query, now, out)

    def _begin(self, query: AskSearch, now: float, out: Output) -> None:
        self._border, self._on, self._known = "", False, set()
        self._limit, self._again, self._next = RESULTS, 0, None
        self._query = query
        self._send(query, now, out)

    def _goes_on(self, out: Output) -> bool:
        """Whether what was answered is wanted no more, and the next search is on its way."""
        if self._next is None:
            return False
        query, now = self._next
        self._begin(query, now, out)
        return True

    def more(self, now: float, out: Output) -> None:
        """Go on with the last search."""
        if self._query is None:
            out.events.append(self._problem(NOTHING_YET))
        elif problem := self._hindrance(now):
            out.events.append(self._problem(problem))
        else:
            self._on, self._limit, self._again = True, RESULTS, 0
            self._send(self._query, now, out)

    def _send(self, query: AskSearch, now: float, out: Output) -> None:
        if self._border and query.after:
            query = replace(query, after=self._border)
        elif self._border:
            query = replace(query, before=self._border)
        attributes = {
            "in": query.place,
            "from": query.sender,
            "after": query.after,
            "before": query.before,
            "text": query.text,
            "limit": str(self._limit),
        }
        items = (f"{key}={escape_tag(value)}" for key, value in attributes.items() if value)
        asked = Asked(now)
        line = self._line(asked, ";".join(items))
        if len(line.encode()) > MAX_BODY_BYTES:
            out.events.append(self._problem(TOO_LONG))
            return
        self._ids, self._asked_from = set(), self._border
        self._open, self._label = asked, asked.label
        out.lines.append(line)

    def _answers(self, batch: Batch) -> bool:
        return batch.kind == SEARCH

    def _takes(self, message: Message) -> bool:
        msgid, time = message.tags.get("msgid", ""), message.tags.get("time", "")
        newer = self._query is not None and self._query.after
        if TIME.fullmatch(time) and (newer or not self._ids):
            self._border = time
        self._ids.add(msgid)
        return not msgid or msgid not in self._known

    def _done(self, asked: Asked, now: float, out: Output) -> None:
        if self._goes_on(out):
            return
        query, full = self._query, len(self._ids) >= self._limit
        self._known = self._ids | (self._known if self._border == self._asked_from else set())
        if query is None:
            return
        if full and not asked.said and self._again < MOST_AGAIN:
            self._again += 1
            if self._limit < MOST_RESULTS:
                self._limit = min(2 * self._limit, MOST_RESULTS)
            else:
                self._border = _beside(self._border, newer=bool(query.after))
            self._send(query, now, out)
            return
        out.events.append(SearchPage(query.typed, tuple(asked.said), self._on, bool(query.after)))

    def _problem(self, text: str) -> SearchRefused:
        typed = self._query.typed if self._query else ""
        return SearchRefused(text, remote=False, typed=typed)

    def _tells(self, asked: Asked, message: Message, out: Output) -> bool:
        if self._goes_on(out):
            return True
        typed = self._query.typed if self._query else ""
        out.events.append(SearchRefused(message.params[-1], typed=typed))
        return True

    def paused(self, message: Message, out: Output, label: str = "") -> bool:
        """A WARN; whether it tells that the search took too long, and how far it has come. label:
        of what it answers.
        """
        time = _looked_until(message)
        if time is None or self._query is None:
            return False
        if self._next is not None or label != self._label:
            return True  # of one that is wanted no more
        self._border = message.params[2]
        out.events.append(SearchPaused(time, bool(self._query.after)))
        return True


class MentionSearch(Asking):
    """Asks for what has our name in it, beside a search of the person's.

    Only where answers have labels, as nothing else tells the answer from that of such a search.
    """

    not_offered = "this server offers no search"
    _command = "SEARCH"

    def __init__(self, labels: Labels) -> None:
        super().__init__(labels)
        self._label = ""
        """Of what was asked last."""

    def ask(self, name: str, now: float, out: Output) -> None:
        """Ask; once more while an answer is on its way is the same question. now: seconds of a
        monotonic clock.
        """
        problem = self._hindrance(now)
        if problem == PENDING:
            return
        if problem:
            out.events.append(self._problem(problem))
            return
        self._open = asked = Asked(now)
        out.lines.append(self._line(asked, f"text={escape_tag(name)};limit={MENTIONS}"))
        self._label = asked.label

    def paused(self, message: Message, out: Output, label: str) -> bool:
        """As of LogSearch."""
        time = _looked_until(message)
        if time is None or not label or label != self._label:
            return False
        out.events.append(MentionsTold(until=time))
        return True

    def _answers(self, batch: Batch) -> bool:
        return batch.kind == SEARCH

    def _takes(self, message: Message) -> bool:
        return True

    def _done(self, asked: Asked, now: float, out: Output) -> None:
        out.events.append(MentionsTold(tuple(asked.said), more=len(asked.said) >= MENTIONS))

    def _problem(self, text: str) -> MentionsTold:
        return MentionsTold(problem=text)

    def _tells(self, asked: Asked, message: Message, out: Output) -> bool:
        out.events.append(self._problem(message.params[-1]))
        return True


def _looked_until(message: Message) -> datetime | None:
    """Of a WARN that says that the server has looked only so far: until when."""
    command, code, at, *_ = (*message.params, "", "", "")
    if (command, code) != ("SEARCH", "INCOMPLETE") or not TIME.fullmatch(at):
        return None
    return time_of(at)


def _beside(border: str, *, newer: bool) -> str:
    """The next millisecond on the way. What one has beside MOST_RESULTS is passed over."""
    time = time_of(border)
    if time is None:
        return border
    time += timedelta(milliseconds=1 if newer else -1)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
