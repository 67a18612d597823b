"""Masks: what nick!user@host they match."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from securechat.irc.masks import fold, mask_matches, matcher, normalise_mask
from tests.irc.awkward import texts


def reference_glob(mask: str, text: str) -> bool:
    """The definition of a glob, one character at a time."""
    if not mask:
        return not text
    if mask[0] == "*":
        return any(reference_glob(mask[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and mask[0] in ("?", text[0]) and reference_glob(mask[1:], text[1:])


class TestMask:
    @pytest.mark.parametrize(
        ("mask", "text"),
        [
            ("bob!*@*", "BOB!u@host"),
            ("*!*@192.0.2.*", "bob!u@192.0.2.7"),
            ("b?b!*@*", "bob!u@host"),
            ("БОБ!*@*", "боб!u@host"),
            ("*", ""),
            ("[a-c]+!*@*", "[a-c]+!u@h"),
            ("re\u0301mi*", "RÉMI!u@h"),
        ],
    )
    def test_matches_the_whole_text_without_case(self, mask: str, text: str) -> None:
        """'*' is any run, '?' one character, everything else is itself."""
        assert mask_matches(mask, text)

    @pytest.mark.parametrize(
        ("mask", "text"),
        [
            ("bob", "bob!u@h"),
            ("?", ""),
            ("a*b", "ab\nc"),
            ("[ab]", "a"),
            ("bob!*@h", "bob!u@host"),
            ("", "x"),
        ],
    )
    def test_matches_nothing_else(self, mask: str, text: str) -> None:
        """A part isn't the whole, and brackets are letters of a nick."""
        assert not mask_matches(mask, text)

    @settings(max_examples=300)
    @given(st.text("ab*?", max_size=8), st.text("ab\n", max_size=8))
    def test_agrees_with_the_definition(self, mask: str, text: str) -> None:
        """Any mask matches exactly what the definition says."""
        assert mask_matches(mask, text) == reference_glob(mask, text)
        assert matcher(mask)(text) == reference_glob(mask, text)

    @pytest.mark.parametrize("mask", ["*a" * 8 + "b", "*a?a" * 4 + "b", "a?" * 7 + "*b"])
    def test_cannot_be_made_to_backtrack(self, mask: str) -> None:
        """A mask of many stars ends at once; tried in every way it would outlast the suite."""
        assert not mask_matches(mask, "a" * 450)

    @pytest.mark.parametrize(
        "mask", ["*" * 9 + "?" * 8, "*a" * 9, "*a?a" * 5, "a" * 129, "*a" * 90]
    )
    def test_is_not_even_looked_at(self, mask: str) -> None:
        """One that is too wild or too long matches nothing: anybody sends one with any line."""
        assert not mask_matches(mask, mask.replace("*", "a").replace("?", "a"))

    def test_costs_no_expression(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is compiled, which takes a millisecond and memory: a mask is often seen once."""
        monkeypatch.setattr("re._compiler.compile", None)
        for number in range(100):
            assert mask_matches(f"*{number}?*", f"-{number}--")
            assert normalise_mask(f"{number}**") == f"{number}*!*@*"

    @pytest.mark.parametrize(
        ("text", "mask"),
        [
            ("bob", "bob!*@*"),
            ("*@host", "*!*@host"),
            ("u@host", "*!u@host"),
            ("@host", "*!*@host"),
            ("bob!u", "bob!u@*"),
            ("bob!", "bob!*@*"),
            ("bob!@host", "bob!*@host"),
            ("bob!u@host", "bob!u@host"),
            ("!u@", "*!u@*"),
            ("192.0.2.*", "*!*@192.0.2.*"),
            ("2001:db8::*", "*!*@2001:db8::*"),
            ("***", "*!*@*"),
            ("", "*!*@*"),
            ("b**b!*", "b*b!*@*"),
        ],
    )
    def test_is_completed(self, text: str, mask: str) -> None:
        """What is left out is any."""
        assert normalise_mask(text) == mask

    @given(st.text("ab*?!@.:", max_size=10))
    def test_completed_is_complete(self, text: str) -> None:
        """Completing is final, and gives a nick, a user and a host."""
        mask = normalise_mask(text)
        assert normalise_mask(mask) == mask
        assert re.fullmatch(r".+!.+@.+", mask)


class TestFold:
    @pytest.mark.parametrize(
        ("one", "other"), [("ABC", "abc"), ("STRASSE", "straße"), ("É", "e\u0301"), ("ΣΑΣ", "σας")]
    )
    def test_takes_case_and_composition_away(self, one: str, other: str) -> None:
        """What differs in case only folds alike."""
        assert fold(one) == fold(other)

    @given(texts)
    @example("\u0345\u0301")
    def test_is_final(self, text: str) -> None:
        """A folded text folds to itself."""
        assert fold(fold(text)) == fold(text)
