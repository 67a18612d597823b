"""The plain parts of the screen: a list of rows to choose from, and lines that only show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from securechat.client.screens.full.cells import Row, cut_row, row_cells
from securechat.client.screens.full.look import Look


def strip(row: Row, look: Look, width: int) -> Strip:
    """A row as Textual draws it, cut or filled to so many cells."""
    row = cut_row(row, width)
    segments = [Segment(text, look.style(style)) for style, text in row if text]
    # With a style, as what takes the colours away for NO_COLOR stumbles over none.
    segments.append(Segment(" " * (width - row_cells(row)), look.style("")))
    return Strip(segments, width)


class Lines(Widget):
    """Some rows that only show something."""

    can_focus = False

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(id=id)
        self._look = look
        self._rows: list[Row] = []

    def show(self, *rows: Row) -> None:
        """Show these rows from now on."""
        if list(rows) != self._rows:
            self._rows = list(rows)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """As of Textual."""
        row = self._rows[y] if y < len(self._rows) else []
        return strip(row, self._look, self.size.width)


class RowList(ScrollView):
    """Rows of which some may be clicked at."""

    can_focus = False

    @dataclass
    class Chosen(Message):
        """Somebody has clicked at a row."""

        rows: RowList
        number: int

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(id=id)
        self._look = look
        self._rows: Sequence[Row] = ()

    def show(self, rows: Sequence[Row], current: int | None = None) -> None:
        """Show these rows from now on. current: the number of one that has to be seen."""
        if rows != self._rows:
            self._rows = rows
            self.virtual_size = Size(self.size.width, len(rows))
            self.refresh()
        if current is not None and self.size.height:
            top = self.scroll_offset.y
            if not top <= current < top + self.size.height:
                self.scroll_to(y=current - self.size.height // 2, animate=False)

    def render_line(self, y: int) -> Strip:
        """As of Textual."""
        number = y + self.scroll_offset.y
        row = self._rows[number] if number < len(self._rows) else []
        return strip(row, self._look, self.size.width)

    def on_click(self, event: events.Click) -> None:
        """Tell which row it was."""
        number = event.y + self.scroll_offset.y
        if number < len(self._rows):
            self.post_message(self.Chosen(self, number))
