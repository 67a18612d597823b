"""Without a terminal: lines from a pipe are sent, messages are printed plainly.

Used by `login` when its input or output isn't a terminal, and by `send`. The main thread reads
the lines, the receiving thread prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TextIO

from securechat.client.exits import Exit, UsageError
from securechat.client.screens.composer import Composer
from securechat.client.screens.lines import InputLines
from securechat.client.screens.outcome import Outcome
from securechat.client.session.deliveries import text_lines
from securechat.client.session.events import (
    Action,
    ClientEvent,
    Problem,
    Quit,
    Rejected,
    Say,
    Stopped,
    Unconfirmed,
)
from securechat.client.text.render import Renderer, plain
from securechat.client.wire.receiver import Client

PATIENCE = 60.0
"""Seconds without any echo after which a script that has said everything gives up."""


class Printer:
    """Prints events to a stream, a line each. Threads may call in turn, as Feed sees to."""

    def __init__(self, renderer: Renderer, stream: TextIO) -> None:
        self._renderer = renderer
        self._stream = stream
        self.broken = False

    def __call__(self, events: Sequence[ClientEvent]) -> None:
        """Print what is to be shown of events; nothing any more once nobody reads."""
        rows = [plain(line) for event in events for line in self._renderer.render(event)]
        if not rows or self.broken:
            return
        try:
            print(*rows, sep="\n", file=self._stream, flush=True)
        except (BrokenPipeError, ValueError):  # the reader has gone; the stream is closed
            self.broken = True


def converse(client: Client, composer: Composer, lines: InputLines, printer: Printer) -> Exit:
    """Send lines until they end, print what comes; returns when the session is over."""
    outcome = Outcome()

    def sink(events: Sequence[ClientEvent]) -> None:
        outcome.notice(events)
        for event in events:
            composer.notice(event)
            if isinstance(event, Stopped):
                lines.stop()
        printer(events)
        if printer.broken:
            lines.stop()

    client.attach(sink)
    for line in lines:
        for item in composer.line(line):
            if isinstance(item, Action):
                client.submit(item, wait=True)
                if isinstance(item, Quit):
                    lines.stop()
            elif isinstance(item, ClientEvent):
                client.tell(item)
    client.submit(Quit(patience=PATIENCE), wait=True)
    client.join()
    return outcome.code


def send(client: Client, target: str, texts: Iterable[str], printer: Printer) -> Exit:
    """Send texts to target and wait until they are stored; only what goes wrong is printed.

    Raises UsageError when there is nothing to send.
    """
    outcome = Outcome()

    def sink(events: Sequence[ClientEvent]) -> None:
        outcome.notice(events)
        printer([event for event in events if isinstance(event, Problem | Rejected | Unconfirmed)])
        if isinstance(texts, InputLines) and any(isinstance(event, Stopped) for event in events):
            texts.stop()

    client.attach(sink)
    count = 0
    for text in texts:
        for line in text_lines(text):
            client.submit(Say(target, line), wait=True)
            count += 1
    client.submit(Quit(patience=PATIENCE), wait=True)
    client.join()
    if not count and outcome.code is Exit.OK:
        raise UsageError("there is nothing to send: the text is empty")
    return outcome.code
