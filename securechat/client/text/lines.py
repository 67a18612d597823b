"""Styled lines, and how one becomes rows of a terminal. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

StyledLine = list[tuple[str, str]]
"""Fragments of (style, text), as prompt_toolkit takes them."""

INDENT: Final = 6
"""Columns before the second row of a wrapped line: the width of "HH:MM "."""


def plain(line: StyledLine) -> str:
    """A line without its styles."""
    return "".join(text for _, text in line)


def wrap(line: StyledLine, width: int) -> list[StyledLine]:
    """line in rows of at most width columns, the second and later ones indented."""
    # Not only for looks: a terminal that wraps by itself starts the next row at its left edge,
    # where a long message could put what looks like a line of somebody else.
    width = max(width, INDENT * 3)
    rows: list[StyledLine] = []
    row: StyledLine = []
    used = 0
    for style, text in line:
        for one in _graphemes(text, width - INDENT):
            size = columns(one)
            broken = False
            while used + size > width:  # once more when what is carried over leaves too little room
                kept, row = _break(row, 0 if not rows else INDENT)
                rows.append(kept)
                row = [("", " ")] * INDENT + row
                used = sum(columns(part) for _, part in row)
                broken = True
            if broken and one == " " and len(row) == INDENT:
                continue  # the border of the row stands for it
            row.append((style, one))
            used += size
    return [_joined(one) for one in [*rows, row]]


def _graphemes(text: str, room: int) -> Iterator[str]:
    """What a terminal draws as one, so that no row ends within a flag or a family of emoji; in
    pieces where one is wider than a row.
    """
    if text.isascii():
        yield from text
        return
    from wcwidth import iter_graphemes  # only here, as a script wraps nothing

    for one in iter_graphemes(text):
        if columns(one) <= room:
            yield one
        else:
            yield from one


@lru_cache(4096)
def columns(one: str) -> int:
    """The columns that a grapheme takes at the most: a terminal that doesn't know how its letters
    join draws each by itself, and one that does may draw them wider than the first of them.
    """
    if one.isascii():
        return len(one)
    from wcwidth import width

    return max(width(one), sum(map(_columns, one)))


def _columns(char: str) -> int:
    from wcwidth import wcwidth

    # For some letters terminals and tables disagree about 0 or 1, and about half a flag.
    least = 0 if unicodedata.category(char) in ("Mn", "Me", "Cf") else 1
    if "\N{REGIONAL INDICATOR SYMBOL LETTER A}" <= char <= "\N{REGIONAL INDICATOR SYMBOL LETTER Z}":
        least = 2
    return max(least, wcwidth(char))


def _break(row: StyledLine, indent: int) -> tuple[StyledLine, StyledLine]:
    """A full row, parted at its last space; what follows the space begins the next row."""
    for at in range(len(row) - 1, max(indent, INDENT), -1):
        if row[at][1] == " ":
            return row[:at], row[at + 1 :]
    return row, []


def _joined(parts: StyledLine) -> StyledLine:
    """Graphemes put together to fragments again."""
    line: StyledLine = []
    for style, part in parts:
        if line and line[-1][0] == style:
            line[-1] = (style, line[-1][1] + part)
        else:
            line.append((style, part))
    return line
