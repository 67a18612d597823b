"""What the screen shows, and when it draws it: the base of the app, which adds what keys do.

The app's thread is the main thread. What happens comes by Handover; each frame takes a bounded part
of it, so that keys have their turn in a flood, too, and draws what has changed.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from textual import events
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.filter import Monochrome, NoColor

from securechat.client.exits import Exit
from securechat.client.screens.complete import candidates
from securechat.client.screens.composer import Composer
from securechat.client.screens.full import around, members, notices, rooms
from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.desk import Desk, Sender
from securechat.client.screens.full.driver import TerminalDriver
from securechat.client.screens.full.handover import Handover
from securechat.client.screens.full.look import Ground, Look
from securechat.client.screens.full.notices import Notify
from securechat.client.screens.full.panels import Lines, RowList
from securechat.client.screens.full.style import CSS
from securechat.client.screens.full.timeline_view import TimelineView
from securechat.client.screens.full.typed import TypedText
from securechat.client.session.events.base import ClientEvent
from securechat.client.timeline.conversations import Conversations
from securechat.client.wire.mailbox import Sink
from securechat.common.language import _
from securechat.common.record import Record, field

FRAME: Final = 1 / 30
"""Seconds between two frames: more of them nobody sees."""

BUDGET: Final = 0.008
"""Seconds of a frame for what has happened; then keys have their turn."""

PANELS: Final = 0.15
"""Seconds between two drawings of the lists: they change with every message of a flood."""


RING_EVERY: Final = 3.0
"""Seconds between two notices."""

WIDE_ENOUGH: Final = 64
WIDER: Final = 92
"""Columns from which on there are the rooms, and the members, too."""

TALL_ENOUGH: Final = 16
"""Rows from which on there are lines between the parts."""


class Runs(Sender, Protocol):
    """What the screen needs of the client, and what a test has in its place."""

    def attach(self, sink: Sink) -> None:
        """Events go to sink from now on."""


class Wishes(Record):
    """What the person, or the terminal, wants of the screen. typed: before it was there."""

    look: Look = field(default_factory=Look)
    notify: Notify = Notify.DESKTOP
    typed: str = ""
    mouse: bool = True


class Framed(App[Exit]):
    """client: only submit() and attach() are used. clock: monotonic seconds."""

    TITLE = "securechat"
    CSS = CSS
    ENABLE_COMMAND_PALETTE = False

    view: TimelineView
    typed: TypedText

    def __init__(
        self,
        client: Runs,
        composer: Composer,
        conversations: Conversations,
        wishes: Wishes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(driver_class=TerminalDriver)
        self._client = client
        self.wishes = wishes
        self.look = wishes.look
        self.desk = Desk(client, composer, conversations)
        self.conversations = conversations
        self.fault: Exception | None = None
        self.handover = Handover(self._wake_from_afar)
        self._clock = clock
        self.mouse_on = wishes.mouse
        self._frame_due = False
        self._framed_at = 0.0
        self._panels_at = 0.0
        self._panels_due = False
        self._shown = ""
        self._drawn = -1
        self._title = ""
        self._hinted = ""
        self._rung_at = -RING_EVERY
        self._width = 0
        # The Enter in it, too: what it says is for its writer to send, who hasn't seen where to.
        self._typed_before = wishes.typed.strip()
        self.said: Row = []
        """What was just told, for the line above the input."""
        self._input_handle = -1
        self.entries: list[rooms.Entry] = []
        self.wanted: dict[str, bool] = {}
        # Their background is the terminal's own.
        self.theme = "ansi-light" if self.look.ground is Ground.LIGHT else "ansi-dark"
        # For NO_COLOR: the one that was chosen before the theme makes black of what has no colour.
        self._filters[:] = [
            NoColor() if isinstance(one, Monochrome) else one for one in self._filters
        ]

    # -- Textual's own ways

    def get_css_variables(self) -> dict[str, str]:
        """The colours of the look, for the style sheet."""
        look = getattr(self, "look", Look())
        names = {f"look-{name}": look.colour(name) for name in ("faint", "heading", "key", "count")}
        return {**super().get_css_variables(), **names}

    def compose(self) -> ComposeResult:
        """The parts of the screen."""
        # Kept here, as they are drawn while the screen is taken down, too, and found no more then.
        self.lists = {name: RowList(self.look, id=name) for name in ("rooms", "members")}
        self._lines = {name: Lines(self.look, id=name) for name in ("header", "beside", "footer")}
        self.view = TimelineView(self.look, id="timeline")
        self.typed = TypedText(self._candidates, self.desk.sent, id="typed")
        with Horizontal(id="body"):
            yield self.lists["rooms"]
            with Vertical(id="talk"):
                yield self._lines["header"]
                yield self.view
                yield self._lines["beside"]
                yield self.typed
            yield self.lists["members"]
        yield self._lines["footer"]

    def on_mount(self) -> None:
        """Begin to take what happens."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)
        if not self.is_headless:
            self._input_handle = sys.__stdin__.fileno() if sys.__stdin__ else -1
        self.typed.focus()
        self.app_resume_signal.subscribe(self, self._resumed)
        self._client.attach(self.handover.put)
        self.set_interval(1.0, self._tick)
        self._frame()

    def _handle_exception(self, error: Exception) -> None:
        # A bug ends the screen. What it was is told in a sentence, once the terminal is itself.
        self.fault = self.fault or error
        if self.is_headless:
            super()._handle_exception(error)
        else:
            self._close_messages_no_wait()

    def panic(self, *renderables: Any) -> None:
        """A bug in a thread of Textual's; see above."""
        self.fault = self.fault or RuntimeError("the keyboard can't be read")
        self._close_messages_no_wait()

    # -- frames

    def _wake_from_afar(self) -> None:
        """Listener thread."""
        loop = self._loop
        if loop is not None and not self._frame_due:
            try:
                loop.call_soon_threadsafe(self.wake)
            except RuntimeError:  # it has ended
                self.handover.lift()

    def wake(self) -> None:
        """Draw a frame soon."""
        if not self._frame_due and self._loop is not None:
            self._frame_due = True
            late = self._framed_at + FRAME - self._clock()
            self._loop.call_later(max(0.0, late), self.call_later, self._frame)

    def _frame(self) -> None:
        self._frame_due = False
        self._framed_at = now = self._clock()
        if self._exit:  # its parts are gone already
            return
        while event := self.handover.take():
            if not self.hear(event):
                self.desk.take(event, now)
            if self._clock() - now > BUDGET:
                self.wake()
                break
        self._draw(now)

    def _draw(self, now: float) -> None:
        desk = self.desk
        if desk.stopped:
            self.exit(desk.code)
            return
        self._notify()
        self._draw_timeline()
        if self.app_focus and self.view.at_bottom and len(self.screen_stack) == 1:
            desk.seen(now)
        if now - self._panels_at >= PANELS:
            self._draw_panels()
        elif not self._panels_due:
            self._panels_due = True
            self.set_timer(PANELS, self._draw_panels)

    def _draw_timeline(self) -> None:
        here = self.desk.here
        if here is not None and here.name != self._shown:
            self._enter(here.name)
        elif here is not None and here.revision != self._drawn:
            self.view.refresh_items()
            self._drawn = here.revision

    def _enter(self, name: str) -> None:
        """Another conversation is shown from now on."""
        if self._shown:
            self.desk.keep_draft(self._shown, self.typed.text)
        self.desk.mark(self._clock(), at_once=True)
        self._shown = name
        here = self.conversations.timeline(name)
        self.view.show(here, self.conversations.nick)
        self._drawn = here.revision
        first, self._typed_before = self._typed_before, ""
        self.typed.put(first or self.desk.draft())
        self._hint()
        self.lay_out()
        self.call_after_refresh(self._draw_panels)

    def _hint(self) -> None:
        """Where what is typed goes, if anywhere."""
        hint = around.hint(self.conversations.timeline(self._shown))
        if hint != self._hinted:
            self._hinted = hint
            # No str, which would be read as markup: a name may have brackets in it.
            self.typed.placeholder = Content(hint)

    def _draw_panels(self) -> None:
        """The lists, and the lines around the timeline."""
        self._panels_due, self._panels_at = False, self._clock()
        if self._exit:
            return
        listed = self.lists["rooms"]
        entries = rooms.entries(self.conversations, listed.size.width)
        at = next((at for at, one in enumerate(entries) if one.name == self._shown), None)
        listed.show([one.row for one in entries], at)
        self.entries = entries
        channels = self.desk.composer.channels
        present = channels.members(self._shown)
        if (there := self.lists["members"]).display:
            there.show(members.rows(present, there.size.width))
        head, foot = self._lines["header"], self._lines["footer"]
        now = self._panels_at
        head.show(around.header(self.conversations, len(present), now, head.size.width))
        foot.show(around.footer(self.keys(), foot.size.width))
        self._draw_beside()
        if self._shown:
            self._hint()
        mentions = sum(one.mentions for one in self.conversations)
        if (title := notices.title(self._shown, mentions)) != self._title:
            self._title = title
            self._write(title)

    def _draw_beside(self) -> None:
        """The line above the input: what was just told, else who is typing."""
        nicks = self.conversations.typing(self._shown, self._clock())
        row = self.said or around.typing(nicks)
        self._lines["beside"].show(row)

    def _tick(self) -> None:
        """Once a second: what changes by the time alone."""
        if _is_hung_up(self._input_handle):
            self.exit(Exit.OK)
        self.desk.mark(self._clock())
        self._draw_panels()

    def hear(self, event: ClientEvent) -> bool:
        """One event, before it is taken; whether a view has shown it, and nobody else need."""
        return False

    def keys(self) -> list[tuple[str, str]]:
        """The keys that matter now, for the footer; the last one leads to all others."""
        return [("F1", _("all keys"))]

    def say(self, row: Row) -> None:
        """Show something above the input, until something else is done."""
        self.said = row
        self._draw_beside()

    def lay_out(self) -> None:
        """Show the lists, where there is room for them and something in them."""
        self.lists["rooms"].display = self.wanted.get("rooms", self._width >= WIDE_ENOUGH)
        there = self._shown.startswith("#") and self.wanted.get("members", self._width >= WIDER)
        self.lists["members"].display = there

    # -- beside the screen

    def _resumed(self, _app: object) -> None:
        """After a pause, or an editor, the terminal knows the title no more."""
        self._title = ""
        self.wake()

    def _notify(self) -> None:
        news, self.desk.news = self.desk.news, []
        # Not for each, so that nobody can have it ring without end.
        if news and not self.app_focus and self._clock() - self._rung_at >= RING_EVERY:
            self._rung_at = self._clock()
            self._write(notices.notice(news[-1], self.wishes.notify, os.environ))

    def _write(self, data: str) -> None:
        """Write to the terminal itself."""
        if data and self._driver is not None and not self.is_headless:
            self._driver.write(data)

    def on_app_blur(self) -> None:
        """Nobody looks any more."""

    def on_app_focus(self) -> None:
        """Somebody looks again."""
        self.desk.look_again()
        self.wake()

    def on_resize(self, event: events.Resize) -> None:
        """Leave out what there is no room for."""
        self._width = event.size.width
        self.set_class(event.size.height < TALL_ENOUGH, "low")
        self.lay_out()
        self.call_after_refresh(self._draw_panels)

    def _candidates(self, before: str) -> tuple[str, list[str]]:
        return candidates(self.desk.composer, before)


def _is_hung_up(handle: int) -> bool:
    """Whether the terminal is gone, without a signal that tells."""
    if handle < 0:
        return False
    poll = select.poll()
    poll.register(handle, 0)  # what is asked for anyhow: POLLHUP and POLLERR
    return bool(poll.poll(0))
