"""Pages of history that the person asks for, and where they go on.

Pure state of the receiving thread. https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from securechat.client.session.batches import Batch
from securechat.client.session.events import AskPage, HistoryPage, Output, Problem, Said
from securechat.client.session.identity import fold, same
from securechat.client.session.shown import Pieces, ShownMessages, mark_of
from securechat.irc.message import Message, format_message

CHATHISTORY: Final = "draft/chathistory"

PATIENCE = 30.0
"""Seconds after which an answer is no more waited for."""

# Messages of one page that are kept; we never ask for more.
MOST = 1000

# Pages asked for in a row when all that came was shown already. Each lies before the last one, and
# a hostile server has always one more.
MOST_AGAIN = 20

NOT_OFFERED = (
    "this server has no history that can be asked for (it doesn't offer chathistory); what you "
    "miss comes when you log in"
)
PENDING = "what you have asked for before is still on its way"
LOST = "what you have asked for was lost with the connection; ask again when it is back"


@dataclass(slots=True)
class _Asked:
    """A page on its way. reference: of the batch that brings it, '' before that begins. mark: of
    its first message. known: whether something in it was shown before.
    """

    target: str
    count: int
    since: float
    again: int = 0
    reference: str = ""
    mark: str = ""
    known: bool = False
    said: list[Said] = field(default_factory=list)


class Pages:
    """Asks for pages, one at a time, and gathers what comes.

    shown: messages that were shown as they came. They aren't shown again.
    """

    def __init__(self, shown: ShownMessages) -> None:
        self.pieces = Pieces()
        self.most = 0
        """Messages that the server gives at once (CHATHISTORY of 005), 0 for any number."""
        self._shown = shown
        self._asked: _Asked | None = None
        self._offered = False
        self._told = False

    def restart(self, out: Output, *, offered: bool) -> None:
        """A new connection. offered: whether the server gives pages."""
        if self._asked is not None:
            out.events.append(Problem(LOST, remote=False))
        self._asked = None
        self._offered, self._told, self.most = offered, False, 0
        self.pieces.restart()

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way."""
        return self._asked is not None

    def ask(self, action: AskPage, now: float, out: Output) -> None:
        """Ask the server for a page; now: seconds of a monotonic clock."""
        if not self._offered:
            out.events.append(Problem(NOT_OFFERED, remote=False))
        elif self._asked is not None and now < self._asked.since + PATIENCE:
            out.events.append(Problem(PENDING, remote=False))
        else:
            try:
                self._send(_Asked(action.target, min(action.count, MOST), now), out)
            except ValueError as error:  # a name that a server has made up
                out.events.append(Problem(f"{action.target} can't be asked for: {error}", False))

    def _send(self, asked: _Asked, out: Output) -> None:
        count = min(asked.count, self.most or asked.count)
        mark = self.pieces.begin(fold(asked.target))
        where = ("BEFORE", asked.target, mark) if mark else ("LATEST", asked.target, "*")
        line = format_message("CHATHISTORY", *where, str(count))
        if not self._told:
            # Only now, as the server replays nothing at the login of who has it: we would have to
            # fetch all that was missed, page by page.
            out.lines.append(f"CAP REQ {CHATHISTORY}")
            self._told = True
        out.lines.append(line)
        self._asked = asked

    # -- the answer

    def begins(self, batch: Batch) -> None:
        """A batch has begun, which may be the answer."""
        asked = self._asked
        if asked is None or asked.reference or batch.kind != "chathistory":
            return
        if not batch.params or same(batch.params[0], asked.target):
            asked.reference = batch.reference

    def holds(self, batch: Batch | None) -> bool:
        """Whether a batch is, or is part of, the answer."""
        asked = self._asked
        if asked is None or batch is None or not asked.reference:
            return False
        return asked.reference in (batch.reference, batch.outer)

    def add(self, message: Message, said: Said) -> None:
        """A message of the answer."""
        asked = self._asked
        if asked is None or len(asked.said) >= MOST:
            return
        asked.mark = asked.mark or mark_of(message)
        if self._shown.has(message.tags.get("msgid", "")):
            asked.known = True
        else:
            asked.said.append(said)

    def ends(self, batch: Batch, now: float, out: Output) -> None:
        """A batch has ended, which may be the answer."""
        asked = self._asked
        if asked is None or not asked.reference or batch.reference != asked.reference:
            return
        self._asked = None
        first = not self.pieces.begin(fold(asked.target))
        empty = not asked.said and not asked.known
        more = self.pieces.page(fold(asked.target), asked.mark, reached=asked.known or empty)
        if asked.said or not (more or asked.known) or asked.again >= MOST_AGAIN:
            out.events.append(HistoryPage(asked.target, tuple(asked.said), first))
        else:
            self._send(_Asked(asked.target, asked.count, now, asked.again + 1), out)

    def refused(self, message: Message, out: Output) -> bool:
        """A FAIL, or an error numeric; whether it is the answer."""
        asked, params = self._asked, message.params
        if asked is None:
            return False
        if message.command == "421" and params[1:2] == ["CHATHISTORY"]:
            out.events.append(Problem(NOT_OFFERED, remote=False))
        elif message.command == "FAIL" and params[:1] == ["CHATHISTORY"]:
            out.events.append(Problem(f"no history of {asked.target}: {params[-1]}"))
        else:
            return False
        self._asked = None
        return True
