"""Mailbox: events on their way to who shows them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

from securechat.client.session.events.base import ClientEvent, Info
from securechat.client.session.events.connection import Overrun
from securechat.client.session.events.deliveries import Stored
from securechat.client.wire.mailbox import Mailbox

PATIENCE = 20.0


def test_what_came_before_its_listener_is_kept() -> None:
    """And everything is passed on in its order."""
    mailbox, heard = Mailbox(), list[ClientEvent]()
    mailbox.put([Info("one")])
    mailbox.put([Info("two")])
    mailbox.attach(heard.extend)
    mailbox.put([Info("three")])
    assert mailbox.join(PATIENCE)
    assert heard == [Info("one"), Info("two"), Info("three")]


def test_who_puts_never_waits_for_who_takes() -> None:
    """The oldest are dropped, and counted; what tells of our own messages is not."""
    mailbox, heard = Mailbox(limit=3), list[ClientEvent]()
    entered, gate = threading.Event(), threading.Event()

    def sink(events: Sequence[ClientEvent]) -> None:
        heard.extend(events)
        entered.set()
        assert gate.wait(PATIENCE)

    mailbox.attach(sink)
    mailbox.put([Info("first")])
    assert entered.wait(PATIENCE)
    mailbox.put([Stored("#lobby", "mine"), *(Info(str(number)) for number in range(10))])
    gate.set()
    assert mailbox.join(PATIENCE)
    kept = [Info("7"), Info("8"), Info("9")]
    assert heard == [Info("first"), Stored("#lobby", "mine"), Overrun(7), *kept]


def test_a_sink_may_do_what_it_likes() -> None:
    """It is called under no lock: it may tell something, or have another one take its place."""
    mailbox = Mailbox()
    later: queue.SimpleQueue[ClientEvent] = queue.SimpleQueue()

    def next_sink(events: Sequence[ClientEvent]) -> None:
        for event in events:
            later.put(event)

    def sink(events: Sequence[ClientEvent]) -> None:
        mailbox.attach(next_sink)
        mailbox.put([Info("from within")])

    mailbox.attach(sink)
    mailbox.put([Info("begin")])
    assert later.get(timeout=PATIENCE) == Info("from within")


def test_a_bug_in_a_sink_is_told() -> None:
    """And nobody waits for ever for what is not taken any more."""
    told: queue.SimpleQueue[Exception] = queue.SimpleQueue()
    mailbox = Mailbox(told.put)

    def sink(events: Sequence[ClientEvent]) -> None:
        raise RuntimeError("a bug")

    mailbox.attach(sink)
    mailbox.put([Info("begin")])
    assert str(told.get(timeout=PATIENCE)) == "a bug"
    assert mailbox.join(PATIENCE)
