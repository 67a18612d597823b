"""Notices beside the screen: the bell, the terminal's own notifications, the window's title.

Pure: a notice is a text for the terminal. What others chose is in it only by escape_name(), and
nothing of what they said. OSC 9 is iTerm's, OSC 99 kitty's
(https://sw.kovidgoyal.net/kitty/desktop-notifications), OSC 777 rxvt-unicode's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from securechat.client.timeline.mentions import Mention
from securechat.common.escape import escape_name
from securechat.common.language import _

BELL: Final = "\a"
_END: Final = "\x1b\\"

# The title that the window had is kept by the terminal meanwhile.
KEEP_TITLE: Final = "\x1b[22;0t"
GIVE_TITLE_BACK: Final = "\x1b[23;0t"


class Notify(StrEnum):
    """What is done when somebody says something to us and nobody looks: "notify" in the settings.

    desktop: by the terminal's own notification, where it is known to have one; and the bell.
    """

    OFF = "off"
    BELL = "bell"
    DESKTOP = "desktop"


class Way(StrEnum):
    """How a terminal is asked to show a notification."""

    NONE = ""
    ITERM = "9"
    KITTY = "99"
    RXVT = "777"


_BY_PROGRAM: Final = {
    "iTerm.app": Way.ITERM,
    "WezTerm": Way.RXVT,
    "ghostty": Way.RXVT,
}
_BY_TERM: Final = (
    ("xterm-kitty", Way.KITTY),
    ("foot", Way.RXVT),
    ("rxvt-unicode", Way.RXVT),
    ("xterm-ghostty", Way.RXVT),
    ("wezterm", Way.RXVT),
)
_BY_VARIABLE: Final = (
    ("KITTY_WINDOW_ID", Way.KITTY),
    ("WEZTERM_PANE", Way.RXVT),
    ("GHOSTTY_RESOURCES_DIR", Way.RXVT),
)
"""Left by the terminal that tmux runs in."""


def way(environ: Mapping[str, str]) -> Way:
    """Which notification the terminal knows. Others would show the sequence, or do something else
    by it, so they get the bell only.
    """
    if found := _BY_PROGRAM.get(environ.get("TERM_PROGRAM", "")):
        return found
    term = environ.get("TERM", "")
    for begin, found in _BY_TERM:
        if term.startswith(begin):
            return found
    if environ.get("LC_TERMINAL") == "iTerm2":
        return Way.ITERM
    return next((found for name, found in _BY_VARIABLE if environ.get(name)), Way.NONE)


def notice(mention: Mention, wish: Notify, environ: Mapping[str, str]) -> str:
    """What to write to the terminal when somebody has said something to us; '' for nothing."""
    if wish is Notify.OFF:
        return ""
    chosen = way(environ) if wish is Notify.DESKTOP else Way.NONE
    # As semicolons part the fields of these sequences.
    text = words(mention).replace(";", ",")
    match chosen:
        case Way.ITERM:  # with a word of ours first, as `9;4;` would be another command
            sequence = f"\x1b]9;securechat: {text}{_END}"
        case Way.KITTY:
            sequence = f"\x1b]99;i=securechat;{text}{_END}"
        case Way.RXVT:
            sequence = f"\x1b]777;notify;securechat;{text}{_END}"
        case _:
            return BELL
    return BELL + (passed_through(sequence) if environ.get("TMUX") else sequence)


def words(mention: Mention) -> str:
    """Who has said something, and where."""
    nick, place = escape_name(mention.message.nick), escape_name(mention.conversation)
    if mention.conversation.startswith("#"):
        return _("{nick} in {channel}").format(nick=nick, channel=place)
    return _("{nick} writes to you").format(nick=nick)


def passed_through(sequence: str) -> str:
    """A sequence for the terminal that tmux runs in."""
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}{_END}"


def title(place: str, mentions: int) -> str:
    """Set the window's title. place: the conversation that is shown."""
    text = f"{escape_name(place)} – securechat" if place else "securechat"
    if mentions:
        text = f"({mentions}) {text}"
    return f"\x1b]2;{text}{_END}"
