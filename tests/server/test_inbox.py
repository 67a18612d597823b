"""What waits for the hub: taken in order, in portions, and never without a bound."""

from __future__ import annotations

import socket
import threading

import pytest

from securechat.net.connection import Connection, Input, Lines
from securechat.server import inbox as module
from securechat.server.inbox import Inbox, Stop

PATIENCE = 20.0


@pytest.fixture
def connection() -> Connection:
    """Somebody who speaks."""
    sock = socket.socket()
    sock.close()
    return Connection(sock, "192.0.2.1", 4711, 0)


def spoken(connection: Connection, lines: int) -> list[Input]:
    return [Lines(connection, [b"x"] * lines)]


def test_what_came_first_is_taken_first(connection: Connection) -> None:
    """Lines and orders in one queue."""
    inbox = Inbox()
    lines = spoken(connection, 1)
    inbox.put_inputs(lines)
    inbox.put(Stop("over"))
    assert inbox.take(0.0) == [lines, Stop("over")]


def test_nothing_is_nothing() -> None:
    """Who only looks doesn't wait, and a negative time is none."""
    assert Inbox().take(0.0) == []
    assert Inbox().take(-1.0) == []


def test_a_portion_has_a_bound(connection: Connection) -> None:
    """MAX_LINES, or one batch more."""
    inbox = Inbox()
    for _ in range(5):
        inbox.put_inputs(spoken(connection, module.MAX_LINES // 2))
    assert len(inbox.take(0.0)) == 2
    assert len(inbox.take(0.0)) == 2
    assert len(inbox.take(0.0)) == 1


def test_who_fills_it_waits_until_there_is_room(connection: Connection) -> None:
    """An I/O thread that waits doesn't read: so the senders are slowed down, not the memory
    filled.
    """
    inbox = Inbox()
    inbox.put_inputs(spoken(connection, module.MAX_QUEUED))
    begun, ended = threading.Event(), threading.Event()

    def fill() -> None:
        begun.set()
        inbox.put_inputs(spoken(connection, 1))
        ended.set()

    thread = threading.Thread(target=fill)
    thread.start()
    assert begun.wait(PATIENCE)
    assert not ended.wait(0.05)
    inbox.put(Stop("an order never waits"))
    inbox.take(0.0)
    thread.join(PATIENCE)
    assert ended.is_set()


def test_nobody_waits_for_a_hub_that_has_ended(connection: Connection) -> None:
    """Or the I/O threads could not end."""
    inbox = Inbox()
    filler = threading.Thread(target=inbox.put_inputs, args=(spoken(connection, 50_000),))
    filler.start()
    inbox.close()
    filler.join(PATIENCE)
    assert not filler.is_alive()
    inbox.put_inputs(spoken(connection, 50_000))


def test_room_that_is_made_counts_for_all(connection: Connection) -> None:
    """Taken is taken: after any traffic there is as much room as at the start."""
    inbox = Inbox()
    for _ in range(3 * module.MAX_QUEUED // module.MAX_LINES):
        inbox.put_inputs(spoken(connection, module.MAX_LINES))
        assert inbox.take(0.0)
    inbox.put_inputs(spoken(connection, module.MAX_QUEUED))
