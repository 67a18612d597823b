"""How often Python looks for garbage while a screen is open."""

from __future__ import annotations

import gc

from securechat.client.screens.full.garbage import looking_seldom


def test_it_is_as_before_afterwards() -> None:
    """Meanwhile what was there is not looked at."""
    before = gc.get_threshold()
    with looking_seldom():
        assert gc.get_freeze_count() > 1000
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
