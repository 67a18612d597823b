"""Cuts a text that is too long for one line into pieces, at word borders. Pure; any thread."""

from __future__ import annotations

import unicodedata

ACTION_HEAD = "\x01ACTION "
ACTION_TAIL = "\x01"
"""Around what somebody does (https://modern.ircdocs.horse/ctcp.html#action)."""

# The joiner within emoji, and the selectors that choose between an emoji and a plain symbol.
_GLUE = frozenset("\u200d\ufe0e\ufe0f")


def split_text(text: str, space: int) -> list[str]:
    """text in pieces of at most space bytes of UTF-8, cut at spaces where there are any.

    The space at a cut is dropped, as the line end stands for it. A word longer than space is cut
    between letters, never within one or before a mark that belongs to the letter before it.
    """
    pieces = []
    while len(text.encode()) > space:
        at = _fitting(text, space)
        border = text.rfind(" ", 1, at + 1)
        if border > 0 and text[:border].strip():
            pieces.append(text[:border].rstrip(" "))
            text = text[border:].lstrip(" ")
        else:
            at = _letter_border(text, at)
            pieces.append(text[:at])
            text = text[at:]
    if text:
        pieces.append(text)
    return pieces


def cut_text(text: str, space: int) -> list[str]:
    """text in pieces of at most space bytes that are the whole text when put together, cut behind
    spaces where there are any. At least one piece.
    """
    pieces = []
    while len(text.encode()) > space:
        at = _fitting(text, space)
        border = text.rfind(" ", 1, at)
        at = border + 1 if border > 0 else _letter_border(text, at)
        pieces.append(text[:at])
        text = text[at:]
    return [*pieces, text]


def _fitting(text: str, space: int) -> int:
    """The number of characters of text that fit into space bytes, at least one."""
    head = text.encode()[:space].decode(errors="ignore")
    return max(1, len(head))  # or split_text() would never end


def _letter_border(text: str, at: int) -> int:
    """The last place at or before `at` that doesn't part a letter from its marks."""
    place = at
    while place > 1 and (_is_mark(text[place]) or text[place - 1] == "\u200d"):
        place -= 1
    return place if place > 1 else at  # nothing but marks: cut them, as they fit into no line


def _is_mark(char: str) -> bool:
    return char in _GLUE or unicodedata.category(char)[0] == "M"
