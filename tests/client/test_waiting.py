"""What is waited for is told, when it takes longer: Waiting."""

from __future__ import annotations

import threading

from securechat.client.waiting import Waiting


def test_who_waits_long_is_told_each_step() -> None:
    """The one that goes on, and those that follow; nothing once it is over."""
    told: list[str] = []
    shown = threading.Event()

    def show(text: str) -> None:
        told.append(text)
        shown.set()

    with Waiting(show, moment=0.001) as waiting:
        waiting.step("looking")
        assert shown.wait(20)
        waiting.step("connecting")
    waiting.step("too late")
    assert told[-2:] == ["looking", "connecting"]


def test_a_quick_one_says_nothing() -> None:
    """Nor does one for nobody."""
    told: list[str] = []
    with Waiting(told.append, moment=60) as waiting:
        waiting.step("connecting")
    with Waiting(None, moment=0) as waiting:
        waiting.step("connecting")
    assert told == []
