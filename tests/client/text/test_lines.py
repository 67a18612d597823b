"""A styled line in rows of a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from securechat.client.text.lines import INDENT, plain, wrap


def rows(text: str, width: int) -> list[str]:
    return [plain(row) for row in wrap([("", text)], width)]


def test_a_long_line_is_wrapped_with_an_indent() -> None:
    """At a space where there is one, so that no row begins at the left edge but the first."""
    assert rows("12:00 <bob> one two three four five", 20) == [
        "12:00 <bob> one two",
        "      three four",
        "      five",
    ]


def test_a_fake_line_cannot_begin_at_the_left_edge() -> None:
    """Not by spaces that fill up the row, nor by a word that is as long as it."""
    for filler in (" " * 8, "x" * 8):
        text = f"12:00 <bob> {filler}12:01 <alice> I agree"
        assert all(row.startswith(" " * INDENT) for row in rows(text, 20)[1:])


def test_styles_survive_wrapping() -> None:
    """Each row keeps those of its text."""
    line = [("", "12:00 <"), ("ansired", "bob"), ("", "> hello you there")]
    assert wrap(line, 20) == [
        [("", "12:00 <"), ("ansired", "bob"), ("", "> hello")],
        [("", "      you there")],
    ]


@given(st.text(alphabet="ab é世👍\u0301"), st.integers(18, 40))
def test_no_row_is_wider_than_the_terminal(text: str, width: int) -> None:
    """Wide characters count twice, and nothing but spaces is lost."""
    lines = rows(text, width)
    assert all(sum(map(get_cwidth, row)) <= width for row in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
