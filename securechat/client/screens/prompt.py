"""The terminal: a line to type in below, messages arriving above it.

The main thread runs the prompt on an event loop of its own; the receiving thread hands it events
and never touches the terminal. One task prints: it takes the prompt away each time, and puts it
back with what was typed.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.application.run_in_terminal import in_terminal
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style

from securechat.client.exits import Exit
from securechat.client.screens.complete import ComposerCompleter
from securechat.client.screens.composer import Composer
from securechat.client.screens.printed import MARK_EVERY, Printed
from securechat.client.session.actions import Action, Quit
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.connection import Stopped
from securechat.client.session.events.deliveries import TooLong
from securechat.client.text.lines import StyledLine, wrap
from securechat.client.text.render import Renderer
from securechat.client.wire.receiver import Client
from securechat.common.escape import escape_name

# Seconds to wait for the receiving thread's end after /quit; it may hang in a connect().
LAST_WORDS = 8.0

# Events that wait to be shown. Who brings more waits, so that a flood fills no memory.
MAX_UNSHOWN = 1000

SHOWN_AT_ONCE = 50
"""Batches of events shown before the keyboard has its turn again."""

# Characters of a channel's name in the prompt: the longest must leave room to type in.
PROMPT_NAME = 40

TOO_MUCH = Problem(
    "too many lines are waiting for the connection; this one is back in the prompt", remote=False
)


class Chat:
    """One session on the terminal.

    colour: whether styles are shown. bell: whether it rings for what is said to us. keyboard,
    screen: None for the real terminal.
    """

    def __init__(
        self,
        client: Client,
        composer: Composer,
        renderer: Renderer,
        *,
        colour: bool = True,
        bell: bool = True,
        keyboard: Input | None = None,
        screen: Output | None = None,
    ) -> None:
        self._client = client
        self._composer = composer
        self._renderer = renderer
        self._depth = None if colour else ColorDepth.DEPTH_1_BIT
        self._style = Style([])
        self._bell = bell
        self._printed = Printed()
        self._marking: asyncio.TimerHandle | None = None
        self._arrived: asyncio.Queue[Sequence[ClientEvent]] = asyncio.Queue()
        self._backlog = UnprintedEvents(MAX_UNSHOWN)
        self._stopped = False
        self._kept = ""
        self._prompt: PromptSession[str] = PromptSession(
            history=InMemoryHistory(),  # what was said belongs to the server's log alone
            completer=ComposerCompleter(composer),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            reserve_space_for_menu=0,
            erase_when_done=True,  # the line is shown again when its echo arrives
            color_depth=self._depth,
            input=keyboard,
            output=screen,
        )

    def run(self) -> Exit:
        """Until the session ends; its exit code. Main thread."""
        with pasting(self._prompt.output):
            asyncio.run(self._run())
        stopped = self._client.stopped
        return stopped.code if stopped else Exit.OK

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()

        def sink(events: Sequence[ClientEvent]) -> None:
            self._backlog.enter(len(events))
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._take, list(events))

        self._client.attach(sink)
        printing = asyncio.create_task(
            self._print()
        )  # the only one, so that lines keep their order
        await asyncio.sleep(0)  # what has happened so far comes before the first prompt
        await self._read()
        self._mark(at_once=True)
        self._client.submit(Quit())
        # On another thread, as the receiving thread may wait in enter() until something is shown,
        # and this one shows it.
        await asyncio.to_thread(self._client.join, LAST_WORDS)
        await asyncio.sleep(0)  # let what the thread posted last reach the queue
        await self._arrived.join()
        self._backlog.lift()
        printing.cancel()

    async def _read(self) -> None:
        while not self._stopped:
            kept, self._kept = self._kept, ""
            try:
                typed = await self._prompt.prompt_async(self._message, default=kept)
            except EOFError:
                return
            except KeyboardInterrupt:  # drops the line, and ends the session when there is none
                if not self._prompt.default_buffer.text:
                    return
                continue
            if self._obey(typed):
                return

    def _obey(self, typed: str) -> bool:
        """Do what the line means; whether it ends the session."""
        for item in self._composer.line(typed):
            if isinstance(item, Quit):
                self._mark(at_once=True)  # nothing that comes behind it is sent
                self._client.submit(item)
                return True
            if isinstance(item, ClientEvent):
                if isinstance(item, TooLong):
                    self._kept = typed
                self._take([item])
            elif isinstance(item, Action) and not self._client.submit(item):
                self._kept = typed
                self._take([TOO_MUCH])
                break
        return False

    def _message(self) -> FormattedText:
        target = self._composer.target
        where = (
            escape_name(target[:PROMPT_NAME]) + "…" * (len(target) > PROMPT_NAME) or "no channel"
        )
        away = [("ansired", "(offline) ")] if self._composer.offline else []
        return FormattedText([*away, ("bold", where), ("", "> ")])

    # -- printing

    def _take(self, events: Sequence[ClientEvent]) -> None:
        """Event loop only."""
        told: list[ClientEvent] = []
        for event in events:
            told += [event, *self._composer.notice(event)]
            self._stopped = self._stopped or isinstance(event, Stopped)
        self._arrived.put_nowait(told)
        app = self._prompt.app
        if self._stopped and app.is_running and not app.is_done:
            app.exit(exception=EOFError)  # or the prompt would wait for a key to be told

    async def _print(self) -> None:
        while True:
            batches = [await self._arrived.get()]
            while not self._arrived.empty() and len(batches) < SHOWN_AT_ONCE:
                batches.append(self._arrived.get_nowait())
            async with in_terminal():
                for events in batches:
                    self._show(events)
            for events in batches:
                self._backlog.leave(len(events))
                self._arrived.task_done()

    def _show(self, events: Sequence[ClientEvent]) -> None:
        output = self._prompt.output
        width = output.get_size().columns
        shown = self._composer.ignored.shown(events)
        for event in shown:
            for line in self._renderer.render(event):
                for row in wrap(line, width - 1):
                    self._write(row)
        if self._printed.take(shown) and self._bell:
            output.bell()
        output.flush()
        self._mark()

    def _mark(self, *, at_once: bool = False) -> None:
        """Tell the server how far we have read, from time to time. Event loop only."""
        loop = asyncio.get_running_loop()
        for mark in self._printed.due(loop.time(), at_once=at_once):
            self._client.submit(mark)
        if self._marking is not None:
            self._marking.cancel()
        waits = self._printed.waiting
        self._marking = loop.call_later(MARK_EVERY, self._mark) if waits else None

    def _write(self, row: StyledLine) -> None:
        """Write one row, whatever the terminal makes of its width."""
        output = self._prompt.output
        depth = self._depth or output.get_default_color_depth()
        # Terminals differ in how wide they draw some letters, and what they carry over to the next
        # row would begin at its left edge, like a line of its own.
        output.disable_autowrap()
        for style, text in row:
            output.set_attributes(self._style.get_attrs_for_style_str(style), depth)
            output.write(text)
        output.reset_attributes()
        output.enable_autowrap()
        output.write_raw("\r\n")


@contextlib.contextmanager
def pasting(output: Output) -> Iterator[None]:
    """For the time of a block the terminal says where a paste begins and ends.

    prompt_toolkit would switch that off whenever something is printed. The lines of a paste that
    comes at that moment would be sent one by one, and those that begin with a slash obeyed.
    """
    switch_off = output.disable_bracketed_paste
    output.disable_bracketed_paste = lambda: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        switch_off()
        output.flush()


class UnprintedEvents:
    """How many events wait to be shown; a thread that brings more waits until there is room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting = 0
        self._changed = threading.Condition()

    def enter(self, count: int) -> None:
        """Count events in, once fewer than the limit are waiting. Receiving thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting < self._limit)
            self._waiting += count

    def leave(self, count: int) -> None:
        """Count events out that have been shown."""
        with self._changed:
            # Those of this thread, which shows them without enter(), may be among them.
            self._waiting = max(0, self._waiting - count)
            self._changed.notify_all()

    def lift(self) -> None:
        """Let everybody in who waits, now and later. Input thread."""
        with self._changed:
            self._limit = 1 << 62
            self._changed.notify_all()
