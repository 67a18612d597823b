"""Tables on a terminal, and moments as the administrator's commands write them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from securechat.admin.listing import local_time, table, utc, width

AT_MS = 1_767_312_059_500


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


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_people_read_their_own_time(in_berlin: None) -> None:
    """With seconds where they matter."""
    assert local_time(AT_MS) == "2026-01-02 01:00"
    assert local_time(AT_MS, seconds=True) == "2026-01-02 01:00:59"


def test_programs_read_universal_time(in_berlin: None) -> None:
    """Wherever they run."""
    assert utc(AT_MS) == "2026-01-02T00:00:59+00:00"
    assert utc(AT_MS, milliseconds=True) == "2026-01-02T00:00:59.500+00:00"
