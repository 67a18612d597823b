"""Damage to a database, as a failing disk makes it. Nobody may have the database open meanwhile."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

PAGE = 4096
"""Bytes of a page of a database that this project makes: SQLite's default."""


def page_with(path: Path, text: str) -> int:
    """The number of the first page that a text stands on."""
    at = path.read_bytes().find(text.encode())
    assert at >= 0, f"{text!r} is nowhere in {path}"
    return at // PAGE + 1


def leaves(path: Path, tree: str) -> list[int]:
    """The numbers of the pages that hold the rows of a table or an index, in their order."""
    connection = sqlite3.connect(path)
    try:
        sql = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path"
        return [number for (number,) in connection.execute(sql, (tree,))]
    except sqlite3.OperationalError as error:
        pytest.skip(f"this SQLite can't tell where a table lies: {error}")
    finally:
        connection.close()


def spoil(path: Path, page: int) -> None:
    """Put zeros in a page's place, as a bad sector reads after a repair of the file system."""
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        assert len(file.read(PAGE)) == PAGE
        file.seek((page - 1) * PAGE)
        file.write(bytes(PAGE))
