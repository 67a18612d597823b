"""What the server remembers of the last hour, to tell how fast its counts grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from securechat.server.status import MINUTES, Status
from tests.support.server import running


def test_rates_are_of_the_last_minute(tmp_path: Path) -> None:
    """And refusals of the last hour, whatever was before it."""
    with running(tmp_path / "data", "alice") as server:
        watched = server.service.watched
        now = 1000.0
        told = Status(watched, 0, tuple, tuple, lambda: now)
        refused = watched.model.refused
        for minute in range(MINUTES + 30):
            now += 60.0
            watched.counters.volume.lines += 60 * minute
            refused["login", "wrong password"] += 1
            told.look()
            told.look()  # as it is called each second
        found = told.told()
    assert len(told._moments) == MINUTES
    assert found["lines_a_second"] == pytest.approx(MINUTES + 29)
    assert found["hour"]["refusals"]["login"] == MINUTES - 1
    assert found["hour"]["seconds"] == 60.0 * (MINUTES - 1)
