"""Remote text can't drive a terminal: escape(), escape_exactly()."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.common.escape import (
    MAX_MARKS,
    MAX_NAME,
    MAX_TEXT,
    escape,
    escape_exactly,
    escape_name,
    escape_text,
    is_clean,
)

HOSTILE = "\x1b\x9b\x00\x07\x7f\u202e\u2066\u2028\u200b\u200d\ufe0f\x03\x02\t\r\n\U000e0041a1é❤"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("Привет, 世界, سلام", "Привет, 世界, سلام"),
        ("\x1b[2J", "^[[2J"),
        ("\x9b2J\x85", "\\x9b2J\\x85"),
        ("a\rb\nc\0", "a^Mb^Jc^@"),
        ("\x7f", "^?"),
        ("a\tb", "a    b"),
        ("abc\u202edef", "abc<U+202E>def"),
        ("\u2066x\u2069", "<U+2066>x<U+2069>"),
        ("one\u2028two\u2029", "one<U+2028>two<U+2029>"),
        ("a\u200bb\ufeff", "a<U+200B>b<U+FEFF>"),
        ("soft\u00adhyphen", "soft<U+00AD>hyphen"),
        ("\u3164", "<U+3164>"),
        ("\udcff", "<U+DCFF>"),
        ("\U000e0041", "<U+E0041>"),
    ],
)
def test_unsafe_characters_are_made_visible(text: str, shown: str) -> None:
    """Controls, C1, bidi controls, line separators and invisible characters; nothing else."""
    assert escape(text) == shown


def test_colour_codes_are_taken_out() -> None:
    """mIRC's colours and styles go with the digits that belong to them."""
    text = "\x0304,12red\x03 \x02bold\x02 \x1ditalic\x0f \x04ff0000,00ff00hex \x1funder\x16"
    assert escape(text) == "red bold italic hex under"


@pytest.mark.parametrize("text", ["👨‍👩‍👧", "❤️‍🔥", "1️⃣", "می‌خواهم", "क्‍ष"])
def test_joiners_stay_where_writing_needs_them(text: str) -> None:
    """Emoji, Persian and Indic words are shown as they were written."""
    assert escape(text) == text


@pytest.mark.parametrize("text", ["bo\u200db", "a\ufe0f", "\u200dé", "é\u200d", "é\u200c b"])
def test_joiners_are_visible_elsewhere(text: str) -> None:
    """Between Latin letters they would only hide."""
    assert "<U+" in escape(text)


@given(st.text() | st.text(alphabet=HOSTILE))
def test_nothing_unsafe_comes_through(text: str) -> None:
    """Whatever the text, no control, format, surrogate or separator category is left but joiners
    and selectors, and it is one line.
    """
    shown = escape(text)
    categories = {unicodedata.category(char) for char in shown if char not in "\u200c\u200d"}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(shown.splitlines()) <= 1


@given(st.text() | st.text(alphabet=HOSTILE))
def test_escaping_twice_changes_nothing(text: str) -> None:
    """So that a text may pass it more than once."""
    assert escape(escape(text)) == escape(text)


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Nd"])))
def test_letters_and_digits_are_left_alone(text: str) -> None:
    """In every script."""
    assert escape(text) == text


@pytest.mark.parametrize("text", ["Việt", "ทั้งนี้", "བརྒྱུད་", "e\u0301\u0302", "שָׁלוֹם"])
def test_marks_that_writing_needs_stay(text: str) -> None:
    """Also several on one letter."""
    assert escape(text) == text


@pytest.mark.parametrize("mark", ["\u0301", "\u0e47", "\u20dd", "\u1161", "\ufe0f"])
def test_a_pile_of_marks_is_made_visible(mark: str) -> None:
    """It would climb over the lines above, or make the terminal lose count of its columns."""
    shown = escape("世" + mark * 100)
    assert shown.count(mark) == MAX_MARKS
    assert shown.count(f"<U+{ord(mark):04X}>") == 100 - MAX_MARKS


def test_a_name_is_one_word() -> None:
    """Whatever kind of space it holds, and no longer than a screen has room for."""
    assert (
        escape_name("a b\u00a0c\u3000d\te") == "a<U+0020>b<U+00A0>c<U+3000>d" + "<U+0020>" * 4 + "e"
    )
    assert escape_name("x" * MAX_NAME) == "x" * MAX_NAME
    assert escape_name("x" * 5000) == "x" * MAX_NAME + "…"


def test_a_text_has_an_end() -> None:
    """That is seen to be none of its author's."""
    assert escape_text("x" * MAX_TEXT) == "x" * MAX_TEXT
    assert escape_text("x" * 50_000) == "x" * MAX_TEXT + "…"


def test_clean_is_what_needs_no_escaping() -> None:
    """Only such names are offered for completion."""
    assert is_clean("bob")
    assert not is_clean("bo\u202eb")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, Привет, 世界", "plain words, Привет, 世界"),
        ("\x1b[2J\x9b", "\\u001b[2J\\u009b"),
        ("a\tb\r\n\0\x7f", "a\\u0009b\\u000d\\u000a\\u0000\\u007f"),
        ("\x0304red\x02", "\\u000304red\\u0002"),
        ("abc\u202edef\u2028", "abc\\u202edef\\u2028"),
        ("\udcff\U000e0041", "\\udcff\\U000e0041"),
        ("C:\\u001b", "C:\\u001b"),
    ],
)
def test_evidence_is_shown_exactly(text: str, shown: str) -> None:
    """Everything that isn't printable by its number, colour codes too; nothing is left out."""
    assert escape_exactly(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_evidence_is_one_printable_line(text: str) -> None:
    """As long as what it shows, or longer."""
    shown = escape_exactly(text)
    assert shown.isprintable()
    assert len(shown) >= len(text)
    assert escape_exactly(shown) == shown
