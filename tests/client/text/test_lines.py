"""A styled line in rows of a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wcwidth import width as drawn

from securechat.client.text.lines import INDENT, columns, plain, wrap


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


FAMILY, FLAG, WAVE, HEART = "👩\u200d👩\u200d👧", "🇩🇪", "👋🏽", "❤\ufe0f"


def test_what_is_drawn_as_one_stays_whole() -> None:
    """A family, a flag, a colour of skin; what is wider than a row is parted all the same."""
    for one in (FAMILY, FLAG, WAVE, HEART):
        parted = rows(one * 20, 19)
        assert len(parted) > 2
        assert all(row.strip().replace(one, "") == "" for row in parted)
    assert len(rows("\u200d".join("👩" * 60), 20)) > 5
    assert all(drawn(row) <= 20 for row in rows("xxx " + "y" * 12 + "a" + "\u093e" * 11, 20))


def test_a_terminal_may_draw_wider() -> None:
    """Each part of a family by itself, or a heart as a picture: no row is too wide for it then."""
    assert [columns(one) for one in (FAMILY, FLAG, WAVE, HEART)] == [6, 4, 4, 2]
    assert [columns(one) for one in ("a", "é", "世", "e\u0301", "\u0301")] == [1, 1, 2, 1, 0]


@given(st.text(alphabet="ab é世👍\u0301\u200d\ufe0f❤🇩🇪🏽\u1100\u1161\u0e33"), st.integers(18, 40))
def test_no_row_is_wider_than_the_terminal(text: str, width: int) -> None:
    """Wide characters count twice, and nothing but spaces is lost."""
    lines = rows(text, width)
    assert all(max(sum(max(0, drawn(char)) for char in row), drawn(row)) <= width for row in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
