"""`securechat tail`: prints what is said, as long as it is left to. Main thread.

The receiving thread prints. So a reader that is slow holds up the connection and nothing else: the
server closes it when too much waits, and what was not read is fetched by the next one.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from securechat.client.commands import assemble
from securechat.client.commands.assemble import Setup
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.exits import Exit, UsageError
from securechat.client.screens.composer import target_problem
from securechat.client.screens.pipe import Printer
from securechat.client.session.actions import Quit
from securechat.client.session.events.base import ClientEvent, Info, Problem
from securechat.client.session.events.connection import Lost, Ready, Stopped
from securechat.client.session.events.messages import Said
from securechat.client.session.following import Follower
from securechat.client.session.handshake import Missed
from securechat.client.session.moments import moment_or_ago
from securechat.client.text import json_lines
from securechat.client.text.lines import plain
from securechat.client.text.render import Renderer
from securechat.client.wire.rounds import Reconnect
from securechat.common.record import State, field
from securechat.common.threads import Waker

FAREWELL = 3.0
"""Seconds for the server to close the connection, after which it is left as it is."""

# Bare, and so no date and no word: our server's, and long ones of others.
_MSGID = re.compile(
    r"[0-9a-f]{6}-[0-9a-f]+|(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[\w-]{16,}", re.ASCII
)

_BESIDE = (Info, Lost, Problem)
"""Events that go to standard error."""

Show = Callable[[Sequence[ClientEvent]], None]


class Output:
    """Where messages go, each at once. renderer: None for JSON, of which each is a line. handle: a
    file descriptor. One thread at a time may call.
    """

    def __init__(self, nick: str, renderer: Renderer | None, handle: int, encoding: str) -> None:
        self._nick = nick
        self._renderer = renderer
        self._handle = handle
        self._encoding = encoding
        self.broken = False
        self.fault: OSError | None = None
        """Why nothing can be written, such as a full disk."""

    def show(self, messages: Iterable[Said]) -> None:
        """Print messages; nothing any more once nobody reads."""
        for said in messages:
            if self.broken:
                return
            text = "".join(f"{line}\n" for line in self._lines(said))
            try:
                self._write(text.encode(self._encoding, "backslashreplace"))
            except OSError as error:
                self.broken = True
                if not isinstance(error, BrokenPipeError):  # that is a reader who has gone
                    self.fault = error

    def _lines(self, said: Said) -> list[str]:
        if self._renderer is None:
            return [json_lines.of_message(said, self._nick)]
        return [plain(line) for line in self._renderer.render(said)]

    def _write(self, data: bytes) -> None:
        # Not by sys.stdout: a thread that waits in it, as the reader is slow, holds its lock, and
        # the program couldn't end.
        while data:
            data = data[os.write(self._handle, data) :]


class Follow(State):
    """Takes the events of a client. beside: shows what is no message. once: end as soon as all that
    was said before is printed. Receiving thread.
    """

    running: LoggedIn
    follower: Follower
    output: Output
    beside: Show
    once: bool = False
    refused: bool = False
    waker: Waker = field(default_factory=Waker)

    def __call__(self, events: Sequence[ClientEvent]) -> None:
        """Print what is new, and ask for what is missing."""
        for event in events:
            step = self.follower.take(event)
            self.output.show(step.said)
            if step.ask:
                self.running.client.submit(step.ask)
            if text := step.problem or step.refused:
                self.beside([Problem(text, remote=False)])
            self.refused = self.refused or bool(step.refused)
            if isinstance(event, _BESIDE) or (isinstance(event, Ready) and event.again):
                self.beside([event])
            done = self.once and self.follower.live
            if done or self.refused or self.output.broken or isinstance(event, Stopped):
                self.waker.wake()


def tail(
    setup: Setup,
    targets: Sequence[str],
    server: str | None,
    since: str | None,
    count: int,
    *,
    as_json: bool,
    follow: bool = True,
) -> Exit:
    """Print what is said until that ends; the exit code. follow: also what is said from now on.
    Raises ClientError.
    """
    for target in targets:
        if problem := target_problem(target):
            raise UsageError(problem.text)
    place = place_of(since, "--since")
    again = Reconnect.ALWAYS if follow else Reconnect.ELSEWHERE
    running = assemble.log_in(setup, server, missed=Missed.LEFT, reconnect=again)
    nick = running.session.nick
    # With one conversation nobody needs its name on each line.
    renderer = Renderer(now, placed=len(targets) != 1)
    output = Output(nick, None if as_json else renderer, sys.stdout.fileno(), output_encoding())
    beside = Printer(assemble.local_renderer(), sys.stderr)
    following = Follow(
        running, Follower(nick, targets, place, count), output, beside, once=not follow
    )
    running.client.attach(following)
    interrupted = not _wait(following.waker, sys.stdout.fileno())
    running.client.submit(Quit())
    with contextlib.suppress(KeyboardInterrupt):
        running.client.join(FAREWELL)
    if output.fault is not None:
        raise output.fault
    if interrupted:
        return Exit.INTERRUPTED
    if following.refused:
        return Exit.REFUSED
    assemble.say_how_it_ended(running)
    stopped = running.client.stopped
    return stopped.code if stopped else Exit.OK


def _wait(waker: Waker, handle: int) -> bool:
    """Until something ends; also when nobody reads what is written to handle, which would else show
    with the next message only. False when it was interrupted from the keyboard.
    """
    poller = select.poll()
    poller.register(waker.receiver, select.POLLIN)
    poller.register(handle, 0)  # errors are always told: the other end of a pipe was closed
    try:
        poller.poll()
    except KeyboardInterrupt:
        return False
    return True


def place_of(text: str | None, option: str) -> str:
    """A place in the history as somebody types it: a time, a msgid, or msgid=…; '' for none. Raises
    UsageError.
    """
    if not text:
        return ""
    if text.startswith("msgid=") and " " not in text and text.isprintable():
        return text
    time = moment_or_ago(text, now())
    if not time and _MSGID.fullmatch(text):
        return f"msgid={text}"
    if not time:
        raise UsageError(
            f"{option}: expected a date or a time such as 2026-01-31 or 2026-01-31T15:30, as long "
            f"ago as 10m, 2h or 7d, or the msgid of a message; got {text!r}"
        )
    return f"timestamp={time}"


def time_of(text: str | None, option: str) -> str:
    """A time as somebody types it, as server-time has it; '' for none. Raises UsageError."""
    time = moment_or_ago(text, now()) if text else ""
    if time is None:
        raise UsageError(
            f"{option}: expected a date or a time such as 2026-01-31 or 2026-01-31T15:30, or as "
            f"long ago as 10m, 2h or 7d; got {text!r}"
        )
    return time


def now() -> datetime:
    """The time, where we are."""
    return datetime.now().astimezone()


def output_encoding() -> str:
    """That of standard output."""
    return sys.stdout.encoding or "utf-8"
