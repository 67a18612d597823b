"""Rows as strips, which is what Textual draws. The screen's thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from securechat.client.screens.full.cells import cells
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.spans import Row


class Painter:
    """Keeps the strips of rows that are still there at the next time. look: the styles. thumb: what
    the bar at the right edge is drawn with.
    """

    def __init__(self, look: Look, thumb: str) -> None:
        self.strips: list[Strip] = []
        self._look = look
        self._thumb = thumb
        self._width = 0
        self._base = Style.null()
        # A row is kept with its strip, so that its id is nobody else's.
        self._drawn: dict[tuple[int, bool], tuple[Row, Strip]] = {}

    def clear(self) -> None:
        """All is to be drawn anew."""
        self._drawn.clear()

    def paint(self, rows: Sequence[Row], thumb: range, width: int, base: Style) -> list[int]:
        """Draw rows. thumb: those at whose right edge the bar is. width: cells, with the bar. base:
        the style below all others. Returns which of them have changed.
        """
        if (width, base) != (self._width, self._base):
            self._width, self._base = width, base
            self._drawn.clear()
        before, known = self.strips, self._drawn
        self.strips, self._drawn = [], {}
        for y, row in enumerate(rows):
            key = (id(row), y in thumb)
            drawn = known.get(key) or (row, self._strip(row, bar=y in thumb))
            self._drawn[key] = drawn
            self.strips.append(drawn[1])
        if len(before) != len(rows):
            return list(range(len(rows)))
        return [y for y, strip in enumerate(self.strips) if strip is not before[y]]

    def _strip(self, row: Row, *, bar: bool) -> Strip:
        style = self._look.style
        segments = [
            Segment(text, style(name) + _link(link) if link else style(name))
            for name, text, link in row
        ]
        room = self._width - 1
        used = sum(cells(span.text) for span in row)
        if used > room:
            segments = list(Strip(segments).crop(0, room))
        else:
            segments.append(Segment(" " * (room - used), style("")))
        segments.append(Segment(self._thumb if bar else " ", style("faint")))
        return Strip(segments, self._width).apply_style(self._base)


@lru_cache(256)
def _link(target: str) -> Style:
    """The same for each row that it is on, so that a terminal knows them as one link."""
    return Style(link=target)


def regions(rows: Sequence[int], width: int) -> list[Region]:
    """Rows as regions, those below each other in one."""
    found: list[Region] = []
    for y in rows:
        if found and found[-1].bottom == y:
            found[-1] = found[-1].grow((0, 0, 1, 0))
        else:
            found.append(Region(0, y, width, 1))
    return found
