"""Pages of history that the person asks for, and where they go on.

Pure state of the receiving thread. https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from typing import Final

from securechat.client.session.actions import AskPage
from securechat.client.session.asking import MOST, Asked, Asking
from securechat.client.session.batches import Batch
from securechat.client.session.events.base import Problem
from securechat.client.session.events.history import HistoryPage
from securechat.client.session.identity import fold, same
from securechat.client.session.labels import Labels
from securechat.client.session.output import Output
from securechat.client.session.shown import Pieces, ShownMessages, mark_of
from securechat.irc.message import Message

CHATHISTORY: Final = "draft/chathistory"

# Pages asked for in a row when all that came was shown already. Each lies before the last one, and
# a hostile server has always one more.
MOST_AGAIN = 20

NOT_OFFERED: Final = (
    "this server has no history that can be asked for (it doesn't offer chathistory); what you "
    "miss comes when you log in"
)


class _Page(Asked):
    """A page on its way. again: how many before it had nothing new. mark: of its first message.
    known: whether something in it was shown before.
    """

    target: str = ""
    count: int = 0
    again: int = 0
    mark: str = ""
    known: bool = False


class HistoryPages(Asking):
    """Asks for pages of conversations, each before what is shown.

    shown: messages that were shown as they came. They aren't shown again.
    """

    not_offered = NOT_OFFERED
    _command = "CHATHISTORY"

    def __init__(self, shown: ShownMessages, labels: Labels) -> None:
        super().__init__(labels)
        self.pieces = Pieces()
        self.most = 0
        """Messages that the server gives at once (CHATHISTORY of 005), 0 for any number."""
        self._shown = shown
        self._told = False
        self._page = _Page(0.0)
        """The one that was asked for last."""

    def restart(self, out: Output, *, offered: bool) -> None:
        """As of Asking."""
        super().restart(out, offered=offered)
        self._told, self.most = False, 0
        self.pieces.restart()

    def ask(self, action: AskPage, now: float, out: Output) -> None:
        """Ask the server for a page; now: seconds of a monotonic clock."""
        if problem := self._hindrance(now):
            out.events.append(self._problem(problem))
            return
        try:
            self._send(_Page(now, target=action.target, count=min(action.count, MOST)), out)
        except ValueError as error:  # a name that a server has made up
            out.events.append(Problem(f"{action.target} can't be asked for: {error}", False))

    def _send(self, page: _Page, out: Output) -> None:
        count = min(page.count, self.most or page.count)
        mark = self.pieces.begin(fold(page.target))
        where = ("BEFORE", page.target, mark) if mark else ("LATEST", page.target, "*")
        line = self._line(page, *where, str(count))
        if not self._told:
            # Only now, as the server replays nothing at the login of who has it: we would have to
            # fetch all that was missed, page by page.
            out.lines.append(f"CAP REQ {CHATHISTORY}")
            self._told = True
        out.lines.append(line)
        self._open = self._page = page

    def _answers(self, batch: Batch) -> bool:
        named = not batch.params or same(batch.params[0], self._page.target)
        return batch.kind == "chathistory" and named

    def _takes(self, message: Message) -> bool:
        self._page.mark = self._page.mark or mark_of(message)
        known = self._shown.has(message.tags.get("msgid", ""))
        self._page.known = self._page.known or known
        return not known

    def _done(self, asked: Asked, now: float, out: Output) -> None:
        page = self._page
        first = not self.pieces.begin(fold(page.target))
        empty = not page.said and not page.known
        more = self.pieces.page(fold(page.target), page.mark, reached=page.known or empty)
        if page.said or not (more or page.known) or page.again >= MOST_AGAIN:
            out.events.append(HistoryPage(page.target, tuple(page.said), first))
        else:
            again = page.again + 1
            self._send(_Page(now, target=page.target, count=page.count, again=again), out)

    def _tells(self, asked: Asked, message: Message, out: Output) -> bool:
        out.events.append(Problem(f"no history of {self._page.target}: {message.params[-1]}"))
        return True
