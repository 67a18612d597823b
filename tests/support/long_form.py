"""Some tests have a long form, for a night: SECURECHAT_TESTS=long pytest tests/security."""

from __future__ import annotations

import os

LONG = os.environ.get("SECURECHAT_TESTS") == "long"


def times(ordinary: int, long: int) -> int:
    """How often to do something."""
    return long if LONG else ordinary
