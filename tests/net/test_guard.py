"""Who holds an I/O thread fast, and what becomes of it."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator
from typing import cast

import pytest

from securechat.common import threads
from securechat.net import transport
from securechat.net.connection import Connection
from securechat.net.guard import MOST_SECONDS, Guard, _Watched
from securechat.net.loop import IoThread
from securechat.net.transport import Heard
from tests.net.io_under_test import PATIENCE, IoUnderTest, io_under_test


class Worker:
    """An I/O thread as the guard sees it."""

    def __init__(self) -> None:
        self.task: tuple[Connection] | None = None
        self.cpu = 100.0

    def cpu_seconds(self) -> float:
        return self.cpu

    def begins(self) -> Connection:
        connection = Connection(cast(socket.socket, None), "192.0.2.1", 4711, 0)
        self.task = (connection,)
        return connection


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def watched(worker: Worker) -> _Watched:
    return _Watched(cast(IoThread, worker))


def test_who_takes_too_much_is_found_once(worker: Worker, watched: _Watched) -> None:
    """From when it was first seen at it."""
    connection = worker.begins()
    assert watched.holder() is None
    worker.cpu += 0.9 * MOST_SECONDS
    assert watched.holder() is None
    worker.cpu += 0.2 * MOST_SECONDS
    assert watched.holder() is connection
    worker.cpu += 10.0
    assert watched.holder() is None


def test_who_waits_takes_nothing(worker: Worker, watched: _Watched) -> None:
    """A machine that is busy with something else, or was asleep, is nobody's fault."""
    worker.begins()
    assert [watched.holder() for _ in range(100)] == [None] * 100


def test_work_for_many_is_nobody_s(worker: Worker, watched: _Watched) -> None:
    """Nor is it for the same connection time and again."""
    for _ in range(10):
        worker.begins()
        assert watched.holder() is None
        worker.cpu += 1.0
    connection = worker.begins()
    for _ in range(10):
        worker.task = (connection,)
        assert watched.holder() is None
        worker.cpu += 1.0


def test_an_idle_thread_is_held_by_nobody(worker: Worker, watched: _Watched) -> None:
    """Whatever it does for itself."""
    for _ in range(3):
        assert watched.holder() is None
        worker.cpu += 1.0


@pytest.fixture
def io(server: ssl.SSLContext, trusting: ssl.SSLContext) -> Iterator[IoUnderTest]:
    with io_under_test(server, trusting) as opened:
        yield opened


def test_the_thread_is_freed(
    io: IoUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection that held it ends, and the others go on."""
    caught: list[Connection] = []
    guard = Guard([io.thread], caught.append, io.failures.append)
    culprit, other = io.visit(), io.visit()
    receive = transport.receive

    def endless(connection: Connection, *, freely: bool = True) -> Heard:
        while connection is culprit.connection:  # reads and reads, as OpenSSL would
            with contextlib.suppress(BlockingIOError):
                if not socket.socket.recv(connection.sock, 1):
                    return Heard(b"", ended="closed by the client")
        return receive(connection, freely=freely)

    monkeypatch.setattr(transport, "receive", endless)
    guard.start()
    culprit.says("something")
    io.end(culprit)
    io.settles(other)
    guard.stop()
    guard.join(PATIENCE)
    assert not guard.alive
    assert caught == [culprit.connection]
    port = culprit.connection.port
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == [f"hung up on 127.0.0.1 port {port}, whose TLS kept a thread busy"]


def test_where_the_system_can_t_tell_nobody_is_suspected(
    server: ssl.SSLContext, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS doesn't say how much CPU a single thread has used."""
    monkeypatch.setattr(threads, "CAN_TELL_CPU", False)
    with io_under_test(server, trusting) as io:
        io.settles(io.visit())
        assert io.thread.cpu_seconds() == 0.0


@pytest.mark.skipif(not threads.CAN_TELL_CPU, reason="this system doesn't tell a thread's CPU time")
def test_a_thread_s_time_is_its_own(io: IoUnderTest) -> None:
    """It grows with what it does."""
    visit = io.visit()
    before = io.thread.cpu_seconds()
    assert before > 0.0
    visit.says(*(f"{number}" for number in range(1000)))
    io.lines(visit, 1000)
    assert io.thread.cpu_seconds() > before


def test_a_bug_is_reported(io: IoUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard that sleeps for ever must not look like one that watches."""
    failures: list[BaseException] = []
    guard = Guard([io.thread], lambda connection: None, failures.append)

    def broken(watched: _Watched) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(_Watched, "holder", broken)
    guard.start()
    guard.join(PATIENCE)
    assert [type(error) for error in failures] == [ZeroDivisionError]
