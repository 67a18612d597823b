"""Waking a thread out of select(): never for nothing, never missed."""

from __future__ import annotations

import select
import threading
from collections import deque

from securechat.common.waker import Waker

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
    """Before it sleeps, and after it has woken."""
    waker = Waker()
    waker.wake()
    waker.sleep()
    waker.woken()
    waker.wake()
    assert not has_byte(waker)
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


def test_no_order_is_left_behind() -> None:
    """Whatever the moment of an order, the sleeper sees it: all arrive, with select() in between
    that would wait for ever.
    """
    waker = Waker()
    orders: deque[int] = deque()
    taken: list[int] = []

    def sleeper() -> None:
        while len(taken) < 4000:
            waker.sleep()
            if not orders and not select.select([waker.receiver], [], [], PATIENCE)[0]:
                return
            waker.woken()
            waker.drain()
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
