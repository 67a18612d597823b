"""Moments as the administrator's commands write them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from securechat.admin.moments import local_time, utc

AT_MS = 1_767_312_059_500


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_people_read_their_own_time(in_berlin: None) -> None:
    """With seconds where they matter."""
    assert local_time(AT_MS) == "2026-01-02 01:00"
    assert local_time(AT_MS, seconds=True) == "2026-01-02 01:00:59"


def test_programs_read_universal_time(in_berlin: None) -> None:
    """Wherever they run."""
    assert utc(AT_MS) == "2026-01-02T00:00:59+00:00"
    assert utc(AT_MS, milliseconds=True) == "2026-01-02T00:00:59.500+00:00"
