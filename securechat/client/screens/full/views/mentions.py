"""All mentions, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from textual.app import ComposeResult

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.views.dialog import Line, ListDialog, Told
from securechat.client.screens.full.views.picking import fits_text
from securechat.client.screens.full.views.telling import Place, mention_row
from securechat.client.timeline.mentions import Mention
from securechat.common.language import _


class MentionsView(ListDialog[Place | None]):
    """now: aware, where we are."""

    def __init__(self, look: Look, mentions: Iterable[Mention], now: datetime) -> None:
        super().__init__(look)
        self._all = newest_first(mentions)
        self._shown: list[Mention] = []
        self._now = now

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", _("What was said to you"))]

    def content(self) -> ComposeResult:
        """See Dialog."""
        if self._all:
            yield Line(placeholder=_("words, a channel or a person"), compact=True)
            yield self.list_widget()
            return
        none = _("Nobody has said your name, or written to you, since this program began.")
        yield self.row([("note", none)], "nothing")
        yield self.list_widget()

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (
            ("Enter", _("show it there"), "choose"),
            ("Esc", _("close"), "close"),
        )

    def list_rows(self) -> Iterable[Row]:
        """See ListDialog."""
        self._shown = [one for one in self._all if _fits(self.typed(), one)]
        return [mention_row(one, self._now) for one in self._shown]

    def chosen(self, at: int) -> None:
        """See ListDialog."""
        message = self._shown[at].message
        self.dismiss(Place(self._shown[at].conversation, message.key, message.mark))


def newest_first(mentions: Iterable[Mention]) -> list[Mention]:
    """In the order of when they were said: those of a page come in another one."""
    long_ago = datetime.min.replace(tzinfo=UTC)
    return sorted(mentions, key=lambda one: one.message.time or long_ago, reverse=True)


def _fits(typed: str, mention: Mention) -> bool:
    message = mention.message
    return fits_text(typed, f"{mention.conversation} {message.nick} {message.text}")
