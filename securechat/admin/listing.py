"""Prints lists: for people as tables, with columns aligned in any script and times in local time;
for programs as JSON, with times in UTC.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from unicodedata import category, east_asian_width

import click

from securechat.common.escape import escape_exactly
from securechat.common.language import translated
from securechat.server.logs import is_utf8, json_text

_GAP = "  "


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table: header, then rows, as wide as their widest cells.

    What could drive the terminal is made visible.
    """
    # Before the widths are taken: what is escaped is wider.
    clean = [[escape_exactly(cell) for cell in row] for row in rows]
    heads = [translated(head) for head in header]
    widths = [max(map(width, column)) for column in zip(heads, *clean, strict=True)]
    for row in chain([heads], clean):
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


def local_time(at_ms: int, *, seconds: bool = False) -> str:
    """A moment as people here write it. at_ms: milliseconds since 1970 (UTC)."""
    at = datetime.fromtimestamp(at_ms / 1000).astimezone()
    return f"{at:%Y-%m-%d %H:%M:%S}" if seconds else f"{at:%Y-%m-%d %H:%M}"


def utc(at_ms: int, *, milliseconds: bool = False) -> str:
    """The same for programs: ISO 8601."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds" if milliseconds else "seconds")
