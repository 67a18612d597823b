"""Small things about texts on the wire."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from securechat.core.text import fill, fits, shorten, when
from securechat.irc.message import MAX_BODY_BYTES

texts = st.text(st.characters(codec="utf-8"))


@given(texts, st.integers(0, 40))
def test_shorten_keeps_whole_characters(text: str, limit: int) -> None:
    """The longest beginning that is within the limit."""
    short = shorten(text, limit)
    assert text.startswith(short)
    assert len(short.encode()) <= limit
    if short != text:
        assert len(text[: len(short) + 1].encode()) > limit


def test_fits_counts_bytes() -> None:
    """510 of them, however many letters."""
    assert fits("x" * MAX_BODY_BYTES)
    assert not fits("x" * (MAX_BODY_BYTES + 1))
    assert fits("я" * 255)
    assert not fits("я" * 256)
    assert not fits("\U0001f600" * 128)
    assert fits("\U0001f600" * 127)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters=" "), min_size=1)))
def test_fill_loses_no_word(words: list[str]) -> None:
    """All of them, in order, in texts within the limit; a word that is longer stands alone."""
    found = list(fill(words, 20))
    assert " ".join(found).split(" ") == (words or [""])
    for text in found:
        assert len(text.encode()) <= 20 or " " not in text


def test_fill_wastes_no_line() -> None:
    """A word that fits is put in."""
    assert list(fill(["aaaa", "bbbb", "cc"], 10)) == ["aaaa bbbb", "cc"]
    assert list(fill([])) == []


def test_a_time_as_people_read_it() -> None:
    """In UTC, which it says."""
    assert when(1_700_000_000_000) == "2023-11-14 22:13 UTC"
