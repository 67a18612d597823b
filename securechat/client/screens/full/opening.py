"""The views that open over the screen, and what becomes of what is chosen in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

from securechat.client.screens.commands import COMMANDS
from securechat.client.screens.composer import Composed
from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.frames import Framed
from securechat.client.screens.full.timeline_view import TimelineView
from securechat.client.screens.full.views import pasting
from securechat.client.screens.full.views.acts import Act, MessageAct, Rights
from securechat.client.screens.full.views.aiming import Aim
from securechat.client.screens.full.views.channels import ChannelList
from securechat.client.screens.full.views.choices import Choice, Doing, choices
from securechat.client.screens.full.views.confirm import Confirm
from securechat.client.screens.full.views.dates import when
from securechat.client.screens.full.views.finding import Finding
from securechat.client.screens.full.views.help import HelpView
from securechat.client.screens.full.views.jump import JumpDialog
from securechat.client.screens.full.views.mentions import MentionsView
from securechat.client.screens.full.views.menu import MessageMenu
from securechat.client.screens.full.views.search import SearchView
from securechat.client.screens.full.views.switcher import Switcher
from securechat.client.screens.full.views.telling import Place
from securechat.client.session.actions import React, Redact
from securechat.client.session.events.answers import ChannelsAre
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.identity import same
from securechat.client.timeline import history
from securechat.client.timeline.items import Message
from securechat.common.escape import escape, escape_name
from securechat.common.language import _

MAX_RECENT: Final = 100
"""Conversations of which it is known in which order they were used."""

OPERATES: Final = frozenset("~&@%")
"""Roles that may remove what others have said. https://modern.ircdocs.horse/#channel-membership-prefixes"""


class Opening(Framed):
    """What each key that opens a view does."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.recent: list[str] = []
        """Conversations, the one that was used last first."""
        self._finding = Finding(self._parse_search)
        self.replying = ""
        """The msgid of what is answered by what is typed next, '' for nothing."""
        self._aim: Aim | None = None
        self._lists = False
        """Whether the channels of the server were asked for, to be shown in a view."""
        self.desk.composer.views.update(
            help=self._help_typed,
            history=self._history_typed,
            search=self._search_typed,
            jump=self._jump_typed,
            list=self._list_typed,
        )

    # -- each frame

    def hear(self, event: ClientEvent) -> bool:
        """See Framed."""
        waited = self._finding.waiting
        for shown in self.desk.composer.ignored.shown([event]):
            self._finding.take(shown)
        if isinstance(self.screen, SearchView):
            self.screen.look_again()
            return waited and isinstance(event, Problem)
        if isinstance(event, ChannelsAre) and self._lists:
            self._lists = False
            listed = ChannelList(self.look, event.rows, self.desk.composer.channels)
            self.push_screen(listed, self._joins)
            return True
        return False

    def _enter(self, name: str) -> None:
        if self.replying:  # what it answers was said elsewhere
            self.replying, self.said = "", []
        super()._enter(name)
        others = [one for one in self.recent if not same(one, name)]
        self.recent = [name, *others[: MAX_RECENT - 1]]

    def _draw_timeline(self) -> None:
        super()._draw_timeline()
        if isinstance(self.screen, MentionsView):
            self.screen.look_again()
        here, aim = self.desk.here, self._aim
        if aim is None or here is None or not same(here.name, aim.conversation):
            return
        key = aim.found(here)
        if (not key or aim.time is not None) and self.conversations.loading(here.name):
            return
        self._aim = None
        if not self.view.scroll_to_key(key):
            self.say([("alert", _("that message isn't there any more, or may not be read"))])

    # -- go somewhere

    def action_switch(self) -> None:
        """Go to a room or a person."""
        people = self.desk.composer.channels.nicks()
        found = choices(self.conversations, self.recent, people)
        self.push_screen(Switcher(self.look, found), self._switched)

    def _switched(self, choice: Choice | None) -> None:
        if choice is None:
            return
        if choice.doing is Doing.JOIN:
            self._joins(choice.name)
        else:
            self.go(choice.name)

    def _joins(self, channel: str | None) -> None:
        if channel is None:
            return
        if channel in self.desk.composer.channels:
            self.go(channel)
        else:
            self.desk.accept(channel)
            self.wake()

    def action_mentions(self) -> None:
        """Show all that was said to us."""
        self.desk.ask_mentions()
        view = MentionsView(self.look, self.conversations.mentions, _now())
        self.push_screen(view, self._show_place)

    def action_search(self) -> None:
        """Search, or go on looking through what was found."""
        view = SearchView(self.look, self._finding, self.desk.submit, _now())
        self.push_screen(view, self._show_place)

    def action_jump(self) -> None:
        """Go to a day or a time."""
        self.push_screen(JumpDialog(self.look, _now), self._jump)

    def action_help(self) -> None:
        """Show all keys and commands."""
        self.push_screen(HelpView(self.look))

    def _show_place(self, place: Place | None) -> None:
        if place is None:
            return
        self._aim = Aim.at(place)
        timeline = self.conversations.get(place.conversation)
        known = timeline is not None and timeline.find(place.key) is not None
        # To go to one that isn't loaded has its newest page fetched, in the place of this one.
        if known and timeline is not self.desk.here and timeline is not None and timeline.loaded:
            self.go(place.conversation)
        elif not (known and timeline is self.desk.here) and self._may_jump():
            self.desk.jump(place.conversation, place.mark, place.key)
        self.wake()

    def _jump(self, time: datetime | None) -> None:
        if time is not None and self.conversations.here and self._may_jump():
            self._aim = Aim(self.conversations.here, time=time)
            self.desk.jump(self.conversations.here, history.time_mark(time))
            self.wake()

    def _may_jump(self) -> bool:
        if self.conversations.online:
            return True
        self._aim = None
        self.say([("alert", _("that is on the server: go there when the connection is back"))])
        return False

    # -- commands that open a view

    def _help_typed(self, rest: str) -> Composed | None:
        if rest:
            return None
        self.action_help()
        return []

    def _history_typed(self, rest: str) -> Composed | None:
        if rest.partition(" ")[0].lower() == "policy":
            return None
        # Behind what each line that is sent does, which is to go to the end. What is older comes by
        # itself as one scrolls there.
        self.call_later(self.view.scroll_page_up)
        return []

    def _search_typed(self, rest: str) -> Composed | None:
        actions = self._finding.on() if rest == "more" else self._finding.begin(rest)
        self.action_search()
        return list(actions)

    def _jump_typed(self, rest: str) -> Composed | None:
        if not rest:
            self.action_jump()
            return []
        meant = when(rest, _now())
        if isinstance(meant, str):
            return [Problem(meant, remote=False)]
        self._jump(meant)
        return []

    def _list_typed(self, _rest: str) -> Composed | None:
        self._lists = True
        return None

    def _parse_search(self, rest: str) -> Composed:
        return COMMANDS["search"].run(self.desk.composer, rest)

    # -- a message

    def on_timeline_view_message_activated(self, event: TimelineView.MessageActivated) -> None:
        """Ask what is to be done with it."""
        here = self.desk.here
        if here is None:
            return
        rights = Rights(
            self.conversations.nick,
            operates=self._operates(here.name),
            online=self.conversations.online,
        )
        menu = MessageMenu(self.look, event.message, rights, self.typed.add)
        self.push_screen(menu, partial(self._done_with, here.name, event.message))

    def _operates(self, channel: str) -> bool:
        here = self.desk.composer.channels.members(channel)
        own = next((one for one in here if same(one.nick, self.conversations.nick)), None)
        return own is not None and bool(OPERATES & set(own.roles))

    def _done_with(self, where: str, message: Message, act: MessageAct | None) -> None:
        if act is None:
            return
        match act.act:
            case Act.REPLY:
                self.answer(message.key, message.nick)
            case Act.REACT | Act.UNREACT:
                ended = act.act is Act.UNREACT
                self.desk.submit(React(where, message.key, act.text, ended))
            case Act.REDACT:
                self.desk.submit(Redact(where, message.key, act.text))
            case Act.COPY | Act.COPY_LINK | Act.COPY_ID:
                self.copy(act.text)
            case Act.FOLLOW:
                self._show_place(Place(where, act.text, f"msgid={act.text}"))
            case Act.RETRY:
                self.typed.put(message.text)
        self.wake()

    def answer(self, msgid: str, nick: str) -> None:
        """What is typed next answers a message."""
        self.replying = msgid
        self.say([("reply", _("an answer to {nick}").format(nick=escape_name(nick)))])
        self.wake()

    def copy(self, text: str) -> None:
        """Give a text to the terminal's clipboard (OSC 52), which is never read."""
        # What is pasted into a shell must not do more there than it seems.
        self.copy_to_clipboard("\n".join(escape(line) for line in text.split("\n")))
        self.say([("note", _("copied, if this terminal lets programs do so"))])

    def go(self, name: str) -> None:
        """Look at a conversation, and write to it."""
        self.desk.go(name)
        self.say([])
        self.wake()

    def sure(self, text: str, then: Callable[[], None]) -> None:
        """Do then with a text that was typed; of very many lines once somebody has said so, else it
        goes back to where it was typed.
        """
        target = self.desk.composer.target
        asked = pasting.question(text, target, self.desk.composer.limits())
        if not asked:
            then()
            return
        rows: list[Row] = [[("text", asked)]]
        question = Confirm(self.look, _("Send it?"), rows, _("send it"))
        self.push_screen(question, lambda yes: then() if yes else self.typed.give_back(text))


def _now() -> datetime:
    return datetime.now().astimezone()
