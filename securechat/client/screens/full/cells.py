"""Text in cells of a terminal. Pure.

By wcwidth and not by what the libraries of the screens count, as that is wrong for many emoji.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from wcwidth import iter_graphemes, width

Row = list[tuple[str, str]]
"""Fragments of (style's name, text); texts are escaped already."""


_size = lru_cache(4096)(width)


def cells(text: str) -> int:
    """The cells that text takes."""
    # By grapheme, and not width(text), to which a virama belongs also to the sign behind it.
    return len(text) if text.isascii() else sum(map(_size, iter_graphemes(text)))


def row_cells(row: Iterable[tuple[str, str]]) -> int:
    """The cells that a row takes."""
    return sum(cells(text) for _style, text in row)


def cut(text: str, room: int) -> str:
    """text, or as much of it as there is room for with the sign that it goes on."""
    if cells(text) <= room:
        return text
    if room <= 0:
        return ""
    kept, used = "", 1
    for one in iter_graphemes(text):
        used += cells(one)
        if used > room:
            break
        kept += one
    return kept + "…"


def cut_row(row: Row, room: int) -> Row:
    """A row, or as much of it as there is room for."""
    kept: Row = []
    for style, text in row:
        part = cut(text, room)
        kept.append((style, part))
        room -= cells(part)
        if part != text:
            break
    return kept


def spread(left: Row, right: Row, room: int) -> Row:
    """One part at the left edge and another one at the right edge, which is kept whole."""
    space = room - row_cells(right)
    if space <= 0:
        return cut_row(right, room)
    left = cut_row(left, space)
    return [*left, ("", " " * (space - row_cells(left))), *right]
