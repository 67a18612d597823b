"""Waiting for what another process or thread does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_SECONDS = 20


def until(condition: Callable[[], bool]) -> None:
    """Returns as soon as it is so."""
    end = time.monotonic() + MOST_SECONDS
    while not condition():
        assert time.monotonic() < end, "it never was so"
        time.sleep(0.01)
