"""Log lines that a flood makes: the first ones, then their number."""

from __future__ import annotations

import logging

import pytest

from securechat.net.tally import LINES, SECONDS, Tally

log = logging.getLogger("tests.tally")


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_flood_is_some_lines_and_a_number(caplog: pytest.LogCaptureFixture) -> None:
    """A disk must not be filled by knocking."""
    clock = Clock()
    tally = Tally(log, clock)
    for number in range(1000):
        tally.tell(logging.WARNING, "refused %d", number)
    assert caplog.messages == [f"refused {number}" for number in range(LINES)]
    caplog.clear()
    clock.now += SECONDS
    tally.tell(logging.WARNING, "refused %s", "one more")
    assert caplog.messages == [
        f"{1000 - LINES} more like these were not listed",
        "refused one more",
    ]


def test_a_few_are_all_there(caplog: pytest.LogCaptureFixture) -> None:
    """As many in each while, and nothing is said about others."""
    clock = Clock()
    tally = Tally(log, clock)
    for number in range(5 * LINES):
        tally.tell(logging.WARNING, "refused %d", number)
        clock.now += SECONDS / LINES
    assert caplog.messages == [f"refused {number}" for number in range(5 * LINES)]
