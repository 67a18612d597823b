"""Accepting: who, how many, and what goes wrong there."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from securechat.net import binding
from securechat.net import listener as module
from securechat.net.admission import Admission
from securechat.net.binding import bind
from securechat.net.connection import Connection, Opening
from securechat.net.listener import Endpoint, Listener
from securechat.net.loop import IoThread
from tests.net.io_under_test import PATIENCE

OPENING = cast(Opening, None)
"""How all connections here begin."""

HERE = Endpoint(lambda let_in: OPENING)


class Io:
    """Takes what the listener hands over."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.adopted: list[Connection] = []
        self.dropped: list[Connection] = []
        self.came = threading.Semaphore(0)

    def adopt(self, connection: Connection, opening: Opening) -> None:
        assert opening is OPENING
        self.adopted.append(connection)
        self.came.release()

    def make_room(self, connection: Connection) -> None:
        self.dropped.append(connection)

    def comes(self) -> Connection:
        assert self.came.acquire(timeout=PATIENCE)
        return self.adopted[-1]


def places(per_address: int = 100, unauthenticated: int = 100) -> Admission:
    """An admission with some of its limits small."""
    return Admission(
        total=100,
        per_address=per_address,
        unauthenticated=unauthenticated,
        unauthenticated_per_address=100,
    )


class Door:
    """A listener with stand-ins for I/O threads."""

    def __init__(self, threads: int = 1, admission: Admission | None = None) -> None:
        self.io = [Io(number) for number in range(threads)]
        self.failures: list[BaseException] = []
        self.endpoints = dict.fromkeys(bind("127.0.0.1", 0), HERE)
        self.address = next(iter(self.endpoints)).getsockname()
        self.listener = Listener(
            self.endpoints,
            [cast(IoThread, io) for io in self.io],
            admission or places(),
            self.failures.append,
        )
        self._clients: list[socket.socket] = []

    def knock(self) -> socket.socket:
        client = socket.create_connection(self.address, timeout=PATIENCE)
        self._clients.append(client)
        return client

    def close(self) -> None:
        self.listener.stop()
        self.listener.join(PATIENCE)
        for sock in [*self._clients, *(c.sock for io in self.io for c in io.adopted)]:
            sock.close()


@pytest.fixture
def opened() -> Iterator[Callable[..., Door]]:
    """Makes doors that stand open until the test is over."""
    doors: list[Door] = []

    def make(threads: int = 1, admission: Admission | None = None) -> Door:
        doors.append(Door(threads, admission))
        doors[-1].listener.start()
        return doors[-1]

    yield make
    for door in doors:
        door.close()


# --- accepting -----------------------------------------------------------------------------------


def test_connections_go_to_the_io_threads_in_turn(opened: Callable[..., Door]) -> None:
    """Each knows which thread is its own."""
    door = opened(threads=2)
    for number in (0, 1, 0, 1):
        client = door.knock()
        connection = door.io[number].comes()
        assert (connection.address, connection.port) == client.getsockname()
        assert connection.io == number


def test_what_is_handed_over_neither_blocks_nor_waits(opened: Callable[..., Door]) -> None:
    """Non-blocking, and without Nagle's delay."""
    door = opened()
    door.knock()
    sock = door.io[0].comes().sock
    assert not sock.getblocking()
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_who_is_not_admitted_gets_not_a_byte(
    opened: Callable[..., Door], caplog: pytest.LogCaptureFixture
) -> None:
    """A closed connection and a line in the log; those inside stay."""
    door = opened(admission=places(per_address=1))
    door.knock()
    inside = door.io[0].comes()
    outside = door.knock()
    assert outside.recv(100) == b""
    assert caplog.messages == [
        f"refused 127.0.0.1 port {outside.getsockname()[1]}: 1 connections from 127.0.0.1 already"
    ]
    assert door.io[0].adopted == [inside]


def test_who_is_one_too_many_has_another_go(opened: Callable[..., Door]) -> None:
    """The I/O thread that has that one is told, and the new one comes in."""
    door = opened(threads=2, admission=places(unauthenticated=1))
    door.knock()
    first = door.io[0].comes()
    door.knock()
    door.io[1].comes()
    assert (door.io[0].dropped, door.io[1].dropped) == ([first], [])


def test_a_flood_of_them_leaves_time_to_the_others(
    opened: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many at once the thread rests, and takes the next ones then."""
    pauses: list[float] = []
    door = Door()
    monkeypatch.setattr(door.listener._stopping, "wait", pauses.append)
    for _ in range(module.AT_ONCE + 1):
        door.knock()
    door.listener.start()
    for _ in range(module.AT_ONCE + 1):
        assert door.io[0].came.acquire(timeout=PATIENCE)
    assert pauses == [module.PAUSE_SECONDS]
    door.close()


def test_the_kernel_keeps_little_of_what_nobody_reads(
    opened: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is throttled costs no megabytes there."""
    monkeypatch.setattr(binding, "RECEIVED_BYTES", 20_000)
    door = opened()
    door.knock()
    kept = door.io[0].comes().sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert kept in (20_000, 40_000)  # Linux doubles it, for its own use


class Stubborn(socket.socket):
    """Its first accepts fail with the given errors."""

    errors: list[int]

    def accept(self) -> tuple[socket.socket, object]:
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, os.strerror(number))
        return super().accept()


def stubborn(door: Door, *errors: int) -> None:
    """Have a door's socket fail a few times; before its listener starts."""
    for sock in list(door.endpoints):
        endpoint = door.endpoints.pop(sock)
        replaced = Stubborn(sock.family, sock.type, sock.proto, sock.detach())
        replaced.errors = list(errors)
        replaced.setblocking(False)
        door.endpoints[replaced] = endpoint


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EMFILE, ["can't accept: Too many open files; raise the limit of open files"]),
        (errno.ENFILE, ["can't accept: Too many open files in system; raise the limit"]),
        (errno.EPERM, ["can't accept: Operation not permitted"]),  # a firewall's rule
        (errno.EPROTO, ["can't accept: Protocol error"]),  # of that one connection
        (errno.ECONNABORTED, []),
        (errno.EAGAIN, []),
    ],
    ids=lambda value: errno.errorcode.get(value, "") if isinstance(value, int) else "",
)
def test_the_listener_survives(
    number: int,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What keeps one connection from being accepted doesn't end the listener, and is told once,
    in one line.
    """
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    door = Door()
    stubborn(door, *([number] * 3))
    door.listener.start()
    door.knock()
    door.io[0].comes()
    assert len(caplog.messages) == len(told)
    assert all(text in message for text, message in zip(told, caplog.messages, strict=True))
    assert not any(record.exc_info for record in caplog.records)
    door.close()
    assert door.failures == []


# --- ending --------------------------------------------------------------------------------------


def test_stopped_it_accepts_no_more(opened: Callable[..., Door]) -> None:
    """The port is closed, and free for the next."""
    door = opened()
    door.listener.stop()
    door.listener.join(PATIENCE)
    assert not door.listener.alive
    with pytest.raises(ConnectionRefusedError):
        door.knock()
    [sock] = bind(*door.address)
    sock.close()


def test_it_stops_also_while_it_waits_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to wait for a listener that waits."""
    monkeypatch.setattr(module, "RETRY_SECONDS", PATIENCE * 10)
    door = Door()
    stubborn(door, errno.EMFILE)
    door.listener.start()
    door.knock()
    door.close()
    assert not door.listener.alive


def test_a_bug_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts nobody must not look like one that runs."""
    door = Door()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Listener, "_admit", broken)
    door.listener.start()
    door.knock()
    door.listener.join(PATIENCE)
    assert [type(error) for error in door.failures] == [ZeroDivisionError]
    with pytest.raises(ConnectionRefusedError):
        door.knock()
    door.close()
