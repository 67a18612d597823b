"""Tables on a terminal."""

from __future__ import annotations

import pytest

from securechat.admin.table import table, width


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    """With two spaces between them and none at a line's end."""
    rows = [("alice", "", "x"), ("bo", "long", "")]
    assert list(table(("A", "BB", "CCC"), rows)) == [
        "A      BB    CCC",
        "alice        x",
        "bo     long",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    """Nothing to be as wide as."""
    assert list(table(("A", "BB"), [])) == ["A  BB"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("Алиса", 5), ("花子", 4), ("é", 1), ("e\u0301", 1), ("ｆ", 2)],
)
def test_wide_letters_take_two_columns(text: str, columns: int) -> None:
    """And marks none (UAX #11)."""
    assert width(text) == columns


def test_nothing_drives_the_terminal() -> None:
    """Cells are made harmless and then measured."""
    assert list(table(("A", "B"), [("\x1b[2J", "b"), ("x\ny", "b")])) == [
        "A          B",
        "\\u001b[2J  b",
        "x\\u000ay   b",
    ]
