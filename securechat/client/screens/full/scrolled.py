"""A timeline in a widget that scrolls; the screen's thread. What one does there is timeline_view's.

Textual's own scrolling counts rows from the top, which nobody knows here before they are wrapped;
so the wheel, the keys and the bar at the right edge move a Viewport.
"""

from __future__ import annotations

import sys
from datetime import datetime, tzinfo
from typing import Any, Final

from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from securechat.client.screens.full.layout import Layout, beginning
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.painting import Painter, regions
from securechat.client.screens.full.spans import Setting, Signs, rule, signs_for
from securechat.client.screens.full.viewport import Viewport
from securechat.client.timeline.items import Message
from securechat.client.timeline.timeline import Timeline

WHEEL: Final = 3
"""Rows of one step of the mouse's wheel."""


class ScrolledTimeline(Widget):
    """look: the styles. signs: what is drawn, None for what the locale has. zone: in which times
    are told, None for the system's.
    """

    ALLOW_SELECT = False

    def __init__(
        self,
        look: Look | None = None,
        *,
        signs: Signs | None = None,
        zone: tzinfo | None = None,
        id: str | None = None,
    ) -> None:
        # Before what Textual does, which may tell of its styles at once.
        signs = signs or signs_for(getattr(sys.__stdout__, "encoding", None))
        setting = Setting(80, zone, signs=signs)
        self._painter = Painter(look or Look(), signs.thumb)
        self._layout = Layout(setting, lambda: datetime.now().astimezone(zone))
        self._view = Viewport(Timeline(""), self._layout)
        self._laid_size = Size(0, 0)
        super().__init__(id=id)

    @property
    def timeline(self) -> Timeline:
        """What is shown."""
        return self._view.timeline

    @property
    def selected(self) -> Message | None:
        """The message that is selected."""
        return None

    def follow(self) -> None:
        """To what was said last, and stay there."""
        self._view.follow()
        self._lay()

    def scroll_rows(self, rows: int) -> None:
        """Move by so many rows, down for more than 0."""
        self._view.scroll(rows)
        self._lay()

    def scroll_page_up(self, *_args: Any, **_options: Any) -> None:
        """Nearly a window up."""
        self.scroll_rows(-self._page())

    def scroll_page_down(self, *_args: Any, **_options: Any) -> None:
        """Nearly a window down."""
        self.scroll_rows(self._page())

    def scroll_home(self, *_args: Any, **_options: Any) -> None:
        """To the first item there is."""
        self._view.to_start()
        self._lay()

    def scroll_end(self, *_args: Any, **_options: Any) -> None:
        """As follow()."""
        self.follow()

    # -- Textual's

    def render_lines(self, crop: Region) -> list[Strip]:
        """As of Widget. It may be drawn before it is told of its size."""
        if self._laid_size != self.size:
            self._lay()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """As of Widget."""
        strips = self._painter.strips
        return strips[y] if y < len(strips) else Strip.blank(self._laid_size.width, self.rich_style)

    def on_resize(self) -> None:
        self._lay()

    def notify_style_update(self) -> None:
        """As of Widget: colours have changed."""
        super().notify_style_update()
        self._painter.clear()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(WHEEL)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self._is_bar(offset.x) and event.button == 1:
            self.capture_mouse()
            self._drag(offset.y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self._drag(event.y)

    def on_mouse_up(self) -> None:
        self.release_mouse()

    # -- within

    def _laid(self) -> None:
        """What is seen is known, and not yet drawn."""

    def _hint(self) -> str:
        """Words over the lowest row, '' for none."""
        return ""

    def _page(self) -> int:
        return max(1, self.size.height - 2)

    def _lay(self) -> None:
        """Find out what is seen, and have drawn what isn't drawn so already."""
        width, height = self.size
        if not (width and height):
            return
        setting = self._layout.setting
        self._layout.change(Setting(width - 1, setting.zone, setting.nick, setting.signs))
        # Its key changes when the server has stored it.
        self._layout.selected = self.selected.key if self.selected else ""
        resized, self._laid_size = self._laid_size != self.size, self.size
        self._view.fill(height)
        if resized and self.selected is not None:
            self._view.reveal(self._position(self.selected))
            self._view.fill(height)
        self._laid()
        self._draw(height)

    def _position(self, message: Message) -> int:
        found = self.timeline.position(message.key)
        return len(self.timeline) if found is None else found

    def _draw(self, height: int) -> None:
        rows = [seen.row for seen in self._view.seen]
        rows[0] = self._layout.named(self._view.seen[0])
        if not len(self.timeline) and self.timeline.name:
            rows[-1] = beginning(self.timeline, self._layout.setting)
        if hint := self._hint():
            rows[-1] = rule(hint, "count", self._layout.setting)
        width = self._laid_size.width
        changed = self._painter.paint(rows, self._thumb(height), width, self.rich_style)
        if len(changed) == len(rows):
            self.refresh()
        elif changed:
            self.refresh(*regions(changed, width))

    def _thumb(self, height: int) -> range:
        """Where the bar at the right edge stands: none when everything is seen."""
        view, count = self._view, len(self.timeline)
        if view.first == 0 and view.at_end:
            return range(0)
        size = max(1, height * (view.last + 1 - view.first) // count)
        top = height - size if view.at_end else (height - size) * view.first // count
        return range(top, top + size)

    def _is_bar(self, x: int) -> bool:
        return x == self._laid_size.width - 1 and bool(self._thumb(self._laid_size.height))

    def _drag(self, y: int) -> None:
        height = self.size.height
        if y >= height - 1:
            self.follow()
        else:
            self._view.to_share(max(0, y) / height)
            self._lay()
