"""Without a terminal: lines from a pipe are sent, messages are printed plainly.

Used by `login` when its input or output isn't a terminal, and by `send`. The main thread reads
the lines, the receiving thread prints.
"""

from __future__ import annotations

import codecs
import os
import selectors
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO

from securechat.client.exits import Exit, UsageError
from securechat.client.screens.composer import Composer
from securechat.client.session.actions import Action, Quit, Say
from securechat.client.session.deliveries import text_block
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.connection import Stopped
from securechat.client.session.events.deliveries import Doubt, Rejected, Stored, Unconfirmed
from securechat.client.text import json_lines
from securechat.client.text.lines import plain, wrap
from securechat.client.text.render import Renderer
from securechat.client.wire.receiver import Client
from securechat.common.threads import Waker

CHUNK = 65536
"""Bytes read at once."""

# Characters of one line: a longer one is handed on in parts, so that memory stays bounded.
MAX_LINE = 1 << 20

# Bytes of an input that is sent as a whole: some hundred messages.
MAX_TOGETHER = 1 << 20

PATIENCE = 60.0
"""Seconds without any echo after which a script that has said everything gives up."""

# Doubts that nothing can resolve any more, as the client has stopped.
_FINAL = (Doubt.UNSENT, Doubt.UNKNOWN)


class InputLines:
    """The lines of a file descriptor, without their ends. Input thread, except stop().

    strict: what isn't text raises UsageError, by its line's number. Without it bytes that aren't
    UTF-8 become U+FFFD.
    """

    def __init__(self, handle: int, *, strict: bool = False) -> None:
        self._handle = handle
        self._strict = strict
        self._waker = Waker()
        self._stopped = False

    def stop(self) -> None:
        """No more lines are wanted, also when one is being waited for. Any thread may call."""
        self._stopped = True
        self._waker.wake()

    def __iter__(self) -> Iterator[str]:
        if not self._strict:
            yield from self._lines("replace")
            return
        for number, line in enumerate(self._lines("surrogateescape"), 1):
            if problem := text_problem(line):
                raise UsageError(
                    f"line {number} of standard input isn't sent, nor is what comes behind it: "
                    f"{problem}"
                )
            yield line

    def _lines(self, errors: str) -> Iterator[str]:
        # Incremental, as a character may come in two reads.
        decoder = codecs.getincrementaldecoder("utf-8")(errors)
        rest = ""
        while data := self._read():
            *lines, rest = (rest + decoder.decode(data)).split("\n")
            if len(rest) > MAX_LINE:
                lines, rest = [*lines, rest], ""
            for line in lines:
                if self._stopped:
                    return
                yield line
        rest += decoder.decode(b"", final=True)
        if rest and not self._stopped:
            yield rest

    def _read(self) -> bytes:
        """Wait for input and return it; nothing at its end, or after stop()."""
        # Not epoll, the default, which refuses plain files.
        with selectors.SelectSelector() as selector:
            selector.register(self._handle, selectors.EVENT_READ)
            selector.register(self._waker.receiver, selectors.EVENT_READ)
            selector.select()
        # Not by sys.stdin: what lies in its buffer select() doesn't know of.
        return b"" if self._stopped else os.read(self._handle, CHUNK)


def whole_input(handle: int) -> str:
    """All of a file descriptor, as one text. Raises UsageError when it is too much, or no text."""
    data = bytearray()
    while chunk := os.read(handle, CHUNK):
        data += chunk
        if len(data) > MAX_TOGETHER:
            raise UsageError(
                f"standard input has more than {MAX_TOGETHER // 1024} KiB; send a file of that "
                "size in another way, or without --together line by line"
            )
    text = data.decode(errors="surrogateescape")
    if problem := text_problem(text):
        raise UsageError(f"standard input isn't sent: {problem}")
    return text


def text_problem(text: str) -> str:
    """Why what a program gives can't be sent as text; '' when it can. Lines and tabs may be in it.
    text: with lone surrogates for bytes that aren't UTF-8.
    """
    # One look at all of it first, as it nearly always is text.
    if text.isprintable():
        return ""
    for character in text:
        if "\ud800" <= character <= "\udfff":
            return "it isn't UTF-8 text; turn it into UTF-8 (iconv), or send a link to the file"
        if unicodedata.category(character) == "Cc" and character not in "\t\n\r":
            return (
                f"it has the control character U+{ord(character):04X}, which is no text; leave out "
                "colours (such as --color=never), or send a link to the file"
            )
    return ""


class Printer:
    """Prints events to a stream, a line each. Threads may call in turn, as Feed sees to. columns:
    of the terminal that the stream is, if it is one: that would have rows begin at its left edge,
    where only our own lines do.
    """

    def __init__(
        self, renderer: Renderer, stream: TextIO, columns: Callable[[], int] | None = None
    ) -> None:
        self._renderer = renderer
        self._columns = columns
        self._stream = stream
        self.broken = False

    def __call__(self, events: Sequence[ClientEvent]) -> None:
        """Print what is to be shown of events; nothing any more once nobody reads."""
        lines = [line for event in events for line in self._renderer.render(event)]
        if self._columns is not None:
            width = self._columns() - 1
            lines = [row for line in lines for row in wrap(line, width)]
        rows = [plain(line) for line in lines]
        if not rows or self.broken:
            return
        try:
            # flush: into a pipe Python writes only when some KiB have gathered.
            print(*rows, sep="\n", file=self._stream, flush=True)
        except (BrokenPipeError, ValueError):  # the reader has gone; the stream is closed
            self.broken = True


class Outcome:
    """Counts what was refused and what was never confirmed."""

    def __init__(self) -> None:
        self._refused = 0
        self._unsure = 0
        self._stopped = Exit.OK

    def notice(self, events: Sequence[ClientEvent]) -> None:
        """Keep count. Receiving thread."""
        for event in events:
            if isinstance(event, Rejected):
                self._refused += 1
            elif isinstance(event, Unconfirmed) and event.doubt in _FINAL:
                self._unsure += 1
            elif isinstance(event, Stopped):
                self._stopped = event.code

    @property
    def code(self) -> Exit:
        """The exit code, once the client has stopped."""
        if self._stopped is not Exit.OK:
            return self._stopped
        if self._refused:
            return Exit.REFUSED
        return Exit.UNREACHABLE if self._unsure else Exit.OK


def converse(client: Client, composer: Composer, lines: InputLines, printer: Printer) -> Exit:
    """Send lines until they end, print what comes; returns when the session is over."""
    outcome = Outcome()

    def sink(events: Sequence[ClientEvent]) -> None:
        outcome.notice(events)
        told: list[ClientEvent] = []
        for event in events:
            told += [event, *composer.notice(event)]
            if isinstance(event, Stopped):
                lines.stop()
        printer(composer.ignored.shown(told))
        if printer.broken:  # nobody reads any more, as with `| head`
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


def send(
    client: Client,
    target: str,
    texts: Iterable[str],
    printer: Printer,
    stored: TextIO | None = None,
) -> Exit:
    """Send texts to target and wait until they are stored; only what goes wrong is printed, and to
    stored, as JSON, what is stored. A text of several lines is one message, if the server takes it.

    Raises UsageError when there is nothing to send, or something that is no text.
    """
    outcome = Outcome()

    def sink(events: Sequence[ClientEvent]) -> None:
        outcome.notice(events)
        printer([event for event in events if isinstance(event, Problem | Rejected | Unconfirmed)])
        if stored:
            lines = [json_lines.of_stored(event) for event in events if isinstance(event, Stored)]
            print(*lines, sep="\n", end="\n" if lines else "", file=stored, flush=True)
        if isinstance(texts, InputLines) and any(isinstance(event, Stopped) for event in events):
            texts.stop()  # the main thread may be waiting for a line

    client.attach(sink)
    count = 0
    try:
        for text in texts:
            if block := text_block(text):
                client.submit(Say(target, "\n".join(block)), wait=True)
                count += 1
    finally:  # what was said before something that can't be said is stored
        client.submit(Quit(patience=PATIENCE), wait=True)
        client.join()
    if not count and outcome.code is Exit.OK:
        raise UsageError("there is nothing to send: the text is empty")
    return outcome.code
