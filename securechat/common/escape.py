"""Makes remote text harmless for a terminal.

Every piece of text that came over the network passes `escape()` before a chat shows it: messages,
names, channels, topics, numerics, error texts, and the names inside certificates. Logs, errors and
the tables of administrators use `escape_exactly()`: they are evidence, so nothing is taken out.

Any thread may call. References: ECMA-48 (control functions), UAX #9 (bidirectional controls), UTS
#51 (joiners in emoji), https://modern.ircdocs.horse/formatting.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_FORMATTING = re.compile(
    "\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?"
    "|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    "|[\x02\x0f\x11\x16\x1d\x1e\x1f]"
)
"""Colours and styles of IRC clients, with the digits that belong to them."""

_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Categories that move the cursor, reorder or hide text, or break a line."""

# Letters and symbols that show nothing, and code points that programs are told to ignore.
_BLANK = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)))
_IGNORED = ((0x2065, 0x2065), (0xFDD0, 0xFDEF), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF))

# Needed within emoji and within words of Persian and Indic scripts; unsafe anywhere else, where
# nobody sees them.
_JOINERS = frozenset("\u200c\u200d")

_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
_KEYCAPS = frozenset("0123456789#*")
_TAB = "    "

# Tibetan needs five marks on one letter. More of them climb over the lines above and below.
MAX_MARKS = 6

# Characters: a channel's name has at most 64, and the prompt must stay usable.
MAX_NAME = 128

# Characters: a line has 510 bytes, and a hostile one must not fill the screen.
MAX_TEXT = 2048

# A text has few different characters and asks about each of them: two thirds of the time.
_KNOWN = 4096


def escape(text: str) -> str:
    """text with everything unsafe made visible: ^[ for ESC, \\x9b for C1, <U+202E> for others.

    Colour and style codes are taken out, a tab becomes four spaces, and what is left prints on
    one line, from left to right as its letters say. Escaping twice changes nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    safe: list[str] = []
    last = ""
    marks = 0
    text = _FORMATTING.sub("", text)
    for at, char in enumerate(text):
        marks = marks + 1 if _is_mark(char) else 0
        fine = marks <= MAX_MARKS and _is_safe(char, last, text[at + 1 : at + 2])
        shown = char if fine else _visible(char)
        safe.append(shown)
        # What is on the screen and not what came: behind <U+202E> a joiner stands behind a ">",
        # where it is escaped. So escaping twice changes nothing.
        last = shown[-1]
    return "".join(safe)


def escape_text(text: str, limit: int = MAX_TEXT) -> str:
    """A text that somebody wrote: escaped, and cut at limit characters, where no text of a chat can
    be so long.
    """
    return escape(_cut(text, limit))


def escape_name(text: str) -> str:
    """The name of a person, a channel or a server: escaped, cut, and one word.

    With a space in it a name could be read as a sentence of the client's own.
    """
    shown = escape(_cut(text, MAX_NAME))
    return "".join(f"<U+{ord(char):04X}>" if char.isspace() else char for char in shown)


def escape_exactly(text: str) -> str:
    """text on one line, with nothing in it that drives a terminal, and nothing left out.

    Characters that aren't printable are written as \\u001b or \\U000e0001; all others stay.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _numbered(char) for char in text)


def _numbered(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


def is_clean(text: str) -> bool:
    """Whether text is safe as it stands, so that it may also be offered for typing."""
    return escape(text) == text


def _is_safe(char: str, last: str, following: str) -> bool:
    if char in _JOINERS:
        return _is_foreign(last, "LMS") and _is_foreign(following, "LS")
    if char in _SELECTORS:
        return _is_foreign(last, "LMS") or last in _KEYCAPS
    return not _is_hidden(char)


@lru_cache(_KNOWN)
def _is_mark(char: str) -> bool:
    """Whether char takes no room of its own: marks, and the vowels and ends of Hangul in parts."""
    hangul = "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff"
    return hangul or unicodedata.category(char) in ("Mn", "Me")


def _is_foreign(char: str, kinds: str) -> bool:
    """Whether char is a visible non-ASCII one whose category begins with a letter of kinds."""
    visible = bool(char) and not char.isascii() and not _is_hidden(char)
    return visible and unicodedata.category(char)[0] in kinds


@lru_cache(_KNOWN)
def _is_hidden(char: str) -> bool:
    if unicodedata.category(char) in _UNSAFE or char in _BLANK:
        return True
    code = ord(char)
    # The last two code points of each plane are noncharacters: U+FFFE, U+FFFF, U+1FFFE …
    return code & 0xFFFE == 0xFFFE or any(low <= code <= high for low, high in _IGNORED)


def _visible(char: str) -> str:
    code = ord(char)
    if char == "\t":
        return _TAB
    if code < 0x20 or code == 0x7F:
        return "^" + chr(code ^ 0x40)
    if code < 0xA0:  # C1 (ECMA-48): to some terminals U+009B is as good as ESC [
        return f"\\x{code:02x}"
    return f"<U+{code:04X}>"
