"""Lists for people, as tables with aligned columns in any script, and for programs, as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from unicodedata import category, east_asian_width

import click

from securechat.server.logs import escape, is_utf8, json_text

_GAP = "  "


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table: header, then rows, as wide as their widest cells.

    What could drive the terminal is made visible.
    """
    clean = [[escape(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(header, *clean, strict=True)]
    for row in chain([header], clean):
        cells = (cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()


def width(text: str) -> int:
    """Columns that a text takes: East Asian wide characters two (UAX #11), marks none."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def echo_json(value: object, *, indent: int | None = 2) -> None:
    """Print value for programs, so that people can read it too."""
    click.echo(json_text(value, readable=is_utf8(sys.stdout.encoding), indent=indent))
