"""The full screen, and its keys. Main thread; run() is the only way in."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Final

from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType

from securechat.client.exits import Exit
from securechat.client.screens.composer import Composer
from securechat.client.screens.full import editing, rooms
from securechat.client.screens.full.driver import TerminalDriver, signals_given_back
from securechat.client.screens.full.frames import Wishes
from securechat.client.screens.full.garbage import looking_seldom
from securechat.client.screens.full.keys import KEYS, Where
from securechat.client.screens.full.look import Look, background
from securechat.client.screens.full.notices import Notify
from securechat.client.screens.full.opening import Opening
from securechat.client.screens.full.panels import RowList
from securechat.client.screens.full.typed import TypedText
from securechat.client.session.actions import Quit
from securechat.client.settings import SettingsDirectory
from securechat.client.timeline.conversations import Conversations
from securechat.client.wire.receiver import Client
from securechat.common.escape import escape_name, escape_text
from securechat.common.language import _

ALWAYS: Final = frozenset(("leave", "mouse", "suspend_process"))
"""What keys do also while a view is open."""

THE_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before all that anybody has said."""

LAST_WORDS: Final = 8.0
"""Seconds to wait for the receiving thread's end; it may hang in a connect()."""


class FullScreen(Opening):
    """The screen with its keys; each action below is one of them."""

    # Not Esc: a box over the screen has it first.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(one.key, one.action, priority=one.key != "escape", show=False)
        for one in KEYS
        if one.where is Where.SCREEN
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of the screen mean nothing while a view is open over it."""
        of_screen = {one.action.partition("(")[0] for one in KEYS} - ALWAYS
        return len(self.screen_stack) <= 1 or action not in of_screen

    def keys(self) -> list[tuple[str, str]]:
        """See Framed."""
        every = ("F1", _("all keys"))
        if self.view.selected is not None:
            return [("Enter", _("do something with it")), ("Esc", _("back")), every]
        if self.replying:
            return [("Enter", _("send the answer")), ("Esc", _("no answer")), every]
        if not self.view.at_bottom:
            return [("PgUp", _("older")), ("Esc", _("newest")), every]
        if rooms.next_unread(self.conversations):
            return [("Alt-A", _("next unread")), ("Ctrl-K", _("go to")), every]
        return [("Ctrl-K", _("go to")), ("Ctrl-F", _("search")), every]

    # -- keys

    def action_leave(self) -> None:
        """End the session."""
        self.exit(Exit.OK)

    def action_help_quit(self) -> None:
        """Ctrl-C where nothing else takes it: not by a box over the screen."""
        self.say([("note", _("Ctrl-Q ends the session"))])

    def action_unread(self) -> None:
        """Go where there is something to read."""
        if name := rooms.next_unread(self.conversations):
            self.go(name)
        else:
            self.say([("note", _("there is nothing unread elsewhere"))])

    def action_neighbour(self, step: int) -> None:
        """Go to the conversation above or below in the list."""
        if name := rooms.neighbour(self.conversations, step):
            self.go(name)

    def action_panel(self, name: str) -> None:
        """Show the rooms or the members, or don't."""
        panel = self.lists[name]
        self.wanted[name] = not panel.display
        self.lay_out()
        self.call_after_refresh(self._draw_panels)

    def action_mouse(self) -> None:
        """Take the mouse, or leave it to the terminal."""
        if isinstance(self._driver, TerminalDriver):
            self.mouse_on = not self.mouse_on
            self._driver.set_mouse(on=self.mouse_on)
        on = _("the mouse is for this screen again")
        off = _("the mouse is left to the terminal, which selects text with it; F9 takes it back")
        self.say([("note", on if self.mouse_on else off)])

    def action_edit(self) -> None:
        """Write on in one's own editor."""
        try:
            with self.suspend():
                text = editing.edited(self.typed.text, os.environ)
        except (editing.EditingError, SuspendNotSupported) as error:
            self.say([("alert", escape_text(str(error)))])
        else:
            self.typed.put(text)

    def action_page(self, step: int) -> None:
        """Scroll the timeline."""
        if step < 0:
            self.view.scroll_page_up(animate=False)
        else:
            self.view.scroll_page_down(animate=False)
        self.wake()

    def action_top(self) -> None:
        """Go to what was unread, then to the beginning, without all that lies between."""
        here = self.desk.here
        if here is None or self.view.unread_above or not self.conversations.goes_back(here):
            self.view.scroll_home()
        else:
            self._jump(THE_BEGINNING)
        self.wake()

    def action_bottom(self) -> None:
        """Go to what was said last."""
        self.view.follow()
        self.wake()

    def action_step_back(self) -> None:
        """One step back: from an answer, a selected message, the past."""
        self.say([])
        if self.replying:
            self.replying = ""
        elif self.view.selected is not None:
            self.view.select_none()
        else:
            self.view.follow()
        self.wake()

    # -- going about

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Somebody has clicked at a room."""
        if event.rows.id != "rooms" or event.number >= len(self.entries):
            return
        entry = self.entries[event.number]
        if entry.invited:
            self.desk.accept(entry.name)
        elif entry.name:
            self.go(entry.name)
        self.wake()

    # -- what is typed

    def on_typed_text_sent(self, event: TypedText.Sent) -> None:
        """Enter."""
        self.said = []
        if not event.text.strip():
            if self.view.selected is not None:
                self.view.activate()
            return
        self.sure(event.text, partial(self._send, event.text))

    def _send(self, text: str) -> None:
        selected = self.view.selected
        done = self.desk.send(text, self.replying, selected.msgid if selected else "")
        self.replying = ""
        if done.back:
            self.typed.give_back(done.back)
        if done.quits:
            self.exit(Exit.OK)
        if not done.back:
            self.view.follow()
        self.wake()

    def on_text_area_changed(self, event: TypedText.Changed) -> None:
        """Tell the others that somebody types, but not of commands."""
        if event.text_area is self.typed and self.typed.text != self.typed.placed:
            self.desk.typing(self.typed.text)

    def on_typed_text_offers(self, event: TypedText.Offers) -> None:
        """What Tab offers."""
        self.say([("note", "  ".join(escape_name(one.strip()) for one in event.offers[:20]))])

    def on_typed_text_selecting(self, event: TypedText.Selecting) -> None:
        """An arrow in the empty input."""
        if event.step < 0:
            self.view.select_previous()
        else:
            self.view.select_next()
        self.wake()

    def on_typed_text_ended(self) -> None:
        """Ctrl-D in the empty input."""
        self.action_jump()

    def on_typed_text_nothing_to_drop(self) -> None:
        """Ctrl-C in the empty input."""
        self.action_help_quit()

    def on_typed_text_too_much(self) -> None:
        """More was pasted than there is room for."""
        self.say([("alert", _("what was pasted is too long for one message, and was cut"))])

    # -- the timeline

    def on_timeline_view_older_wanted(self) -> None:
        """Its beginning is seen."""
        self.desk.older()
        self.wake()

    def on_timeline_view_newer_wanted(self) -> None:
        """Its end is seen, and that is in the past."""
        self.desk.newer()
        self.wake()

    def on_timeline_view_newest_wanted(self) -> None:
        """Back from the past."""
        self.desk.newest()
        self.wake()

    def on_timeline_view_bottom_reached(self) -> None:
        """Its end is seen."""
        self.wake()

    def on_timeline_view_message_selected(self) -> None:
        """Other keys matter now, and commands are about this message."""
        selected = self.view.selected
        self.desk.composer.selected = selected.key if selected is not None else ""
        self.wake()


def run(client: Client, composer: Composer, nick: str, settings: SettingsDirectory) -> Exit:
    """Open the screen until the session ends; its exit code. Main thread.

    Raises SettingsError, and whatever a bug of the screen has raised, once the terminal is itself
    again.
    """
    ground, typed = background()
    wishes = Wishes(Look(ground), Notify(settings.notify), typed)
    app = FullScreen(client, composer, Conversations(nick, ignored=composer.ignored), wishes)
    with signals_given_back(), looking_seldom():
        code = app.run()
    app.handover.lift()
    client.submit(Quit())
    stopped = client.join(LAST_WORDS)
    if app.fault is not None:
        raise app.fault
    return stopped.code if stopped else code or Exit.OK
