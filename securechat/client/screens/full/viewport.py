"""Which rows of a timeline are in the window, and where it stands when the timeline changes.

Pure: no Textual. The window hangs on an item, not on a number: what is loaded above it, said below
it, or wrapped anew at another width moves nothing that somebody reads. So no heights are kept of
what isn't seen, and to open a long timeline costs as much as to open a short one.
"""

from __future__ import annotations

from typing import NamedTuple

from securechat.client.screens.full.layout import Layout, Seen
from securechat.client.timeline.items import Item
from securechat.client.timeline.timeline import Timeline

FAR = 1_000_000
"""Rows: more than any timeline has."""


class Anchor(NamedTuple):
    """The item that holds the window. offset: rows from its first one to the top of the window;
    below 0: it begins below that.
    """

    item: Item
    offset: int


class Viewport:
    """timeline: what it looks at. layout: what gives its rows."""

    def __init__(self, timeline: Timeline, layout: Layout) -> None:
        self.timeline = timeline
        self.seen: list[Seen] = []
        """What is in the window, one a row."""
        self.first = 0
        """The index of the item at the top."""
        self.last = -1
        """The index of the item at the bottom."""
        self.at_end = True
        """Whether the last row of the timeline is in the window."""
        self.held: Item | None = None
        """While there is one, the window stays with it also at the end."""
        self._layout = layout
        self._anchor: Anchor | None = None
        self._hint = 0

    @property
    def following(self) -> bool:
        """Whether it stays at the end."""
        return self._anchor is None

    # -- where it stands; each time fill() has to come behind

    def follow(self) -> None:
        """To the end, and stay there."""
        self._anchor = None

    def scroll(self, rows: int) -> None:
        """Move by so many rows, down for more than 0."""
        self._hold()
        if self._anchor is not None:
            self._anchor = Anchor(self._anchor.item, self._anchor.offset + rows)

    def to_start(self) -> None:
        """To the first row there is."""
        if len(self.timeline):
            self._anchor = Anchor(self.timeline[0], -FAR)

    def to_share(self, share: float) -> None:
        """To a place between the first item (0.0) and the last one (1.0)."""
        if count := len(self.timeline):
            self._anchor = Anchor(self.timeline[max(0, min(count - 1, int(share * count)))], 0)

    def to_item(self, index: int, above: int) -> None:
        """To an item, with so many rows above it."""
        self._anchor = Anchor(self.timeline[index], -above)

    def reveal(self, index: int) -> None:
        """Have an item in the window, and move no further than needed."""
        item = self.timeline[index]
        shown = [y for y, seen in enumerate(self.seen) if seen.item is item]
        rows = len([one for one in self._layout.rows(self.timeline, index) if one.item is item])
        lead = -self._layout.rows(self.timeline, index)[0].at if rows else 0
        if len(shown) == rows:
            self._hold()
        elif index > self.first or (shown and shown[0] > 0):
            self._anchor = Anchor(item, min(0, rows - len(self.seen)) - lead)
        else:
            self._anchor = Anchor(item, -lead)

    def _hold(self) -> None:
        """Stay with what is in the window now: what is held, or what begins there, or anything."""
        anchors = [seen for seen in self.seen if seen.item is not None]
        best = [one for one in anchors if one.item is self.held]
        best = best or [one for one in anchors if one.at == 0] or anchors
        if best and best[0].item is not None:
            y = next(y for y, seen in enumerate(self.seen) if seen is best[0])
            self._anchor = Anchor(best[0].item, best[0].at - y)

    # -- what is in it

    def fill(self, height: int) -> list[Seen]:
        """The rows of the window, of which there are `height`: empty ones above what is too short
        to fill it.
        """
        start = self._start()
        if start is None or not self._down(*start, height):
            self._up(height)
        if self.at_end and self.held is None and self.timeline.at_end:
            self._anchor = None
        elif len(self.timeline):
            self._hold()
        return self.seen

    def _start(self) -> tuple[int, int] | None:
        """The index of the item at the top, and its first row that is in the window."""
        found = self._found()
        if found is None:
            return None
        index, row = found
        while row < 0 and index > 0:
            index -= 1
            row += len(self._rows(index))
        row = max(0, row)
        while row >= (size := len(self._rows(index))):
            index, row = index + 1, row - size
            if index == len(self.timeline):
                return None
        return index, row

    def _found(self) -> tuple[int, int] | None:
        """Where the anchor is now; when it is gone, what else was in the window."""
        if self._anchor is None:
            return None
        others = [Anchor(seen.item, seen.at - y) for y, seen in enumerate(self.seen) if seen.item]
        for item, offset in [self._anchor, *others]:
            if (index := self._index(item)) is not None:
                self._hint = index
                rows = self._rows(index)
                body = next((at for at, seen in enumerate(rows) if seen.item and seen.at >= 0), 0)
                return index, offset + body
        return (0, 0) if len(self.timeline) and self.timeline.at_end is False else None

    def _index(self, item: Item) -> int | None:
        if self.timeline.find(item.key) is not item:
            return None
        if self._hint < len(self.timeline) and self.timeline[self._hint] is item:
            return self._hint
        return self.timeline.position(item.key)

    def _down(self, index: int, row: int, height: int) -> bool:
        """Fill it from its first row on; False when there are too few rows for that."""
        count, seen, at = len(self.timeline), self._rows(index)[row:], index
        while len(seen) < height and at + 1 < count:
            at += 1
            seen = seen + self._rows(at)
        if len(seen) < height:
            return False
        self.at_end = at + 1 == count and len(seen) == height
        self.seen, self.first, self.last = seen[:height], index, at
        return True

    def _up(self, height: int) -> None:
        """Fill it from its last row up."""
        index = len(self.timeline)
        parts: list[list[Seen]] = []
        rows = 0
        while rows < height and index > 0:
            index -= 1
            parts.append(self._rows(index))
            rows += len(parts[-1])
        seen = [one for part in reversed(parts) for one in part]
        empty = [Seen([])] * (height - rows)
        self.seen = (empty + seen)[-height:] if height else []
        self.first, self.last, self.at_end = index, len(self.timeline) - 1, True

    def _rows(self, index: int) -> list[Seen]:
        return self._layout.rows(self.timeline, index)
