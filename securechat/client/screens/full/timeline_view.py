"""The widget that shows a timeline. It wraps and draws only what is seen; the screen's thread.

The app says refresh_items() when the timeline has changed, once a frame however much came.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message as Posted
from textual.strip import Strip
from textual.widget import Widget

from securechat.client.screens.full.cells import cells
from securechat.client.screens.full.layout import Layout, beginning
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.rows import UNICODE, Row, Setting, Signs, rule
from securechat.client.screens.full.viewport import Viewport
from securechat.client.timeline.items import Message
from securechat.client.timeline.timeline import Timeline
from securechat.common.language import ngettext

NEAR = 30
"""Items before the end of what is loaded at which more is asked for."""

MAX_COUNTED = 999
"""New messages that are counted."""

WHEEL: Final = 3
"""Rows of one step of the mouse's wheel."""


class TimelineView(Widget):
    """look: the styles. signs: what is drawn. zone: in which times are told; None
    for the system's."""

    ALLOW_SELECT = False

    DEFAULT_CSS = "TimelineView { width: 1fr; height: 1fr; }"

    class OlderWanted(Posted):
        """Somebody is near the first item that there is."""

    class NewerWanted(Posted):
        """Somebody is near the last item of a window that ends in the past."""

    class NewestWanted(Posted):
        """Somebody wants to see what was said last, and the window ends in the past."""

    class BottomReached(Posted):
        """What was said last is seen."""

    class MessageSelected(Posted):
        """message: None when nothing is selected any more."""

        def __init__(self, message: Message | None) -> None:
            super().__init__()
            self.message = message

    class MessageActivated(Posted):
        """Something is to be done with a message."""

        def __init__(self, message: Message) -> None:
            super().__init__()
            self.message = message

    class LinkClicked(Posted):
        """target: as it is written, http or https."""

        def __init__(self, target: str) -> None:
            super().__init__()
            self.target = target

    def __init__(
        self,
        look: Look | None = None,
        *,
        signs: Signs = UNICODE,
        zone: tzinfo | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._look = look or Look()
        self._layout = Layout(
            Setting(80, zone, signs=signs), lambda: datetime.now().astimezone(zone)
        )
        self._view = Viewport(Timeline(""), self._layout)
        self._selected: Message | None = None
        self._strips: list[Strip] = []
        self._drawn: dict[tuple[int, bool], tuple[Row, Strip]] = {}
        self._laid_size = Size(0, 0)
        self._base = Style.null()
        self._newest: object = None
        """The last item when the end was seen last."""
        self._asked: tuple[object, ...] = ()
        self._was_at_bottom = False

    # -- what the app calls

    @property
    def timeline(self) -> Timeline:
        """What is shown."""
        return self._view.timeline

    @property
    def selected(self) -> Message | None:
        """The message that is selected."""
        return self._selected

    @property
    def at_bottom(self) -> bool:
        """Whether what was said last is seen."""
        return self._view.at_end and self.timeline.at_end

    def show(self, timeline: Timeline, nick: str = "") -> None:
        """Show a timeline from its end. nick: ours, for reactions."""
        self._layout.clear()
        setting = self._layout.setting
        self._layout.change(Setting(setting.width, setting.zone, nick, setting.signs))
        self._view = Viewport(timeline, self._layout)
        self._selected, self._newest, self._asked = None, None, ()
        self._was_at_bottom = False
        self.refresh_items(force=True)

    def refresh_items(self, force: bool = False) -> None:
        """Draw what has changed. force: all anew, as styles may have changed."""
        if force:
            self._drawn.clear()
            self._asked = ()
        self._lay()

    def follow(self) -> None:
        """To what was said last, and stay there."""
        self._select(None)
        if not self.timeline.at_end:
            self.post_message(self.NewestWanted())
        self._view.follow()
        self._lay()

    def scroll_to_key(self, key: str, *, select: bool = True) -> bool:
        """Show the item with this key, and select it if it is a message; False when it isn't in
        the window.
        """
        index = self.timeline.position(key)
        if index is None:
            return False
        item = self.timeline[index]
        if select and isinstance(item, Message):
            self._select(item)
        self._view.to_item(index, self.size.height // 3)
        self._lay()
        return True

    def select_previous(self) -> None:
        """The message above the selected one; the lowest one in the window if none is."""
        start = self._view.last + 1 if self._selected is None else self._position(self._selected)
        for index in range(start - 1, -1, -1):
            if self._select_at(index):
                return

    def select_next(self) -> None:
        """The message below the selected one; behind the last one nothing is selected."""
        if self._selected is not None:
            for index in range(self._position(self._selected) + 1, len(self.timeline)):
                if self._select_at(index):
                    return
            self.select_none()

    def select_none(self) -> None:
        """Select nothing any more."""
        self._select(None)
        self._lay()

    def activate(self) -> None:
        """Show all of the selected message, or have something done with it."""
        if self._selected is None:
            return
        if self._layout.shortened(self.timeline, self._position(self._selected)):
            self._layout.opened.add(self._selected.key)
            self._lay()
        else:
            self.post_message(self.MessageActivated(self._selected))

    def scroll_page_up(self, *_args: Any, **_options: Any) -> None:
        """Nearly a window up."""
        self.scroll_rows(-self._page())

    def scroll_page_down(self, *_args: Any, **_options: Any) -> None:
        """Nearly a window down."""
        self.scroll_rows(self._page())

    def scroll_home(self, *_args: Any, **_options: Any) -> None:
        """To the first item there is."""
        self._view.to_start()
        self._asked = ()
        self._lay()

    def scroll_end(self, *_args: Any, **_options: Any) -> None:
        """As follow()."""
        self.follow()

    def scroll_rows(self, rows: int) -> None:
        """Move by so many rows, down for more than 0."""
        if rows < 0 and self._view.first == 0:
            self._asked = ()
        self._view.scroll(rows)
        self._lay()

    # -- Textual's

    def render_lines(self, crop: Region) -> list[Strip]:
        """As of Widget. It may be drawn before it is told of its size."""
        if self._laid_size != self.size:
            self._lay()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """As of Widget."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self._laid_size.width)

    def on_resize(self) -> None:
        self._lay()

    def notify_style_update(self) -> None:
        """As of Widget: colours have changed."""
        super().notify_style_update()
        self._drawn.clear()

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

    def on_click(self, event: events.Click) -> None:
        seen = self._view.seen
        offset = event.get_content_offset(self)
        if offset is None or self._is_bar(offset.x) or offset.y >= len(seen):
            return
        row, item, _at = seen[offset.y]
        if offset.y == self.size.height - 1 and self._hint():
            self.follow()
        elif target := _target(row, offset.x):
            self.post_message(self.LinkClicked(target))
        elif isinstance(item, Message):
            self._select(item)
            self._lay()
            if event.chain == 2:
                self.activate()

    # -- within

    def _page(self) -> int:
        return max(1, self.size.height - 2)

    def _position(self, message: Message) -> int:
        found = self.timeline.position(message.key)
        return len(self.timeline) if found is None else found

    def _select_at(self, index: int) -> bool:
        item = self.timeline[index]
        if not isinstance(item, Message):
            return False
        self._select(item)
        self._view.reveal(index)
        self._lay()
        return True

    def _select(self, message: Message | None) -> None:
        if message is not self._selected:
            self._selected = self._view.held = message
            self.post_message(self.MessageSelected(message))

    def _lay(self) -> None:
        """Find out what is seen, and have drawn what isn't drawn so already."""
        width, height = self.size
        if not (width and height):
            return
        setting = self._layout.setting
        self._layout.change(Setting(width - 1, setting.zone, setting.nick, setting.signs))
        # Its key changes when the server has stored it.
        self._layout.selected = self._selected.key if self._selected else ""
        resized, self._laid_size = self._laid_size != self.size, self.size
        self._view.fill(height)
        if resized and self._selected is not None:
            self._view.reveal(self._position(self._selected))
            self._view.fill(height)
        self._ask()
        self._draw(height, resized)

    def _ask(self) -> None:
        """Tell the app what it has to fetch, once."""
        view, timeline = self._view, self.timeline
        if self.at_bottom:
            self._newest = timeline[-1] if len(timeline) else None
            if not self._was_at_bottom:
                self.post_message(self.BottomReached())
        self._was_at_bottom = self.at_bottom
        if not len(timeline):
            return
        older = view.first < NEAR and not timeline.at_start and timeline[0].key
        newer = view.last > len(timeline) - NEAR and not timeline.at_end and timeline[-1].key
        asked = (older, newer)
        if asked != self._asked:
            if older and older not in self._asked:
                self.post_message(self.OlderWanted())
            if newer and newer not in self._asked:
                self.post_message(self.NewerWanted())
            self._asked = asked

    def _draw(self, height: int, resized: bool) -> None:
        base = self.rich_style
        if base != self._base:
            self._base = base
            self._drawn.clear()
        rows = [seen.row for seen in self._view.seen]
        if not len(self.timeline) and self.timeline.name:
            rows[-1] = beginning(self.timeline, self._layout.setting)
        if hint := self._hint():
            rows[-1] = rule(hint, "count", self._layout.setting)
        thumb = self._thumb(height)
        before, known = self._strips, self._drawn
        self._drawn, self._strips = {}, []
        for y, row in enumerate(rows):
            key = (id(row), y in thumb)
            # The row is kept with its strip, so that its id is nobody else's.
            drawn = known.get(key) or (row, self._strip(row, thumb=y in thumb))
            self._drawn[key] = drawn
            self._strips.append(drawn[1])
        if resized or len(before) != len(rows):
            self.refresh()
        elif changed := [y for y, strip in enumerate(self._strips) if strip is not before[y]]:
            self.refresh(*_regions(changed, self._laid_size.width))

    def _strip(self, row: Row, *, thumb: bool) -> Strip:
        style = self._look.style
        segments = [
            Segment(text, style(name) + Style(link=link) if link else style(name))
            for name, text, link in row
        ]
        width = self._laid_size.width
        room = width - 1
        used = sum(cells(span.text) for span in row)
        if used > room:
            segments = list(Strip(segments).crop(0, room))
        else:
            segments.append(Segment(" " * (room - used)))
        segments.append(Segment(self._layout.setting.signs.thumb if thumb else " ", style("faint")))
        return Strip(segments, width).apply_style(self._base)

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

    def _hint(self) -> str:
        """What has come below the window meanwhile."""
        if self._view.at_end or not self.timeline.at_end:
            return ""
        count = 0
        for index in range(len(self.timeline) - 1, self._view.last, -1):
            item = self.timeline[index]
            if item is self._newest or count >= MAX_COUNTED:
                break
            count += isinstance(item, Message)
        if not count or self._newest is None:
            return ""
        text = ngettext("{count} new message below", "{count} new messages below", count)
        return text.format(count=count)


def _target(row: Row, x: int) -> str:
    """Where the link at a column leads, '' for none."""
    for span in row:
        x -= cells(span.text)
        if x < 0:
            return span.link
    return ""


def _regions(rows: list[int], width: int) -> list[Region]:
    """Rows as regions, those below each other in one."""
    regions: list[Region] = []
    for y in rows:
        if regions and regions[-1].bottom == y:
            regions[-1] = regions[-1].grow((0, 0, 1, 0))
        else:
            regions.append(Region(0, y, width, 1))
    return regions
