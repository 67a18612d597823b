"""Long input is cut so that nothing is cut later: split_text()."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from securechat.irc.pieces import split_text


def test_short_text_stays_whole() -> None:
    """Spaces at its ends included."""
    assert split_text("  two words ", 100) == ["  two words "]


def test_long_text_is_cut_at_spaces() -> None:
    """The space at the cut is dropped, the others stay."""
    assert split_text("one two  three four", 10) == ["one two", "three four"]


def test_a_word_that_fills_the_room_exactly_stays_whole() -> None:
    """The border may lie right behind the last byte that fits."""
    assert split_text("abcde fghij", 5) == ["abcde", "fghij"]


def test_a_long_word_is_cut_between_letters() -> None:
    """Bytes of UTF-8 count, and no letter is torn."""
    assert split_text("я" * 5, 5) == ["яя", "яя", "я"]


def test_marks_stay_with_their_letters() -> None:
    """A combining accent, or a joined emoji, is not the beginning of a message."""
    assert split_text("aae\u0301e\u0301", 4) == ["aa", "e\u0301", "e\u0301"]
    family = "👨\u200d👩"
    assert split_text("ab" + family, 11) == ["ab", family]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(4, 60))
def test_no_piece_is_too_long_and_nothing_is_lost(text: str, room: int) -> None:
    """Except spaces at the cuts."""
    pieces = split_text(text, room)
    assert all(len(piece.encode()) <= room for piece in pieces)
    assert all(pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
