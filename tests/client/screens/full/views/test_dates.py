"""Dates as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from securechat.client.screens.full.views.dates import when

# A Sunday; in the zone of the machine, whichever that is.
NOW = datetime(2026, 11, 29, 12, 0).astimezone()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-01-31", "2026-01-31 00:00"),
        ("2026-01-31 10:30", "2026-01-31 10:30"),
        ("2026-01-31T10:30", "2026-01-31 10:30"),
        ("  2026-01-31  ", "2026-01-31 00:00"),
        ("today", "2026-11-29 00:00"),
        ("Yesterday", "2026-11-28 00:00"),
        ("вчера 9:05", "2026-11-28 09:05"),
        ("позавчера", "2026-11-27 00:00"),
        ("monday", "2026-11-23 00:00"),
        ("Saturday", "2026-11-28 00:00"),
        ("sunday", "2026-11-22 00:00"),
        ("mon 10:30", "2026-11-23 10:30"),
        ("Пятница", "2026-11-27 00:00"),
        ("пятницу", "2026-11-27 00:00"),
        ("вс", "2026-11-22 00:00"),
        ("10:30", "2026-11-29 10:30"),
        ("23:15", "2026-11-28 23:15"),
        ("31.1.2026", "2026-01-31 00:00"),
        ("31.01. 8:00", "2026-01-31 08:00"),
        ("31.12.", "2025-12-31 00:00"),
        ("2h", "2026-11-29 10:00"),
    ],
)
def test_what_is_understood(typed: str, meant: str) -> None:
    """In both languages; a time alone is the last one that has come."""
    found = when(typed, NOW)
    assert isinstance(found, datetime)
    assert f"{found:%Y-%m-%d %H:%M}" == meant
    assert found.tzinfo is not None


@pytest.mark.parametrize(
    "typed",
    ["", "soon", "mo", "25:00", "2026-13-40", "31.2.2026", "monday soon", "0.0.", "9" * 5000],
)
def test_what_is_not_understood(typed: str) -> None:
    """Is told, with what would be."""
    assert "2026-01-31" in str(when(typed, NOW))
    assert not isinstance(when(typed, NOW), datetime)


def test_what_is_still_to_come() -> None:
    """Nothing was said then."""
    assert "still to come" in str(when(f"{NOW + timedelta(1):%Y-%m-%d}", NOW))
