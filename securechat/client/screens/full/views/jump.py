"""Ctrl-D: go to what was said at some time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from textual.app import ComposeResult
from textual.widgets import Input

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.views.dates import how, when
from securechat.client.screens.full.views.dialog import Dialog, Line, Told
from securechat.common.language import _


class JumpDialog(Dialog[datetime | None]):
    """clock: the time now, aware. It says while one types which time is meant."""

    def __init__(self, look: Look, clock: Callable[[], datetime]) -> None:
        super().__init__(look)
        self._clock = clock

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", _("Go to a day or a time"))]

    def content(self) -> ComposeResult:
        """See Dialog."""
        yield Line(placeholder=_("2026-01-31, yesterday, Monday, 10:30"), compact=True)
        yield self.row([("note", how())], "meant")

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (("Enter", _("go"), "choose"), ("Esc", _("close"), "close"))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Something was typed."""
        self.set_row("meant", meant_row(event.value, self._clock()))

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Enter."""
        self.action_choose()

    def action_choose(self) -> None:
        """Go there, if it is known where."""
        typed = self.query_one(Input).value
        found = when(typed, self._clock())
        if isinstance(found, datetime):
            self.dismiss(found)
        else:
            self.set_row("meant", [("alert", found)])


def meant_row(typed: str, now: datetime) -> Row:
    """Which time is meant by what is typed so far."""
    found = when(typed, now)
    if isinstance(found, datetime):
        return [("note", "→ "), ("text", f"{found:%Y-%m-%d %H:%M}")]
    return [("note", found)]
