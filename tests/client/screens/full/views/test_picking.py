"""How names fit what is typed."""

from __future__ import annotations

import pytest

from securechat.client.screens.full.views.picking import Fit, fit, fits_text


@pytest.mark.parametrize(
    ("typed", "name", "how"),
    [
        ("lobby", "#lobby", Fit.WHOLE),
        ("#LOBBY", "#lobby", Fit.WHOLE),
        ("@bob", "Bob", Fit.WHOLE),
        ("lob", "#lobby", Fit.BEGINNING),
        ("", "#lobby", Fit.BEGINNING),
        ("labrep", "#lab-reports", Fit.WORDS),
        ("lab rep", "#lab-reports", Fit.WORDS),
        ("lr", "#lab-reports", Fit.WORDS),
        ("rep", "#lab-reports", Fit.WORDS),
        ("co", "#lab_ChemistryOrganic", Fit.WORDS),
        ("7b", "#class7b", Fit.WORDS),
        ("ХИМ", "#химия", Fit.BEGINNING),
        ("strasse", "#Straße", Fit.WHOLE),
        ("obb", "#lobby", Fit.WITHIN),
        ("rl", "#lab-reports", None),
        ("lobbyx", "#lobby", None),
        ("☕", "#tea☕", Fit.WITHIN),
    ],
)
def test_how_well_a_name_fits(typed: str, name: str, how: Fit | None) -> None:
    """By the beginnings of its words; neither case nor # and @ count."""
    assert fit(typed, name) is how


def test_a_name_made_to_take_long_takes_no_longer() -> None:
    """All ways to part the letters are tried at once; one after the other, it would never end."""
    assert fit("a" * 60 + "b", "#" + "a-" * 500) is None


def test_words_in_a_text() -> None:
    """Each of them, in any order and case."""
    assert fits_text("KEYS who", "Who has the keys?")
    assert not fits_text("keys nobody", "Who has the keys?")
    assert fits_text("", "")
