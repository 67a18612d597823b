"""Ctrl-F: search in what was said, by the server; each hit can be shown where it was said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.views.dialog import Line, ListDialog, Told
from securechat.client.screens.full.views.finding import Finding
from securechat.client.screens.full.views.telling import Place, hit_row, place_of
from securechat.client.session.actions import Action
from securechat.common.language import _


class SearchView(ListDialog[Place | None]):
    """finding: kept by who opens the view, so that it comes back as it was left. submit: for the
    session. now: aware, where we are.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "more", show=False, priority=True),
    ]

    def __init__(
        self, look: Look, finding: Finding, submit: Callable[[Action], object], now: datetime
    ) -> None:
        super().__init__(look)
        self._finding = finding
        self._submit = submit
        self._now = now
        self._drawn = finding.revision

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", _("Search"))]

    def content(self) -> ComposeResult:
        """See Dialog."""
        yield Line(
            self._finding.typed,
            placeholder=_("words   in:#channel from:name after:2026-01-31 before:2026-02-28"),
            compact=True,
        )
        yield self.row([("note", self._finding.told)], "told")
        yield self.list_widget()

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (
            ("Enter", _("search"), "choose"),
            ("Ctrl-F", _("more"), "more"),
            ("Esc", _("close"), "close"),
        )

    def changed(self) -> None:
        """Nothing is searched before Enter."""

    def look_again(self) -> None:
        """Something has happened, which may be an answer."""
        if self.is_mounted and self._finding.revision != self._drawn:
            self.fill(keep=bool(self.listed.highlighted))

    def list_rows(self) -> Iterable[Row]:
        """See ListDialog."""
        finding = self._finding
        self._drawn = finding.revision
        self.set_row("told", [("note", finding.told)])
        yield from (hit_row(said, finding.words, self._now) for said in finding.hits)
        if finding.more:
            yield [("link", _("look for more"))]

    def action_choose(self) -> None:
        """Search for what is typed, or show the hit where we are."""
        finding, typed = self._finding, self.typed().strip()
        nothing = not finding.hits and not finding.waiting
        if nothing or (typed and typed != finding.typed):
            self._go(finding.begin(typed))
        else:
            super().action_choose()

    def preselected(self) -> int | None:
        """See ListDialog."""
        return self._finding.at

    def chosen(self, at: int) -> None:
        """See ListDialog."""
        if at < len(self._finding.hits):
            self._finding.at = at
            self.dismiss(place_of(self._finding.hits[at]))
        else:
            self.action_more()

    def action_more(self) -> None:
        """Go on with the search."""
        self._go(self._finding.on())

    def _go(self, actions: Sequence[Action]) -> None:
        for action in actions:
            self._submit(action)
        self.fill(keep=bool(self._finding.hits))
