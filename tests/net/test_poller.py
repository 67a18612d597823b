"""What a thread waits for, over a pair of sockets, with the time passed in."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from securechat.net.connection import Connection
from securechat.net.poller import READ, SPARE_TIMERS, WRITE, Poller


@pytest.fixture
def waker() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def watcher(waker: tuple[socket.socket, socket.socket]) -> Iterator[Poller]:
    watcher = Poller(waker[0])
    yield watcher
    watcher.close()


@contextlib.contextmanager
def connected() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Connection(ours, "192.0.2.1", 4711, 0), theirs


def seen(watcher: Poller) -> list[tuple[object, int]]:
    return [(key.data, events) for key, events in watcher.wait(0.0)]


def test_a_wake_up_ends_a_wait(watcher: Poller, waker: tuple[socket.socket, socket.socket]) -> None:
    """It comes without a connection."""
    waker[1].send(b"x")
    assert [key.data for key, _ in watcher.wait(None)] == [None]


def test_only_what_is_watched_is_seen(watcher: Poller) -> None:
    """Reading, writing, both, or nothing."""
    with connected() as (connection, peer):
        peer.send(b"x")
        assert seen(watcher) == []
        for interest in (READ, WRITE, READ | WRITE, READ):
            watcher.watch(connection, interest)
            assert seen(watcher) == [(connection, interest)]
            assert connection.interest == interest
        watcher.watch(connection, 0)
        assert seen(watcher) == []


def test_a_deadline_comes_once(watcher: Poller) -> None:
    """The earliest first."""
    with connected() as (one, _), connected() as (two, _):
        watcher.set_deadline(one, 20.0)
        watcher.set_deadline(two, 10.0)
        assert list(watcher.due(9.9)) == []
        assert list(watcher.due(20.0)) == [two, one]
        assert list(watcher.due(99.0)) == []


def test_a_connection_has_one_deadline(watcher: Poller) -> None:
    """A new one takes the place of the old, whether earlier or later; none is no deadline."""
    with connected() as (sooner, _), connected() as (later, _), connected() as (never, _):
        for connection, deadlines in ((sooner, (20.0, 10.0)), (later, (10.0, 20.0))):
            for deadline in deadlines:
                watcher.set_deadline(connection, deadline)
        watcher.set_deadline(never, 10.0)
        watcher.forget_deadline(never)
        assert list(watcher.due(10.0)) == [sooner]
        assert list(watcher.due(20.0)) == [later]


def test_a_deadline_ends_a_wait(watcher: Poller) -> None:
    """Nothing needs to be ready for it."""
    with connected() as (connection, _):
        watcher.set_deadline(connection, time.monotonic())
        assert watcher.wait(None) == []
        assert list(watcher.due(time.monotonic())) == [connection]


def test_a_wait_has_its_own_end(watcher: Poller) -> None:
    """Whichever comes first, that or a deadline."""
    with connected() as (connection, _):
        watcher.set_deadline(connection, time.monotonic() + 1000.0)
        assert watcher.wait(0.001) == []


def test_what_is_forgotten_is_thrown_away(watcher: Poller) -> None:
    """A flood of connections that came and went is not kept until their deadlines would come."""
    with connected() as (stays, _), connected() as (passes, _):
        watcher.set_deadline(stays, 20.0)
        for _ in range(5 * SPARE_TIMERS):
            watcher.set_deadline(passes, 30.0)
            watcher.forget_deadline(passes)
        assert len(watcher._timers) <= SPARE_TIMERS + 2
        watcher.set_deadline(passes, 10.0)
        assert list(watcher.due(99.0)) == [passes, stays]
        assert watcher._timers == []


def test_many_deadlines_that_mean_something_all_come(watcher: Poller) -> None:
    """To tidy up takes only what is forgotten."""
    with connected() as (first, _):
        others = [Connection(first.sock, "192.0.2.1", port, 0) for port in range(2 * SPARE_TIMERS)]
        for port, other in enumerate(others):
            watcher.set_deadline(other, 1000.0 + port)
            watcher.set_deadline(other, 2000.0 - port)
        assert list(watcher.due(5000.0)) == others[::-1]
