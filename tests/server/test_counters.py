"""What the hub counts: times in their buckets, and what the buckets tell again."""

from __future__ import annotations

import pytest

from securechat.server.counters import BOUNDS, Histogram, quantile


def test_what_took_just_a_bound_is_within_it() -> None:
    """As Prometheus has it: `le` is less or equal. What is beyond all bounds is counted, too."""
    histogram = Histogram()
    for seconds in (BOUNDS[0], BOUNDS[1], BOUNDS[0] / 2, BOUNDS[-1] * 2):
        histogram.add(seconds)
    histogram.settle()
    assert histogram.buckets == [2, 1, *[0] * (len(BOUNDS) - 2), 1]
    assert histogram.seconds == pytest.approx(BOUNDS[0] * 1.5 + BOUNDS[1] + BOUNDS[-1] * 2)


def test_nothing_is_counted_twice() -> None:
    """However often it is sorted in."""
    histogram = Histogram()
    histogram.add(0.3)
    histogram.settle()
    histogram.settle()
    histogram.add(0.3)
    histogram.settle()
    assert sum(histogram.buckets) == 2
    assert histogram.seconds == pytest.approx(0.6)


def test_a_quantile_lies_within_its_bucket() -> None:
    """Half of a hundred turns took at most so long, and 99 of them so long."""
    histogram = Histogram()
    for number in range(100):
        histogram.add(0.0007 if number < 90 else 0.3)
    histogram.settle()
    half, most = quantile(histogram.buckets, 0.5), quantile(histogram.buckets, 0.99)
    assert half is not None
    assert most is not None
    assert 0.0005 < half <= 0.001
    assert 0.2 < most <= 0.5


def test_without_anything_there_is_no_quantile() -> None:
    """And of what is beyond all bounds no more is known than the last bound."""
    histogram = Histogram()
    assert quantile(histogram.buckets, 0.5) is None
    histogram.add(100.0)
    histogram.settle()
    assert quantile(histogram.buckets, 0.5) == BOUNDS[-1]
