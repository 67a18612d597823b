"""Questions: yes or no, and a line of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.views.dialog import Dialog, Line, Told
from securechat.common.language import _


class Confirm(Dialog[bool]):
    """A question that is answered by a key of its own: Enter may still be on its way from what was
    typed before, and answers nothing. asked: rows, escaped. yes: what y does.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "answer(True)", show=False),
        Binding("n,N,escape", "answer(False)", show=False),
        # As it lies on a Russian keyboard, and as its words begin.
        Binding("н,Н,д,Д", "answer(True)", show=False),
        Binding("т,Т", "answer(False)", show=False),
    ]

    def __init__(self, look: Look, title: str, asked: Sequence[Row], yes: str) -> None:
        super().__init__(look)
        self._title = title
        self._asked = asked
        self._yes = yes

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", self._title)]

    def content(self) -> ComposeResult:
        """See Dialog."""
        for number, row in enumerate(self._asked):
            yield self.row(row, f"asked{number}")

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (("y", self._yes, "answer(True)"), ("n", _("no"), "answer(False)"))

    def action_answer(self, yes: bool) -> None:
        """That is the answer."""
        self.dismiss(yes)


class AskLine(Dialog[str | None]):
    """A question that a line of text answers, perhaps an empty one. asked: rows, escaped. done:
    what Enter does.
    """

    def __init__(
        self, look: Look, title: str, asked: Sequence[Row], done: str, *, hint: str = ""
    ) -> None:
        super().__init__(look)
        self._title = title
        self._asked = asked
        self._done = done
        self._hint = hint

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", self._title)]

    def content(self) -> ComposeResult:
        """See Dialog."""
        for number, row in enumerate(self._asked):
            yield self.row(row, f"asked{number}")
        yield Line(placeholder=self._hint, compact=True)

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (("Enter", self._done, "choose"), ("Esc", _("leave it"), "close"))

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Enter."""
        self.action_choose()

    def action_choose(self) -> None:
        """That is the line."""
        self.dismiss(self.query_one(Input).value.strip())
