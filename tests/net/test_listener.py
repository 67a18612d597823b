"""Listening and accepting: where, how many, and what goes wrong there."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from securechat.net import listener as module
from securechat.net.admission import Admission
from securechat.net.connection import Connection, Opening
from securechat.net.listener import Listener, ListenError, bind
from securechat.net.loop import IoThread
from tests.net.io_under_test import PATIENCE

OPENING = cast(Opening, None)
"""How all connections here begin."""


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
        self.sockets = bind("127.0.0.1", 0)
        self.address = self.sockets[0].getsockname()
        self.listener = Listener(
            self.sockets,
            OPENING,
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


def refused(host: str, port: int) -> str:
    with pytest.raises(ListenError) as caught:
        bind(host, port)
    return str(caught.value)


# --- where ---------------------------------------------------------------------------------------


def test_port_0_is_a_free_port() -> None:
    """And the socket says which."""
    [sock] = bind("127.0.0.1", 0)
    with sock:
        assert sock.getsockname()[1] > 0
        assert not sock.getblocking()


def test_a_name_of_several_addresses_has_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """All its addresses listen on the same free port, so that one number can be told."""
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),  # named twice
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    one, two = bind("both.example", 0)
    with one, two:
        assert one.getsockname()[1] == two.getsockname()[1]
        assert two.getsockname()[0] == "127.0.0.2"


def test_a_port_in_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    [sock] = bind("127.0.0.1", 0)
    with sock:
        port = sock.getsockname()[1]
        text = refused("127.0.0.1", port)
    assert f"can't listen on 127.0.0.1 port {port}" in text
    assert "another program listens there; end it, or choose another --port" in text


def test_nothing_stays_open_when_one_address_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a listener is none: the sockets that were made are closed."""
    [taken] = bind("127.0.0.2", 0)
    with taken:
        port = taken.getsockname()[1]
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert "another program listens there" in refused("both.example", port)
        monkeypatch.undo()
        [again] = bind("127.0.0.1", port)
        again.close()


def test_a_foreign_address_is_told() -> None:
    """TEST-NET-1 (RFC 5737) is no address of this machine."""
    assert "this machine doesn't have that address" in refused("192.0.2.1", 0)


def test_what_is_no_address_is_told() -> None:
    """A name that nobody knows, by the rules of RFC 6761."""
    text = refused("nowhere.invalid", 0)
    assert "can't listen on 'nowhere.invalid': expected an address or a name" in text
    assert "0.0.0.0" in text


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.EACCES, "ports below 1024 want privileges"), (errno.EIO, "choose another --host")],
)
def test_other_errors_are_told(monkeypatch: pytest.MonkeyPatch, number: int, hint: str) -> None:
    """Whatever it is, the text says what to do."""

    def bind_one(*_: object) -> socket.socket:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, "_bind_one", bind_one)
    assert hint in refused("127.0.0.1", 80)


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
    monkeypatch.setattr(module, "RECEIVED_BYTES", 20_000)
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
    for number, sock in enumerate(door.sockets):
        replaced = Stubborn(sock.family, sock.type, sock.proto, sock.detach())
        replaced.errors = list(errors)
        replaced.setblocking(False)
        door.sockets[number] = replaced


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
