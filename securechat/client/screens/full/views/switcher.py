"""Ctrl-K: go to a room or a person by some letters of the name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.views.choices import SHOWN, Choice, sure, wanted
from securechat.client.screens.full.views.dialog import Line, ListDialog, Told
from securechat.client.screens.full.views.telling import choice_row
from securechat.common.language import _, ngettext


class Switcher(ListDialog[Choice | None]):
    """choices: as they were when it opened; they don't move under somebody's finger."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+k", "move(1)", show=False, priority=True)
    ]

    def __init__(self, look: Look, choices: Iterable[Choice]) -> None:
        super().__init__(look)
        self._all = list(choices)
        self._shown: list[Choice] = []

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", _("Go to"))]

    def content(self) -> ComposeResult:
        """See Dialog."""
        yield Line(placeholder=_("a channel or a person"), compact=True)
        yield self.list_widget()

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (
            ("Enter", _("go"), "choose"),
            ("↓↑", _("choose"), "move(1)"),
            ("Esc", _("close"), "close"),
        )

    def list_rows(self) -> Iterable[Row]:
        """See ListDialog."""
        found = wanted(self._all, self.typed())
        self._shown = found[:SHOWN]
        yield from (choice_row(one) for one in self._shown)
        if more := len(found) - len(self._shown):
            text = ngettext("… and {count} more", "… and {count} more", more)
            yield [("faint", text.format(count=more))]

    def preselected(self) -> int | None:
        """See ListDialog."""
        return 0 if sure(self._shown, self.typed()) else None

    def chosen(self, at: int) -> None:
        """See ListDialog."""
        if at < len(self._shown):
            self.dismiss(self._shown[at])
