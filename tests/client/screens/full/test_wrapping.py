"""Where texts are broken into rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.client.screens.full.cells import cells
from securechat.client.screens.full.wrapping import wrap
from securechat.common.escape import escape

# What takes two cells, none, or several code points for one sign.
ODD = "漢字 e\u0301 👩‍👩‍👧 🇩🇪🇫🇷 👍🏽 ❤️ 1️⃣ नमस्ते 한글 ไทย"
TEXTS = st.lists(st.sampled_from([*ODD.split(), " ", "  ", "a", "word", "long-word", *ODD])).map(
    "".join
)


def rows(text: str, room: int) -> list[str]:
    return [text[start:end] for start, end in wrap(text, room)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [""]),
        ("one", ["one"]),
        ("one two three", ["one two", "three"]),
        ("one two  ", ["one two ", ""]),
        ("12345678901", ["12345678", "901"]),
        ("a 12345678901", ["a", "12345678", "901"]),
        ("漢字漢字漢字", ["漢字漢字", "漢字"]),
        ("a漢字漢字", ["a漢字漢", "字"]),
        ("x 漢字漢字", ["x", "漢字漢字"]),
        ("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", ["👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", "👩‍👩‍👧"]),
        ("🇩🇪🇫🇷🇩🇪🇫🇷🇩🇪", ["🇩🇪🇫🇷🇩🇪🇫🇷", "🇩🇪"]),
        ("e\u0301" * 9, ["e\u0301" * 8, "e\u0301"]),
    ],
)
def test_where_rows_end(text: str, expected: list[str]) -> None:
    """Before a space where there is one, else at the edge; never within what is one sign."""
    assert rows(text, 8) == expected


@given(TEXTS | st.text().map(escape), st.integers(2, 40))
def test_no_row_is_too_wide_and_nothing_is_lost(text: str, room: int) -> None:
    """Only the space at which a row ends is in none of them."""
    at = 0
    for start, end in wrap(text, room):
        assert cells(text[start:end]) <= room
        assert text[at:start] in ("", " ")
        at = end
    assert at == len(text)
