"""How often something has happened lately: counted up, and forgotten one by one."""

from __future__ import annotations

from securechat.core.model.levels import Levels


def test_slow_ones_count_too() -> None:
    """One each half minute comes faster than they are forgotten, which is one a minute."""
    levels = Levels(60.0, 12, 100)
    for number in range(10):
        levels.add("alice", number * 31.0)
    assert levels.level("alice", 279.0) == 6


def test_a_level_has_a_most() -> None:
    """So that it is forgotten in a time that is known."""
    levels = Levels(60.0, 12, 100)
    for _ in range(1000):
        levels.add("alice", 0.0)
    assert levels.level("alice", 0.0) == 12
    assert levels.level("alice", 12 * 60.0) == 0


def test_so_many_at_once_and_then_one_after_the_other() -> None:
    """The wait is for the time when there is room for one more."""
    levels = Levels(10.0, 3, 100)
    for _ in range(3):
        assert levels.wait("alice", 0.0) == 0.0
        levels.add("alice", 0.0)
    assert levels.wait("alice", 0.0) == 10.0
    assert levels.wait("alice", 5.0) == 5.0
    assert levels.wait("alice", 10.0) == 0.0
    assert levels.wait("bob", 0.0) == 0.0


def test_memory_is_bounded() -> None:
    """The oldest go first."""
    levels = Levels(60.0, 12, 100)
    for number in range(1000):
        levels.add(number, 0.0)
    assert len(levels) == 100
    assert (levels.level(0, 0.0), levels.level(999, 0.0)) == (0, 1)
