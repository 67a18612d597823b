"""What the screen does, without the screen: takes events, sends what is typed, goes from one
conversation to another. Of the screen's thread; no Textual.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from securechat.client.exits import Exit
from securechat.client.screens.composer import Composed, Composer, newest_of
from securechat.client.session.actions import Action, MarkRead, Quit, Say, ServerCommand, Type
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.channels import Left
from securechat.client.session.events.connection import Stopped
from securechat.client.session.events.deliveries import TooLong
from securechat.client.session.events.history import MentionsTold, RangeTold
from securechat.client.session.events.messages import Said
from securechat.client.session.fetching import FULL
from securechat.client.session.identity import fold, same
from securechat.client.timeline.conversations import Conversations
from securechat.client.timeline.mentions import Mention
from securechat.client.timeline.timeline import Timeline
from securechat.common.language import _
from securechat.common.record import Record, replace

MARK_EVERY: Final = 2.0
"""Seconds between two words to the server on how far we have read."""

MAX_DRAFTS: Final = 200
MAX_SENT: Final = 200
"""Of each: texts that are kept in memory, and nowhere else."""


class Sender(Protocol):
    """What the screen needs of the client."""

    def submit(self, action: Action) -> bool:
        """Hand over an action; False when there is no room for it."""


class Typed(Record):
    """What became of what was typed. back: it goes back to where it was typed. quits: the session
    ends.
    """

    back: str = ""
    quits: bool = False


@dataclass(slots=True)
class Desk:
    """sender: takes the actions. news: what was said to us since somebody has looked at it."""

    sender: Sender
    composer: Composer
    conversations: Conversations
    news: list[Mention] = field(default_factory=list)
    stopped: Stopped | None = None
    back: str = ""
    """A text that was refused, for where it was typed."""
    sent: list[str] = field(default_factory=list)
    """What was typed and sent, the last one at the end."""
    _drafts: dict[str, str] = field(default_factory=dict)
    _marks: dict[str, MarkRead] = field(default_factory=dict)
    _marked_at: float = 0.0
    _types: bool = False
    _waits_for_older: bool = False

    def __post_init__(self) -> None:
        self.composer.newest = newest_of(self.conversations)

    @property
    def here(self) -> Timeline | None:
        """The conversation that is shown, if there is one."""
        return self.conversations.get(self.conversations.here)

    @property
    def code(self) -> Exit:
        """The exit code, once the session has ended."""
        return self.stopped.code if self.stopped else Exit.OK

    # -- what happens

    def take(self, event: ClientEvent, now: float) -> None:
        """One event of the session. now: seconds of a monotonic clock."""
        known = self.conversations.mentions.last
        self._submit(self.conversations.take(event, now))
        for beside in self.composer.notice(event):
            self._submit(self.conversations.take(beside, now))
        if isinstance(event, Stopped):
            self.stopped = event
        elif isinstance(event, TooLong):
            self.back = event.text
        elif isinstance(event, Said) and not event.missed:
            newest = self.conversations.mentions.last
            # Not an older one, which is the newest since somebody is ignored.
            if newest is not None and newest is not known and newest.message.mark == event.mark:
                self.news.append(newest)
        elif isinstance(event, RangeTold) and self._waits_for_older:
            self.older()
        self._follow()
        if isinstance(event, Left) and event.mine and event.channel is not None:
            self._tell_left(event)

    def _tell_left(self, event: Left) -> None:
        """The channel is no more shown, so where we are now it is told that we are out of it. Who
        was removed stays there, and is told so there.
        """
        if not event.by or same(event.by, event.nick):
            self.conversations.tell(replace(event, time=None))

    def _follow(self) -> None:
        """Look at the conversation that the composer writes to."""
        target = self.composer.target
        if target and not same(target, self.conversations.here):
            self._submit(self.conversations.show(target))

    # -- what a person does

    def go(self, name: str) -> None:
        """Look at a conversation, and write to it."""
        self.composer.aim(name)
        self._waits_for_older = False
        self._submit(self.conversations.show(name))

    def accept(self, channel: str) -> None:
        """Go into a channel that somebody has asked us into."""
        self.composer.aim(channel)
        self.submit(ServerCommand("JOIN", (channel,)))
        self._follow()

    def send(self, text: str, reply: str = "", selected: str = "") -> Typed:
        """Do what was typed. reply: the msgid of what it answers. selected: that of the message
        that a command is about, '' for none.
        """
        if not text.strip():
            return Typed()
        self._types = False  # what is said ends it
        self._remember(text)
        self.composer.selected = selected
        return self.do(self.composer.line(text), text, reply)

    def do(self, items: Composed, text: str = "", reply: str = "") -> Typed:
        """Do what a line, or a view, leads to. text: what was typed."""
        for item in items:
            if isinstance(item, Quit):
                self.submit(item)
                return Typed(quits=True)
            if isinstance(item, ClientEvent):
                self._submit(self.conversations.take(item))
                if isinstance(item, TooLong):
                    return Typed(back=text)
            else:
                if isinstance(item, Say) and reply and not item.reply:
                    item = replace(item, reply=reply)
                if not self.submit(item):
                    return Typed(back=text)
        self._follow()
        return Typed()

    def submit(self, action: Action) -> bool:
        """Hand an action over to the session; False, and a word on it, when it has no room."""
        if self.sender.submit(action):
            return True
        self.tell(
            _(
                "too many messages are waiting for the connection; this one is back where it was "
                "typed"
            )
        )
        return False

    def tell(self, text: str) -> None:
        """Show a word of our own in the conversation that is looked at."""
        self.conversations.take(Problem(text, remote=False))

    def typing(self, text: str) -> None:
        """Somebody types this here; of commands the others aren't told."""
        said = bool(text) and (not text.startswith("/") or text.startswith("//"))
        if not (said or self._types) or not (self.composer.target and self.conversations.online):
            return
        self._types = said
        self.sender.submit(Type(self.composer.target, ended=not said))

    def older(self) -> None:
        """Somebody has come to the beginning of what there is."""
        here = self.conversations.here
        # One page after the other; it isn't asked for again by itself.
        self._waits_for_older = self.conversations.loading(here)
        self._submit(self.conversations.older(here))

    def newer(self) -> None:
        """Somebody has come to the end of a window that ends in the past."""
        self._submit(self.conversations.newer(self.conversations.here))

    def newest(self) -> None:
        """Back to what was said last."""
        self._submit(self.conversations.newest(self.conversations.here))

    def jump(self, name: str, mark: str, key: str = "") -> None:
        """To a message or a time of a conversation, by its mark."""
        if not same(name, self.conversations.here):
            self.go(name)
        self._submit(self.conversations.jump(name, mark, key))

    def ask_mentions(self) -> None:
        """Somebody looks at the mentions: also those of before."""
        for action in self.conversations.mentions.ask():
            if not self.sender.submit(action):
                self.conversations.take(MentionsTold(problem=FULL))

    # -- read and unread

    def look_again(self) -> None:
        """Somebody has come back to the terminal: what came meanwhile is below the unread line."""
        here = self.here  # which is false when it is empty
        if here is not None and here.unread:
            here.look()

    def seen(self, now: float) -> None:
        """All of the conversation that is shown is seen."""
        for action in self.conversations.seen(self.conversations.here):
            if isinstance(action, MarkRead):
                self._marks[fold(action.target)] = action
        self.mark(now)

    def mark(self, now: float, *, at_once: bool = False) -> None:
        """Tell the server how far we have read, from time to time."""
        if self._marks and (at_once or now - self._marked_at >= MARK_EVERY):
            self._submit(self._marks.values())
            self._marks.clear()
            self._marked_at = now

    # -- drafts

    def keep_draft(self, name: str, text: str) -> None:
        """Keep what is typed and not sent, for the conversation that it is for."""
        key = fold(name)
        self._drafts.pop(key, None)
        if text:
            self._drafts[key] = text
        if len(self._drafts) > MAX_DRAFTS:
            del self._drafts[next(iter(self._drafts))]

    def draft(self) -> str:
        """What was typed and not sent in the conversation that is shown."""
        return self._drafts.get(fold(self.conversations.here), "")

    def _remember(self, text: str) -> None:
        if not self.sent or self.sent[-1] != text:
            self.sent.append(text)
            del self.sent[:-MAX_SENT]

    def _submit(self, actions: Iterable[Action]) -> None:
        for action in list(actions):
            self.sender.submit(action)
