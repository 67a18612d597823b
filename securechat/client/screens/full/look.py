"""How things look: a table of names, for a dark and a light terminal, and one of unknown colours.

Pure, but for background(), which asks the terminal; main thread, before the screen opens.
"""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
import tty
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from rich.style import Style

from securechat.client.session.identity import fold

PATIENCE = 0.2
"""Seconds that a terminal has to tell its background; one over SSH needs the way there and back."""

NAMES: Final = 8
"""Colours of people's names: `name0` and so on."""


class Ground(StrEnum):
    """What the terminal's background is like."""

    DARK = "dark"
    LIGHT = "light"
    UNKNOWN = "unknown"


_SIGNS: Final = {
    "": "",
    "text": "",
    "time": "dim",
    "day": "bold",
    "unread": "bold",
    "note": "italic",
    "alert": "bold",
    "action": "italic",
    "notice": "",
    "bot": "dim",
    "mine": "bold",
    "mention": "bold",
    "reply": "dim",
    "reaction": "",
    "removed": "dim italic",
    "link": "underline",
    "pending": "dim",
    "doubtful": "",
    "refused": "bold",
    "typing": "italic",
    "found": "reverse",
    "selected": "reverse",
    "here": "bold reverse",
    "room": "",
    "news": "bold",
    "count": "bold",
    "heading": "bold",
    "topic": "",
    "away": "dim",
    "role": "bold",
    "offline": "bold",
    "key": "bold",
    "faint": "dim",
}
"""What is seen of each without any colour, too."""

_DARK: Final = {
    "time": "#8a93a0",
    "day": "#9fb0c4",
    "unread": "#ff8f6b",
    "note": "#9aa4b1",
    "alert": "#ff7b72",
    "bot": "#8a93a0",
    "mention": "#ffc66b",
    "reply": "#8a93a0",
    "reaction": "#9fd0ff",
    "removed": "#8a93a0",
    "link": "#79b8ff",
    "pending": "#8a93a0",
    "doubtful": "#e3b341",
    "refused": "#ff7b72",
    "typing": "#9aa4b1",
    "count": "#9fd0ff",
    "heading": "#9fb0c4",
    "topic": "#b4bec9",
    "away": "#8a93a0",
    "role": "#e3b341",
    "offline": "#ff7b72",
    "key": "#9fd0ff",
    "faint": "#8a93a0",
}

_LIGHT: Final = {
    "time": "#5d6670",
    "day": "#3b5573",
    "unread": "#b3401c",
    "note": "#57606a",
    "alert": "#b3261e",
    "bot": "#5d6670",
    "mention": "#8a4b00",
    "reply": "#5d6670",
    "reaction": "#0b5cad",
    "removed": "#5d6670",
    "link": "#0b5cad",
    "pending": "#5d6670",
    "doubtful": "#7d5b00",
    "refused": "#b3261e",
    "typing": "#57606a",
    "count": "#0b5cad",
    "heading": "#3b5573",
    "topic": "#414a53",
    "away": "#5d6670",
    "role": "#7d5b00",
    "offline": "#b3261e",
    "key": "#0b5cad",
    "faint": "#5d6670",
}

# The sixteen, whatever the terminal makes of them: not those that are nearly black or white.
_ANSI: Final = {
    "unread": "red",
    "alert": "red",
    "mention": "yellow",
    "reaction": "cyan",
    "link": "cyan",
    "doubtful": "yellow",
    "refused": "red",
    "count": "cyan",
    "heading": "cyan",
    "role": "yellow",
    "offline": "red",
    "key": "cyan",
}

_PEOPLE: Final = {
    Ground.DARK: (
        *("#7ee787", "#79c0ff", "#d2a8ff", "#ffa657"),
        *("#ff9bce", "#56d4dd", "#e3d26f", "#a5b4fc"),
    ),
    Ground.LIGHT: (
        *("#1a7f37", "#0550ae", "#8250df", "#953800"),
        *("#a0276f", "#0a6b78", "#6b5900", "#4650b8"),
    ),
    Ground.UNKNOWN: (
        *("green", "blue", "magenta", "yellow"),
        *("bright_magenta", "cyan", "bright_green", "bright_blue"),
    ),
}

_COLOURS: Final[Mapping[Ground, Mapping[str, str]]] = {
    Ground.DARK: _DARK,
    Ground.LIGHT: _LIGHT,
    Ground.UNKNOWN: _ANSI,
}


@dataclass(frozen=True)
class Look:
    """Styles by their names. Behind what is written is always the terminal's own background."""

    ground: Ground = Ground.UNKNOWN

    def style(self, name: str) -> Style:
        """The style of a name of the table; several with spaces between them are put together."""
        known = self._styles.get(name)
        if known is None:
            known = Style.combine([self._styles[one] for one in name.split()])
            self._styles[name] = known
        return known

    def colour(self, name: str) -> str:
        """The colour of a style, as Textual's style sheets name it."""
        colour = _COLOURS[self.ground].get(name, "")
        return colour if colour.startswith("#") else f"ansi_{colour or 'default'}"

    @cached_property
    def _styles(self) -> dict[str, Style]:
        colours = _COLOURS[self.ground]
        styles = {
            name: Style.parse(f"{sign} {colours.get(name, '')}".strip() or "none")
            for name, sign in _SIGNS.items()
        }
        for number, colour in enumerate(_PEOPLE[self.ground]):
            styles[f"name{number}"] = Style.parse(colour)
        return styles


def name_style(nick: str) -> str:
    """The style of somebody's name, the same on every day and every machine."""
    # Not by hash(), which Python salts anew in each process.
    return f"name{zlib.crc32(fold(nick).encode(errors='replace')) % NAMES}"


def background() -> tuple[Ground, str]:
    """Ask the terminal on standard input whether it is dark or light (OSC 11). Returns what it is,
    and what somebody has typed meanwhile. Main thread.
    """
    try:
        handle = sys.stdin.fileno()
        before = termios.tcgetattr(handle)
    except (OSError, ValueError, termios.error):
        return Ground.UNKNOWN, ""
    try:
        tty.setcbreak(handle, termios.TCSANOW)  # what is typed already is kept
        # The second question is answered by every terminal: who doesn't know the first one lets us
        # wait no longer than that.
        os.write(sys.stdout.fileno(), b"\x1b]11;?\x1b\\\x1b[c")
        answer = _answer(handle, time.monotonic() + PATIENCE)
        return ground_of(answer), _ANSWERS.sub(b"", answer).decode(errors="replace")
    except (OSError, ValueError):
        return Ground.UNKNOWN, ""
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _answer(handle: int, until: float) -> bytes:
    """What the terminal says, up to the answer to its second question."""
    data = b""
    while len(data) < _MAX_ANSWER and not _DEVICE.search(data):
        ready, _, _ = select.select([handle], [], [], max(0.0, until - time.monotonic()))
        chunk = os.read(handle, _MAX_ANSWER) if ready else b""
        if not chunk:
            break
        data += chunk
    return data


_MAX_ANSWER = 4096
_ANSWERS = re.compile(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[@-~]|\x1b")
_DEVICE = re.compile(rb"\x1b\[\?[0-9;]*c")
_COLOUR = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")


def ground_of(answer: bytes) -> Ground:
    """What a terminal has said of its background."""
    found = _COLOUR.search(answer)
    if found is None:
        return Ground.UNKNOWN
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    # As bright as it looks (ITU-R BT.709).
    bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return Ground.DARK if bright < 0.5 else Ground.LIGHT
