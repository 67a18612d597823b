"""The terminal under the screen: Textual's, with what it does otherwise than a chat needs.

- It writes to standard output, and nothing breaks when the terminal is gone meanwhile.
- The terminal's own cursor is shown where one types: input methods and braille follow it.
- The mouse is reported when it is pressed or dragged, not whenever it moves: over SSH that costs.
- What a terminal answers late is not typed into the input.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from threading import Event
from typing import IO, Any, Final, cast

from textual import _ansi_sequences
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys
from textual.widgets import Input, TextArea

from securechat.client.screens.full.notices import GIVE_TITLE_BACK, KEEP_TITLE

CHUNK: Final = 4096
"""Bytes read at once; a paste comes in many of them."""

TICK: Final = 0.1
"""Seconds after which an escape that nothing follows counts as the key."""

# Keys are told apart, but still come as text where they are text: an input method needs that.
# https://sw.kovidgoyal.net/kitty/keyboard-protocol/#progressive-enhancement
_KEYS_APART = "\x1b[>1u"
_ALL_KEYS = re.compile(r"\x1b\[>[0-9]+u")

# Answers to the question of look.background() that come when nobody waits for them any more.
_LATE = re.compile(r"\x1b\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[\?[0-9;]*c")

# As terminals without that protocol send Alt-Enter.
cast(dict[str, Any], _ansi_sequences.ANSI_SEQUENCES_KEYS)["\x1b\r"] = (Keys.ControlJ,)


class TerminalFile:
    """Standard output, for the thread that writes to it. gone: called once when nobody can be
    shown anything any more, on that thread.
    """

    def __init__(self, file: IO[str], gone: Callable[[], None]) -> None:
        self._file = file
        self._gone = gone
        self.broken = False

    def write(self, text: str) -> int:
        """Write; nothing any more once that has failed."""
        return self._do(lambda: self._file.write(text))

    def flush(self) -> None:
        """As of a file."""
        self._do(self._file.flush)

    def fileno(self) -> int:
        """As of a file."""
        return self._file.fileno()

    def _do(self, act: Callable[[], int | None]) -> int:
        if self.broken:
            return 0
        try:
            return act() or 0
        except (OSError, ValueError):
            self.broken = True
            self._gone()
            return 0


class TerminalDriver(LinuxDriver):
    """Main thread, but for run_input_thread()."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._file = cast(Any, TerminalFile(sys.__stdout__ or sys.stdout, self._leave))
        self._ended = Event()

    def write(self, data: str) -> None:
        """Write, with the cursor away meanwhile, so that it doesn't jump about on the screen."""
        if _ALL_KEYS.fullmatch(data):
            data = _KEYS_APART
        elif len(data) > _SHORT:
            shown = "\x1b[?25h" if self._typing else ""
            data = f"\x1b[?25l{data}{shown}"
        super().write(data)

    def start_application_mode(self) -> None:
        """Also have the terminal remember the title of its window."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.write(KEEP_TITLE)

    def stop_application_mode(self) -> None:
        """Also give it back."""
        self.write(GIVE_TITLE_BACK)
        super().stop_application_mode()

    def _get_terminal_size(self) -> tuple[int, int]:
        # Not what COLUMNS and LINES say: somebody's shell has exported them, and then resized.
        try:
            columns, rows = os.get_terminal_size(self.fileno)
        except OSError:
            columns, rows = 0, 0
        return columns or 80, rows or 24

    @property
    def _typing(self) -> bool:
        return isinstance(self._app.focused, Input | TextArea)

    def _enable_mouse_support(self) -> None:
        if self._mouse:
            # Pressed and released, dragged, the wheel; the coordinates beyond 223 in decimals.
            self.write("\x1b[?1000h\x1b[?1002h\x1b[?1006h")

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1006l\x1b[?1002l\x1b[?1000l")

    def _enable_mouse_pixels(self) -> None:
        """Not wanted: a cell is exact enough."""

    def set_mouse(self, *, on: bool) -> None:
        """Have the mouse reported, or leave it to the terminal, which selects text by it."""
        if not on:
            self._disable_mouse_support()
        self._mouse = on
        self._enable_mouse_support()

    def run_input_thread(self) -> None:
        """Read keys until exit_event, or until the terminal is gone."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(TICK):
                    data = self._read()
                    if not data:
                        self._leave()
                        self.exit_event.wait()
                        return
                    for event in parser.feed(_LATE.sub("", decode(data))):
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, CHUNK)
        except OSError:  # nobody holds the other end any more
            return b""

    def _leave(self) -> None:
        if not self._ended.is_set():
            self._ended.set()
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._app.call_later, self._app.exit)


@contextlib.contextmanager
def signals_given_back() -> Iterator[None]:
    """For the time of a block the screen takes signals; then who had them has them again."""
    numbers = (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH, signal.SIGTTIN, signal.SIGTTOU)
    given = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in given.items():
            signal.signal(number, handler)


_SHORT = 24
"""Characters: switches of the terminal are not longer, and what is drawn is."""
