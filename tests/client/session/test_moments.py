"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.client.session.moments import moment, moment_or_ago

NOW = datetime(2026, 11, 29, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "time"),
    [
        ("2026-11-29T10:00:00Z", "2026-11-29T10:00:00.000Z"),
        ("90s", "2026-11-29T11:58:30.250Z"),
        ("10m", "2026-11-29T11:50:00.250Z"),
        ("2h", "2026-11-29T10:00:00.250Z"),
        ("7d", "2026-11-22T12:00:00.250Z"),
        ("999999d", None),
        ("yesterday", None),
        ("10", None),
        ("", ""),
    ],
)
def test_a_time_or_how_long_ago(typed: str, time: str | None) -> None:
    """What can't be one is None."""
    assert moment_or_ago(typed, NOW) == time


def test_a_date_is_where_we_are() -> None:
    """The begin of its day here, whatever the server's zone is."""
    local = datetime(2026, 1, 31).astimezone(UTC)
    assert moment("2026-01-31") == f"{local:%Y-%m-%dT%H:%M:%S}.000Z"
    assert moment("2h") is None
