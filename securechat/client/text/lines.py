"""Styled lines, and how one becomes rows of a terminal. Pure."""

from __future__ import annotations

import unicodedata
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
    rows: list[list[tuple[str, str]]] = []
    row: list[tuple[str, str]] = []
    used = 0
    for style, text in line:
        for char in text:
            size = _columns(char)
            if used + size > width:
                kept, row = _break(row, 0 if not rows else INDENT)
                rows.append(kept)
                row = [("", " ")] * INDENT + row
                used = sum(_columns(one) for _, one in row)
                if char == " " and len(row) == INDENT:
                    continue  # the border of the row stands for it
            row.append((style, char))
            used += size
    return [_joined(one) for one in [*rows, row]]


def _columns(char: str) -> int:
    """The columns that char takes at the most."""
    # For some letters terminals and tables disagree about 0 or 1.
    from prompt_toolkit.utils import get_cwidth  # only here, as a script wraps nothing

    least = 0 if unicodedata.category(char) in ("Mn", "Me", "Cf") else 1
    return max(least, get_cwidth(char))


def _break(row: StyledLine, indent: int) -> tuple[StyledLine, StyledLine]:
    """A full row, parted at its last space; what follows the space begins the next row."""
    for at in range(len(row) - 1, max(indent, INDENT), -1):
        if row[at][1] == " ":
            return row[:at], row[at + 1 :]
    return row, []


def _joined(chars: StyledLine) -> StyledLine:
    """Characters put together to fragments again."""
    line: StyledLine = []
    for style, char in chars:
        if line and line[-1][0] == style:
            line[-1] = (style, line[-1][1] + char)
        else:
            line.append((style, char))
    return line
