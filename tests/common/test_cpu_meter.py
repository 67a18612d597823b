"""The meter, on clocks that are turned by hand."""

from __future__ import annotations

import time

import pytest

from securechat.common.cpu_meter import LONG_SECONDS, CpuMeter


class Clocks:
    """wall, cpu: seconds. asked: how often the CPU time was."""

    def __init__(self) -> None:
        self.wall, self.cpu, self.asked = 100.0, 5.0, 0

    def pass_by(self, wall: float, cpu: float | None = None) -> None:
        self.wall += wall
        self.cpu += wall if cpu is None else cpu

    def thread_time(self) -> float:
        self.asked += 1
        return self.cpu


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr(time, "monotonic", lambda: clocks.wall)
    monkeypatch.setattr(time, "thread_time", clocks.thread_time)
    return clocks


def begun(clocks: Clocks) -> CpuMeter:
    meter = CpuMeter()
    meter.begin()
    clocks.asked = 0
    return meter


def test_what_is_short_costs_no_system_call(clocks: Clocks) -> None:
    """It is counted by the wall clock."""
    meter, began = begun(clocks), clocks.wall
    clocks.pass_by(LONG_SECONDS / 2)
    assert meter.seconds(began) == pytest.approx(LONG_SECONDS / 2)
    assert clocks.asked == 0


def test_what_is_long_is_counted_by_its_cpu_time(clocks: Clocks) -> None:
    """Not by the time that it was held up."""
    meter, began = begun(clocks), clocks.wall
    clocks.pass_by(1.0, cpu=0.25)
    assert meter.seconds(began) == pytest.approx(0.25)


def test_what_came_before_is_not_counted(clocks: Clocks) -> None:
    """Short things between two looks have taken their time by the wall clock."""
    meter = begun(clocks)
    for _ in range(10):
        began = clocks.wall
        clocks.pass_by(LONG_SECONDS / 2)
        meter.seconds(began)
    began = clocks.wall
    clocks.pass_by(1.0, cpu=0.5)
    assert meter.seconds(began) == pytest.approx(0.5)
    began = clocks.wall
    clocks.pass_by(1.0, cpu=0.75)
    assert meter.seconds(began) == pytest.approx(0.75)


def test_a_pause_is_nobodys(clocks: Clocks) -> None:
    """A turn begins anew: what was waited for hides nothing of what follows."""
    meter = begun(clocks)
    clocks.pass_by(60.0, cpu=0.0)
    meter.begin()
    began = clocks.wall
    clocks.pass_by(1.0)
    assert meter.seconds(began) == pytest.approx(1.0)


def test_nobody_is_paid_for_what_he_does(clocks: Clocks) -> None:
    """When what came before was held up, the next costs nothing, and not less."""
    meter = begun(clocks)
    clocks.pass_by(10.0, cpu=0.0)
    began = clocks.wall
    clocks.pass_by(1.0)
    assert meter.seconds(began) == 0.0
