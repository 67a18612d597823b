"""Which answer belongs to which of our commands: both carry the same label.

Pure state of the receiving thread. https://ircv3.net/specs/extensions/labeled-response
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

from securechat.client.session.actions import Command, MarkRead, ServerCommand, Type
from securechat.client.session.events.answers import CommandDone, CommandRefused
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.common.record import State
from securechat.irc.message import Message

CAPABILITY: Final = "labeled-response"

LABEL: Final = "label"

LOST: Final = "the connection was lost before the server answered; look whether it was done"

SILENT: Final = "the server has not answered; look whether it was done"

PATIENCE = 30.0
"""Seconds without anything of an answer after which it is waited for no more."""

INQUIRIES: Final = ("TOKEN", "TOTP", "PASSWD", "SESSIONS")
"""Commands whose answers somebody waits for by their names. They need no labels."""

# Commands on their way. People wait for one; a script may send many to a server that is silent.
MAX_OPEN: Final = 1000


class _Open(State):
    """A command whose answer isn't whole. since: when something was heard of it, in seconds of a
    monotonic clock. refused: whether it was told to be. quiet: whether
    nothing else was told yet.
    """

    command: Command
    since: float
    refused: bool = False
    quiet: bool = True

    @property
    def told(self) -> bool:
        """Whether somebody is told of the answer: nobody waits for that of what goes by itself."""
        return not isinstance(self.command, Type | MarkRead)


class Labels:
    """Makes labels, and knows which command each was for. on: whether the server knows labels."""

    def __init__(self) -> None:
        self.on = False
        self._number = itertools.count(1)
        self._open: dict[str, _Open] = {}

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way that somebody is told of."""
        return any(one.told for one in self._open.values())

    def new(self) -> str:
        """A label that no other line of this session has had; '' for none."""
        return str(next(self._number)) if self.on else ""

    def of(self, command: Command) -> str:
        """A label for a command; '' for none."""
        inquiry = isinstance(command, ServerCommand) and command.name.upper() in INQUIRIES
        return "" if inquiry else self.new()

    def sent(self, label: str, command: Command, now: float) -> None:
        """A command is on its way, with a label or ''. now: seconds of a monotonic clock."""
        if label:
            self._open[label] = _Open(command, now)
            if len(self._open) > MAX_OPEN:
                del self._open[next(iter(self._open))]

    def answered(
        self, label: str, message: Message, told: Iterable[ClientEvent], now: float, *, whole: bool
    ) -> Iterator[ClientEvent]:
        """What a message tells that is an answer, or part of one. told: the events of it. whole:
        whether the answer is complete with it.
        """
        one = self._open.get(label)
        if one is None:
            yield from told
            return
        one.since = now
        for event in told:
            one.quiet = False
            # A warning goes with what is done all the same.
            if not isinstance(event, Problem) or message.command == "WARN":
                yield event
                continue
            one.refused = True
            if one.told:
                code = (
                    "".join(message.params[1:2]) if message.command == "FAIL" else message.command
                )
                yield CommandRefused(
                    event.text,
                    event.remote,
                    about=event.about,
                    words=event.words,
                    action=one.command,
                    code=code,
                )
        if whole:
            del self._open[label]
            if one.told and not one.refused:
                yield CommandDone(one.command, one.quiet)

    def overdue(self, now: float) -> Iterator[CommandRefused]:
        """What tells of the commands whose answers are waited for no more."""
        late = [label for label, one in self._open.items() if now >= one.since + PATIENCE]
        for label in late:
            one = self._open.pop(label)
            if one.told:
                yield CommandRefused(SILENT, remote=False, action=one.command)

    def deadline(self) -> float | None:
        """When overdue() will have something, or None."""
        return min((one.since + PATIENCE for one in self._open.values()), default=None)

    def lost(self) -> Iterator[CommandRefused]:
        """The connection is gone; what tells of the commands that had no answer."""
        for one in self._open.values():
            if one.told:
                yield CommandRefused(LOST, remote=False, action=one.command)
        self._open.clear()
