"""What can't be seen is in no name; the short way for plain letters agrees with PRECIS."""

from __future__ import annotations

from itertools import chain
from unicodedata import category

import pytest
from hypothesis import example, given

from securechat.irc import names
from securechat.irc.characters import script
from securechat.irc.names import InvalidName, account_name, channel_name, fold_account, fold_channel
from tests.irc.awkward import texts

IGNORABLE = chain(
    [0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0],
    *(
        range(first, last + 1)
        for first, last in (
            *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F)),
            *((0xFE00, 0xFE0F), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A)),
            (0xE0000, 0xE0FFF),
        )
    ),
)
"""Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties."""

EMPTY = [0x2800, 0x303F, 0xFFFC, 0x1D159, 0x16FE4, 0x13441, 0x13442, 0x2D7F, 0x1107F, 0x1BC9D]
"""Other characters whose glyph is empty: blanks, fillers, joiners."""

STACKERS = "\u1039\u17d2\u1a60\u1bab\uaaf6\U00010a3f\U00011133\U0001193e\U00011a47\U00011a99"


def may_be(make: object, text: str) -> bool:
    try:
        make(text)  # type: ignore[operator]
    except InvalidName:
        return False
    return True


@pytest.mark.parametrize("name", ["lobby", "кухня", "ⵜⴰⵎⴰ", "𑀓𑀔"])
def test_nothing_invisible_is_in_a_name(name: str) -> None:
    """Not at its beginning, within it, or at its end."""
    for code in chain(IGNORABLE, EMPTY):
        for text in (chr(code) + name, name[:2] + chr(code) + name[2:], name + chr(code)):
            assert not may_be(account_name, text), hex(code)
            assert not may_be(channel_name, "#" + text), hex(code)
            assert (fold_account(text), fold_channel("#" + text)) == (None, None)


def test_no_mark_is_on_a_letter_of_another_script() -> None:
    """Many fonts draw it as nothing: beside #lobby there is no #lobby with such a one."""
    for code in range(0x110000):
        char = chr(code)
        if category(char)[0] == "M" and script(char) not in {"COMMON", "INHERITED"}:
            for text in (f"#lob{char}by", f"#lobby{char}"):
                assert not may_be(channel_name, text), hex(code)


@pytest.mark.parametrize("char", STACKERS)
def test_a_stacker_alone_is_in_no_name(char: str) -> None:
    """At the end, twice, or before a letter of another script there is nothing to stack."""
    own = {"1039": "က", "17D2": "ក"}.get(f"{ord(char):04X}", "")
    for text in (f"{own}{char}", f"{own}{char}{char}{own}", f"{own}{char}x"):
        assert not may_be(account_name, text)
        assert not may_be(channel_name, "#" + text)


@pytest.mark.parametrize("text", ["ភាសាខ្មែរ", "မန္တလေး", "हिन्दी", "தமிழ்", "ไทย", "tiếng", "العَرَبِيَّة"])
def test_languages_have_their_marks(text: str) -> None:
    """And their stackers."""
    assert may_be(account_name, text)
    assert may_be(channel_name, "#" + text)


def test_channels_have_no_piles_of_marks() -> None:
    """Nor one twice, which can't be seen."""
    assert not may_be(channel_name, "#den\u0301\u0301")
    assert not may_be(channel_name, "#den" + "\u0323\u0307\u0304\u0301\u0300")
    assert may_be(channel_name, "#den\u0301")
    assert may_be(channel_name, "#1\u20e3")


def by_precis(text: str) -> str | None:
    """The long way."""
    try:
        preserved, mapped = names._profiles()
        display = preserved.enforce(text)
        folded = mapped.enforce(display)
    except UnicodeEncodeError:
        return None
    return None if names._account_fault(display) or names._account_fault(folded) else folded


@given(texts)
@example("Ж\u0301")
@example("ΣΑΣ")
@example("אבa")
@example("א\u05b4")
@example("İ")
def test_the_short_way_agrees_with_precis(text: str) -> None:
    """For every text: whether it is a name, and how it folds."""
    if len(text) <= 32:
        assert fold_account(text) == by_precis(text)


@pytest.mark.parametrize("start", range(4))
def test_the_short_way_agrees_for_each_character(start: int) -> None:
    """Alone, and beside another one."""
    for code in range(0x80 + start, 0x20000, 37):
        if not 0xD800 <= code < 0xE000:
            for text in (chr(code), f"a{chr(code)}", chr(code) * 2):
                assert fold_account(text) == by_precis(text), hex(code)


def test_a_long_spelling_is_not_kept() -> None:
    """What is sent before a login takes no memory: only what is as short as a name."""
    before = names._fold_unicode_account.cache_info().currsize
    assert fold_account("é" * 100) is None
    assert fold_account("e\u0301" * 40) is None
    assert names._fold_unicode_account.cache_info().currsize <= before + 1
