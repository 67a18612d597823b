"""Waking a thread out of select(): never for nothing, never missed."""

from __future__ import annotations

import select
import threading
import time
from collections import deque

import pytest

from securechat.common.threads import Waker

PATIENCE = 20.0


def has_byte(waker: Waker) -> bool:
    return bool(select.select([waker.receiver], [], [], 0)[0])


def test_a_sleeper_is_woken() -> None:
    """A byte makes select() return."""
    waker = Waker()
    waker.sleep()
    waker.wake()
    assert has_byte(waker)
    waker.close()


def test_who_is_awake_costs_no_byte() -> None:
    """After it has woken, until it sleeps again."""
    waker = Waker()
    waker.woken()
    waker.wake()
    assert not has_byte(waker)
    waker.sleep()
    waker.woken()
    waker.wake()
    assert not has_byte(waker)
    waker.close()


def test_a_new_one_sleeps() -> None:
    """An order that comes before the first wait ends it."""
    waker = Waker()
    waker.wake()
    waker.wait(None)
    waker.close()


def test_many_calls_are_one_byte() -> None:
    """The second producer sees that the sleeper is about to wake."""
    waker = Waker()
    waker.sleep()
    for _ in range(10):
        waker.wake()
    assert waker.receiver.recv(100) == b"\0"
    waker.close()


def test_drained_is_silent() -> None:
    """After drain(), select() waits again; draining nothing is no error."""
    waker = Waker()
    waker.sleep()
    waker.wake()
    waker.drain()
    waker.drain()
    assert not has_byte(waker)
    waker.close()


def test_waking_a_thread_that_has_ended_is_harmless() -> None:
    """A late order to a thread that is gone must not hurt who gives it."""
    waker = Waker()
    waker.sleep()
    waker.close()
    waker.wake()


def test_after_a_reset_the_next_order_counts() -> None:
    """Those before are forgotten, and cost the next wait nothing."""
    waker = Waker()
    for _ in range(10):
        waker.wake()
    waker.reset()
    assert not has_byte(waker)
    waker.wake()
    assert has_byte(waker)
    waker.close()


def test_an_order_in_the_middle_of_a_reset_hides_no_later_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its byte may go with the others, as the queue is looked at afterwards; the next one's not."""
    waker = Waker()
    really_drain = waker.drain

    def drain() -> None:
        waker.wake()
        really_drain()

    monkeypatch.setattr(waker, "drain", drain)
    waker.wake()
    waker.reset()
    waker.wake()
    assert has_byte(waker)
    waker.close()


def test_a_waker_alone() -> None:
    """Waits without a connection, up to its timeout; closed, it may still be called."""
    waker = Waker()
    waker.wake()
    waker.wait(None)
    waker.wait(0)
    waker.close()
    waker.wake()


def test_an_order_ends_the_wait_that_is_on() -> None:
    """From another thread, and once for each wait."""
    waker = Waker()
    for _ in range(20):
        timer = threading.Timer(0.001, waker.wake)
        timer.start()
        waker.wait(None)
        timer.join()
    waker.close()


@pytest.mark.parametrize("by_itself", [False, True])
def test_no_order_is_left_behind(by_itself: bool) -> None:
    """Whatever the moment of an order, the sleeper sees it: all arrive, with select() in between
    that would wait for ever. Who says when it sleeps looks first whether there is something; who
    waits by itself doesn't.
    """
    waker = Waker()
    orders: deque[int] = deque()
    taken: list[int] = []

    def waits() -> bool:
        if by_itself:
            began = time.monotonic()
            waker.wait(PATIENCE)
            return time.monotonic() - began < PATIENCE
        waker.sleep()
        if not orders and not select.select([waker.receiver], [], [], PATIENCE)[0]:
            return False
        waker.woken()
        waker.drain()
        return True

    def sleeper() -> None:
        while len(taken) < 4000 and waits():
            while orders:
                taken.append(orders.popleft())

    def producer(first: int) -> None:
        for number in range(first, first + 1000):
            orders.append(number)
            waker.wake()

    threads = [threading.Thread(target=producer, args=(n * 1000,)) for n in range(4)]
    threads.append(threading.Thread(target=sleeper))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE * 2)
    assert sorted(taken) == list(range(4000))
    waker.close()
