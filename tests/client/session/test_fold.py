"""When two names are the same: fold()."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securechat.client.session.fold import fold, same
from securechat.irc import names
from tests.irc.awkward import texts


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


def folded(text: str) -> str | None:
    """As the server does it that makes an account or a channel of the text."""
    make = names.channel_name if text.startswith("#") else names.account_name
    try:
        return make(text).folded
    except names.InvalidName:
        return None


@given(texts | texts.map("#{}".format), texts | texts.map("#{}".format))
@example("Ελένῃ", "Ελένηι")
@example("#ᾳ", "#αι")
@example("ΑΙ", "ᾼ")
def test_names_are_the_same_where_the_server_takes_them_for_one(one: str, other: str) -> None:
    """And different where it keeps them apart, whatever the script."""
    forms = folded(one), folded(other)
    if None not in forms:
        assert same(one, other) == (forms[0] == forms[1])


@pytest.mark.parametrize(
    ("one", "other"), [("Ελένῃ", "Ελένηι"), ("ᾳβ", "αιβ"), ("straße", "strasse")]
)
def test_names_that_the_server_keeps_apart_are_two(one: str, other: str) -> None:
    """An iota below a letter, and one beside it, are two people."""
    assert folded(one) != folded(other)
    assert not same(one, other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    """A key may be folded again."""
    assert fold(fold(text)) == fold(text)
