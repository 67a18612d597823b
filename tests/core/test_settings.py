"""What the rules can be told."""

from __future__ import annotations

import dataclasses

import pytest

from securechat.core.settings import Settings
from tests.support.rules import PLAIN_SETTINGS


def test_settings_are_fixed() -> None:
    """They are the configuration's, and a turn can't change them."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLAIN_SETTINGS.lobby = "#x"  # type: ignore[misc]


def test_the_defaults_are_safe() -> None:
    """By invitation, no certificates without a CA, and every limit is a limit."""
    settings = Settings(name="x", version="y", started_ms=0)
    assert (settings.registration, settings.external) == ("invite", False)
    limits = [
        getattr(settings, field.name)
        for field in dataclasses.fields(settings)
        if field.name.startswith("max_") or field.name.endswith("_seconds")
    ]
    assert len(limits) == 8
    assert all(limit > 0 for limit in limits)
    assert settings.dead_seconds > settings.ping_seconds
