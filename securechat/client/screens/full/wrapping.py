"""Where a text is broken into rows.

Pure; texts are escaped already. By grapheme, as a terminal draws them: a family of emoji takes two
cells, a combining mark none.
"""

from __future__ import annotations

from collections.abc import Iterator

from wcwidth import iter_graphemes

from securechat.client.screens.full.cells import cells


def wrap(text: str, room: int) -> list[tuple[int, int]]:
    """Where each row of text begins and ends. Rows end before a space, which then is in none of
    them, or wherever room ends. room: cells, 2 at least.
    """
    return _wrap_ascii(text, room) if text.isascii() else _wrap_graphemes(text, room)


def _wrap_ascii(text: str, room: int) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    start = 0
    while len(text) - start > room:
        space = text.rfind(" ", start + 1, start + room + 1)
        end = space if space > 0 else start + room
        rows.append((start, end))
        start = end + (space > 0)
    return [*rows, (start, len(text))]


def _wrap_graphemes(text: str, room: int) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    start = at = used = 0
    space = before = -1  # the last space of the row, and what was used up to it
    for grapheme in _graphemes(text, room):
        size = cells(grapheme)
        if grapheme == " " and used + 1 > room:  # it is the border itself
            rows.append((start, at))
            start, used, space = at + 1, 0, -1
        else:
            if used + size > room and space > start:
                rows.append((start, space))
                start, used, space = space + 1, used - before - 1, -1
            if used + size > room:
                rows.append((start, at))
                start, used, space = at, 0, -1
            if grapheme == " ":
                space, before = at, used
            used += size
        at += len(grapheme)
    return [*rows, (start, len(text))]


def _graphemes(text: str, room: int) -> Iterator[str]:
    """The graphemes of text; in pieces those that are wider than a row, which nobody can read."""
    for grapheme in iter_graphemes(text):
        if cells(grapheme) <= room:
            yield grapheme
            continue
        piece = ""
        for char in grapheme:
            if piece and cells(piece + char) > room:
                yield piece
                piece = ""
            piece += char
        yield piece
