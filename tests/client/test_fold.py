"""When two names are the same: fold()."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.client.fold import fold, same


@pytest.mark.parametrize(
    ("one", "other"), [("#Lobby", "#lobby"), ("Жанна", "жАННА"), ("ＢＯＢ", "bob")]
)
def test_case_and_width_do_not_count(one: str, other: str) -> None:
    """In any script."""
    assert same(one, other)


def test_different_names_stay_different() -> None:
    """Brackets too, as the server's mapping of ASCII has none of RFC 1459's."""
    assert not same("bob", "rob")
    assert not same("a[", "a{")


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    """A key may be folded again."""
    assert fold(fold(text)) == fold(text)
