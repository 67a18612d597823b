"""The token bucket: a burst at once, then so many lines a second, with the time passed in."""

from __future__ import annotations

import pytest

from securechat.net.throttle import Rate, TokenBucket

RATE = Rate(lines=8.0, burst=40.0)


def test_it_starts_full() -> None:
    """A burst may pass at once, and not a line more."""
    bucket = TokenBucket(RATE, 100.0)
    assert bucket.take(50, 100.0) == 40
    assert bucket.take(1, 100.0) == 0


def test_it_fills_with_time() -> None:
    """Eight lines a second are eight after a second, and part of a line is none."""
    bucket = TokenBucket(RATE, 100.0)
    bucket.take(40, 100.0)
    assert bucket.take(50, 101.0) == 8
    assert bucket.take(50, 101.0625) == 0
    assert bucket.take(50, 101.125) == 1


def test_it_never_holds_more_than_a_burst() -> None:
    """A night of silence buys no flood."""
    bucket = TokenBucket(RATE, 100.0)
    bucket.take(40, 100.0)
    assert bucket.take(1000, 100.0 + 86_400) == 40


def test_only_what_passes_is_paid_for() -> None:
    """Lines that must wait cost nothing until they pass."""
    bucket = TokenBucket(RATE, 0.0)
    assert bucket.take(30, 0.0) == 30
    assert bucket.take(30, 0.0) == 10
    assert bucket.take(30, 1.0) == 8


def test_a_clock_that_stands_still_gives_nothing() -> None:
    """A second look in the same turn, or one that is a little early, must not harm."""
    bucket = TokenBucket(RATE, 100.0)
    bucket.take(40, 100.0)
    assert bucket.take(1, 99.0) == 0
    assert bucket.take(1, 99.125) == 1


@pytest.mark.parametrize(
    ("wanted", "seconds"),
    [(1, 0.125), (5, 0.625), (10, 1.25), (40, 1.25), (10_000, 1.25)],
)
def test_the_wait_is_for_a_quarter_of_the_burst_at_most(wanted: int, seconds: float) -> None:
    """So a flooder wakes the thread a few times a second, whatever it has sent."""
    bucket = TokenBucket(RATE, 0.0)
    bucket.take(40, 0.0)
    assert bucket.wait(wanted) == pytest.approx(seconds)


@pytest.mark.parametrize("wanted", [1, 7, 100])
def test_after_the_wait_something_passes(wanted: int) -> None:
    """Otherwise the connection would stand still."""
    bucket = TokenBucket(RATE, 0.0)
    bucket.take(40, 0.0)
    assert bucket.take(wanted, bucket.wait(wanted) + 1e-9) > 0


def test_what_may_pass_now_has_no_wait() -> None:
    """A bucket with tokens asks for no patience."""
    assert TokenBucket(RATE, 0.0).wait(5) == 0.0
