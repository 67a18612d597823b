"""The widget that shows a timeline. It wraps and draws only what is seen; the screen's thread.

The app says refresh_items() when the timeline has changed, once a frame however much came.
"""

from __future__ import annotations

from typing import Any

from textual import events
from textual.message import Message as Posted

from securechat.client.screens.full.look import Look
from securechat.client.screens.full.scrolled import ScrolledTimeline
from securechat.client.screens.full.spans import Setting
from securechat.client.screens.full.viewport import Viewport
from securechat.client.timeline.items import Message
from securechat.client.timeline.timeline import Timeline
from securechat.common.language import ngettext

NEAR = 30
"""Items before the end of what is loaded at which more is asked for."""

ABOVE = 2
"""Rows of what was read already, and the unread line, that are seen above what was unread."""

MAX_COUNTED = 999
"""New messages that are counted."""


class TimelineView(ScrolledTimeline):
    """As of ScrolledTimeline, with what is done by somebody who looks at it."""

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

    def __init__(self, look: Look | None = None, **options: Any) -> None:
        self._selected: Message | None = None
        self._newest: object = None
        """The last item when the end was seen last."""
        self._asked: tuple[object, ...] = ()
        self._was_at_bottom = False
        super().__init__(look, **options)

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
            self._painter.clear()
            self._asked = ()
        # It may have fallen out of the timeline.
        if self._selected and self.timeline.find(self._selected.key) is not self._selected:
            self._select(None)
        self._lay()

    def follow(self) -> None:
        """To what was said last, and stay there."""
        self._select(None)
        if not self.timeline.at_end:
            self.post_message(self.NewestWanted())
        super().follow()

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

    def scroll_rows(self, rows: int) -> None:
        """As of ScrolledTimeline; at the top more is asked for again."""
        if rows < 0 and self._view.first == 0:
            self._asked = ()
        super().scroll_rows(rows)

    @property
    def unread_above(self) -> bool:
        """Whether what was unread begins above the window."""
        unread = self.timeline.position(self.timeline.unread_from)
        return unread is not None and unread < self._view.first

    def scroll_home(self, *_args: Any, **_options: Any) -> None:
        """To what was unread, if that begins above the window, else to the first item there is."""
        unread = self.timeline.position(self.timeline.unread_from)
        if self.unread_above and unread is not None:
            self._view.to_item(unread, ABOVE)
            self._lay()
            return
        self._asked = ()
        super().scroll_home()

    def on_click(self, event: events.Click) -> None:
        seen = self._view.seen
        offset = event.get_content_offset(self)
        if offset is None or self._is_bar(offset.x) or offset.y >= len(seen):
            return
        item = seen[offset.y].item
        if offset.y == self.size.height - 1 and self._hint():
            self.follow()
        elif isinstance(item, Message):
            self._select(item)
            self._lay()
            if event.chain == 2:
                self.activate()

    # -- within

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

    def _laid(self) -> None:
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
