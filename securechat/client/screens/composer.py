"""Interprets typed lines: as text and where it goes, or as a command.

A Composer belongs to the input thread; notice() may also be called by the receiving thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from securechat.client.ignoring import Ignored
from securechat.client.screens.noticed import Noticed
from securechat.client.session.actions import (
    Action,
    Quit,
    Say,
    TextKind,
)
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.deliveries import text_block
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.channels import ChannelRenamed, Joined, Left
from securechat.client.session.events.connection import Lost, Ready
from securechat.client.session.events.deliveries import TooLong
from securechat.client.session.identity import same
from securechat.client.session.multiline import Limits
from securechat.common.language import _

if TYPE_CHECKING:  # a script that sends has none, and they take long to load
    from securechat.client.timeline.conversations import Conversations

CHANNEL_SIGN: Final = "#"

NOWHERE: Final = "you are in no channel yet: /join #CHANNEL or /msg NAME"

Composed = list[Action | ClientEvent]
"""What a line leads to: actions for the session, and events to be shown here alone."""

TooMuch = Callable[[str, str], str]
"""Why a text of several lines can't be sent to a target as one message; '' when it can."""

Runner = Callable[["Composer", str, str], Composed]
"""Runs the command with this name and this rest of the line."""

View = Callable[[str], Composed | None]
"""Shows in a front's own way what a command asks for, given the rest of the line; None when the
command is to do it.
"""


class Newest(Protocol):
    """Finds the newest message of a conversation: its msgid, '' for none. nick: whose it is, '' for
    anybody's. mine: only ours, or only the others'; None for both.
    """

    def __call__(self, conversation: str, nick: str = "", *, mine: bool | None = None) -> str: ...


def newest_of(conversations: Conversations | None) -> Newest:
    """The Newest of who keeps conversations, or none."""

    def newest(conversation: str, nick: str = "", *, mine: bool | None = None) -> str:
        timeline = conversations.get(conversation) if conversations is not None else None
        found = timeline.newest_message(nick, mine=mine) if timeline is not None else None
        return found.key if found is not None else ""

    return newest


_COMMAND = re.compile(r"/(?!/)(\S*)\s*(.*)", re.DOTALL)


class Composer:
    """Turns typed lines into actions and events.

    channels: those of the session. run: runs slash commands (commands.run). target: where plain
    text goes, '' for nowhere yet. too_much: the session's. ignored: whom the person ignores.
    newest: where the messages are that a command can be about. selected: the msgid of the one that
    is chosen on the screen, '' for none. views: of the front, by the names of commands.
    limits: what the server takes as one message of several lines, the session's.
    """

    def __init__(
        self,
        channels: JoinedChannels,
        run: Runner,
        too_much: TooMuch = lambda _target, _text: "",
        *,
        ignored: Ignored | None = None,
    ) -> None:
        self.channels = channels
        self.target = ""
        self._removed_from = ""
        self.offline = False
        self.ignored = ignored or Ignored()
        self.newest = newest_of(None)
        self.selected = ""
        self.views: dict[str, View] = {}
        self.noticed = Noticed()
        self._run = run
        self._too_much = too_much
        self.limits: Callable[[], Limits | None] = lambda: None
        self._kept: Conversations | None = None

    def remember(self, conversations: Conversations) -> None:
        """Have notice() keep the conversations that commands are about, for a front that keeps none
        itself; one that does sets newest.
        """
        self._kept, self.newest = conversations, newest_of(conversations)

    @property
    def nick(self) -> str:
        """Our own name, '' before it is known."""
        return self.noticed.nick

    def notice(self, event: ClientEvent) -> list[ClientEvent]:
        """Keep up with what happens. Returns what to show behind it."""
        # It only replaces whole values, so the input thread may be in the middle of a line.
        if isinstance(event, Joined) and event.mine:
            if not self.target or same(event.channel, self.target):
                self.target = event.channel
        elif isinstance(event, Left) and event.mine and event.channel is not None:
            if same(event.channel, self.target):
                # Who was removed may be in the middle of a line, which is not for another channel.
                removed = event.by and not same(event.by, event.nick)
                self._removed_from = event.channel if removed else ""
                self.target = "" if removed else next(iter(self.channels.channels()), "")
        elif isinstance(event, ChannelRenamed) and same(event.old, self.target):
            self.target = event.new
        elif isinstance(event, Lost | Ready):
            self.offline = isinstance(event, Lost)
        if self._kept is not None:
            self._kept.take(event)
        return self.noticed.take(event)

    def _nowhere(self) -> Problem:
        """Why there is nowhere for plain text to go."""
        if not self._removed_from:
            return Problem(NOWHERE, remote=False)
        text = _(
            "you were removed from {channel}, and this went nowhere: /join {channel} goes in again"
        )
        return Problem(text.format(channel=self._removed_from), remote=False)

    def aim(self, target: str) -> None:
        """Plain text goes to target from now on."""
        self.target = target

    def line(self, typed: str) -> Composed:
        """The meaning of one line, or of several that were pasted, which are all text, and one
        message.
        """
        lines = text_block(typed)
        if len(lines) != 1:
            return self.say("\n".join(lines))
        line = lines[0]
        if line.strip() == "exit":
            return [Quit()]
        if found := _COMMAND.match(line):
            return self._run(self, found[1], found[2].strip())
        return self.say(line.removeprefix("/") if line.startswith("//") else line)

    def say(
        self, text: str, target: str = "", kind: TextKind = TextKind.MESSAGE, reply: str = ""
    ) -> Composed:
        """Text for target, or for where we are. reply: the msgid of what it answers."""
        target = target or self.target
        if not text:
            return []
        if not target:
            return [self._nowhere()]
        if problem := target_problem(target):
            return [problem]
        if "\n" in text and (why := self._too_much(target, text)):
            return [TooLong(f"{why}; it is back in the prompt, so that you can cut it", False)]
        return [Say(target, text, kind, reply)]


def target_problem(target: str) -> Problem | None:
    """Why nothing can be sent to target, or None."""
    # A comma parts several targets; a channel's name has no control-G (RFC 1459, section 1.3).
    if any(char.isspace() or char in ",\0\x07" for char in target) or target.startswith(":"):
        text = f"{target!r} can't be a channel or a name: expected one word without commas"
        return Problem(text, remote=False)
    return None
