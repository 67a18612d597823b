"""All mentions, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from textual.app import ComposeResult

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.views.dialog import Line, ListDialog, Told
from securechat.client.screens.full.views.picking import fits_text
from securechat.client.screens.full.views.telling import Place, looked_until, mention_row
from securechat.client.timeline.mentions import Mention, Mentioned
from securechat.common.escape import escape_text
from securechat.common.language import _, translated


class MentionsView(ListDialog[Place | None]):
    """mentions: of the conversations; those of before come while it is open. now: aware, where we
    are.
    """

    def __init__(self, look: Look, mentions: Mentioned, now: datetime) -> None:
        super().__init__(look)
        self._mentions = mentions
        self._drawn = mentions.revision
        self._shown: list[Mention] = []
        self._at: Mention | None = None
        """Where we are, while the list changes."""
        self._now = now

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", _("What was said to you"))]

    def content(self) -> ComposeResult:
        """See Dialog."""
        yield Line(placeholder=_("words, a channel or a person"), compact=True)
        yield self.row([("note", told(self._mentions))], "told")
        yield self.list_widget()

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (
            ("Enter", _("show it there"), "choose"),
            ("Esc", _("close"), "close"),
        )

    def look_again(self) -> None:
        """Something has happened, which may be a mention."""
        if self.is_mounted and self._mentions.revision != self._drawn:
            at = self.listed.highlighted
            # At the first row there is nobody yet who has chosen one.
            self._at = self._shown[at] if at else None
            self.fill()
            self._at = None

    def list_rows(self) -> Iterable[Row]:
        """See ListDialog."""
        self._drawn = self._mentions.revision
        self.set_row("told", [("note", told(self._mentions))])
        self._shown = [one for one in newest_first(self._mentions) if _fits(self.typed(), one)]
        return [mention_row(one, self._now) for one in self._shown]

    def preselected(self) -> int | None:
        """See ListDialog."""
        return self._shown.index(self._at) if self._at in self._shown else 0

    def chosen(self, at: int) -> None:
        """See ListDialog."""
        message = self._shown[at].message
        self.dismiss(Place(self._shown[at].conversation, message.key, message.mark))


def told(mentions: Mentioned) -> str:
    """What is to be said of what is there, '' for nothing."""
    if mentions.waiting:
        return _("looking for those of the days before…")
    if mentions.problem:
        problem = escape_text(translated(mentions.problem))
        return _("without those of the days before: {problem}").format(problem=problem)
    if mentions.until:
        return looked_until(mentions.until)
    if not len(mentions):
        return _("Nobody has said your name, or written to you since this program began.")
    return _("a search for your name finds older ones") if mentions.more else ""


def newest_first(mentions: Iterable[Mention]) -> list[Mention]:
    """In the order of when they were said: those of a page come in another one."""
    long_ago = datetime.min.replace(tzinfo=UTC)
    return sorted(mentions, key=lambda one: one.message.time or long_ago, reverse=True)


def _fits(typed: str, mention: Mention) -> bool:
    message = mention.message
    return fits_text(typed, f"{mention.conversation} {message.nick} {message.text}")
