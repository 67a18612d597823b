"""From the configuration to what each part is told of it: settings."""

from __future__ import annotations

import pytest

from securechat.server.settings import policy_since, rules_settings
from tests.support.server import config


@pytest.mark.parametrize(
    ("kept", "since"),
    [(None, "365 2000"), ("365 1000", "365 1000"), ("30 1000", "365 2000"), ("", "365 2000")],
)
def test_since_when_the_history_is_kept_so_long(kept: str | None, since: str) -> None:
    """From before the start where that changed nothing; whoever was here before is told once."""
    year = config(history={"keep_days": 365})
    assert policy_since(kept, year, 2000) == since
    assert rules_settings(year, policy=since).policy_since_ms == int(since.split()[1])
