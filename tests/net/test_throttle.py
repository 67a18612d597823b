"""The token bucket: a burst at once, then so many lines a second, with the time passed in."""

from __future__ import annotations

import pytest

from securechat.net.throttle import LINE_SECONDS, MOST_WAKES, SPARE_SECONDS, Rate, TokenBucket

RATE = Rate(lines=8.0, burst=40.0)
SLOW = Rate(lines=2.0, burst=10.0)


def emptied(rate: Rate = RATE, at: float = 0.0) -> TokenBucket:
    """A bucket whose burst has been used up at some time."""
    bucket = TokenBucket(rate, at)
    bucket.spend(int(rate.burst))
    return bucket


def test_it_starts_full() -> None:
    """A burst may pass at once, and not a line more."""
    bucket = TokenBucket(RATE, 100.0)
    assert bucket.available(100.0) == 40
    bucket.spend(40)
    assert bucket.available(100.0) == 0
    assert not bucket.in_debt


def test_it_fills_with_time() -> None:
    """Eight lines a second are eight after a second, and part of a line is none."""
    bucket = emptied(at=100.0)
    assert bucket.available(101.0) == 8
    bucket.spend(8)
    assert bucket.available(101.0625) == 0
    assert bucket.available(101.125) == 1


def test_it_never_holds_more_than_a_burst() -> None:
    """A night of silence buys no flood."""
    assert emptied(at=100.0).available(100.0 + 86_400) == 40


def test_only_what_passes_is_paid_for() -> None:
    """To look costs nothing."""
    bucket = TokenBucket(RATE, 0.0)
    assert [bucket.available(0.0) for _ in range(2)] == [40, 40]
    bucket.spend(30)
    assert [bucket.available(0.0) for _ in range(2)] == [10, 10]


def test_a_clock_that_stands_still_gives_nothing() -> None:
    """A second look in the same turn, or one that is a little early, must not harm."""
    bucket = emptied(at=100.0)
    assert bucket.available(99.0) == 0
    assert bucket.available(99.125) == 1


def test_a_debt_is_waited_off_first() -> None:
    """Long lines may cost more than there was; nothing passes until that is paid."""
    bucket = emptied()
    bucket.spend(16)
    assert bucket.in_debt
    assert bucket.available(2.0) == 0
    assert not bucket.in_debt
    assert bucket.available(2.125) == 1


def test_lines_pay_for_the_time_they_take() -> None:
    """Reading them is in their price, however many there are."""
    bucket = TokenBucket(RATE, 0.0)
    for _ in range(20):
        bucket.spend(1, LINE_SECONDS)
    assert bucket.available(0.0) == 20


def test_time_that_no_line_pays_for_is_paid_by_itself() -> None:
    """Bytes in a record each, or messages of TLS's own, are not free."""
    bucket = TokenBucket(RATE, 0.0)
    bucket.spend(0, SPARE_SECONDS)
    assert bucket.available(0.0) == 40
    bucket.spend(0, 10 * LINE_SECONDS)
    spare = int(SPARE_SECONDS / LINE_SECONDS)
    assert bucket.available(0.0) == 40 - spare - 10
    bucket.spend(0, 1.0)
    assert bucket.in_debt


def test_cheap_lines_save_nothing_up() -> None:
    """A night of talk buys no flood of anything else."""
    bucket = TokenBucket(Rate(1000.0, 1000.0), 0.0)
    bucket.spend(500, 0.0)
    bucket.spend(0, SPARE_SECONDS + 10 * LINE_SECONDS)
    assert bucket.available(0.0) < 500


def test_the_wait_grows_with_the_debt() -> None:
    """As many seconds more as the debt takes to be paid."""
    bucket = emptied()
    before = bucket.wait()
    bucket.spend(80)
    assert bucket.wait() == pytest.approx(before + 10.0)


@pytest.mark.parametrize(
    ("rate", "tokens"),
    [
        (RATE, 2.0),  # a quarter of a second
        (Rate(lines=1000.0, burst=40.0), 10.0),  # a quarter of the burst
        (Rate(lines=1.0, burst=40.0), 1.0),  # a line
        (Rate(lines=1000.0, burst=2.0), 1.0),
    ],
)
def test_the_wait_is_for_some_lines_at_once(rate: Rate, tokens: float) -> None:
    """So a flooder wakes the thread a few times a second, and its lines don't come in jerks."""
    assert emptied(rate).wait() == pytest.approx(tokens / rate.lines)


@pytest.mark.parametrize("rate", [RATE, SLOW, Rate(0.001, 10.0), Rate(1e6, 1e6), Rate(3.0, 1.0)])
def test_after_the_wait_something_passes(rate: Rate) -> None:
    """Otherwise the connection would stand still."""
    bucket = emptied(rate)
    bucket.spend(7)
    assert bucket.available(bucket.wait() + 1e-9) > 0


def test_a_steady_flood_wakes_the_thread_seldom() -> None:
    """Whatever it sends, it is looked at no more often than so."""
    bucket, now, wakes = emptied(), 0.0, 0
    while now < 10.0:
        now += bucket.wait() + 1e-9
        bucket.spend(bucket.available(now))
        wakes += 1
    assert wakes <= 10 * MOST_WAKES + 1


def test_what_may_pass_now_has_no_wait() -> None:
    """A bucket with tokens asks for no patience."""
    assert TokenBucket(RATE, 0.0).wait() == 0.0


def test_a_better_rate_is_felt_at_once() -> None:
    """The larger burst is there at once, less what is spent; then it fills at the new rate."""
    bucket = TokenBucket(SLOW, 0.0)
    bucket.spend(10)
    bucket.change(RATE, 1.0)
    assert bucket.available(1.0) == 30 + 2
    bucket.spend(32)
    assert bucket.available(2.0) == 8


def test_a_worse_rate_takes_what_is_over_its_burst() -> None:
    """And no more: what is left of it stays."""
    bucket = TokenBucket(RATE, 0.0)
    bucket.change(SLOW, 0.0)
    assert bucket.available(0.0) == 10
    bucket = TokenBucket(RATE, 0.0)
    bucket.spend(35)
    bucket.change(SLOW, 0.0)
    assert bucket.available(0.0) == 5
