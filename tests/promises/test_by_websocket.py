"""What holds for TLS sockets holds for WebSockets: the promises that a way in could break."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

import pytest

from securechat.net.connection import Connection, Phase
from securechat.net.throttle import MOST_FACTOR
from securechat.store.sql.journal import Journal
from tests.support.client import Client
from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest, running

UNSENT_KIB = 64
EACH = 100
LONG = "x" * 380


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One for all tests here, with several I/O threads and small bounds."""
    with running(
        tmp_path_factory.mktemp("promises") / "data",
        *("alice", "bob", "carol", "dave"),
        web={"host": "127.0.0.1", "port": 0},
        limits={"io_threads": 2, "unsent_kib": UNSENT_KIB},
    ) as server:
        yield server


def texts(server: ServerUnderTest) -> list[str]:
    """What is stored, in its order."""
    with closing(sqlite3.connect(server.data.database)) as database:
        rows = database.execute("SELECT text FROM log WHERE kind = 'PRIVMSG' ORDER BY seq")
        return [text for (text,) in rows]


def test_nobody_unauthenticated_hears_anything(server: ServerUnderTest) -> None:
    """Promise 1: an open WebSocket is no login."""
    with (
        server.member("alice", web=True) as alice,
        server.member("bob") as bob,
        server.connect(web=True) as stranger,
    ):
        stranger.sends("CAP LS 302", "NICK eve", "USER eve 0 * :eve")
        stranger.hears()
        for number in range(10):
            alice.sends(f"PRIVMSG #lobby :{number}", f"PRIVMSG bob :{number}", "AWAY :x", "AWAY")
            bob.sends(f"PRIVMSG #lobby :{number}")
        alice.hears()
        bob.hears()
        assert stranger.hears() == []


def test_nothing_is_heard_before_it_is_stored(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 4: neither the echo, by which the page shows that a message is on disk, nor what
    others get.
    """
    with (
        server.member("alice", web=True, caps="echo-message") as alice,
        server.member("bob", web=True) as bob,
    ):
        alice.hears()
        bob.hears()
        before = texts(server)
        begun, go = threading.Event(), threading.Event()
        commit = Journal.commit

        def held(journal: Journal, events: Iterable[Sequence[object]]) -> None:
            begun.set()
            assert go.wait(PATIENCE)
            commit(journal, events)

        monkeypatch.setattr(Journal, "commit", held)
        alice.sends("PRIVMSG #lobby :hi")
        assert begun.wait(PATIENCE)
        assert not alice.has_heard()
        assert not bob.has_heard()
        assert texts(server) == before
        go.set()
        assert alice.hears_line().endswith("#lobby :hi")
        assert bob.hears_line().endswith("#lobby :hi")
        assert texts(server) == [*before, "hi"]


def test_there_is_one_order_for_both_ways_in(server: ServerUnderTest) -> None:
    """Promise 5: all who speak at once hear one sequence, which is the log's."""
    ways = {"alice": True, "bob": False, "carol": True, "dave": False}
    people = [server.member(name, web=web, caps="echo-message") for name, web in ways.items()]
    for person in people:
        person.hears()

    def speak(person: Client, burst: int) -> None:
        for number in range(0, EACH, burst):
            words = range(number, number + burst)
            person.sends(*(f"PRIVMSG #lobby :{person.nick} {word}" for word in words))

    bursts = zip(people, (1, 2, 10, 50), strict=True)
    talks = [threading.Thread(target=speak, args=each) for each in bursts]
    for talk in talks:
        talk.start()
    for talk in talks:
        talk.join()
    heard = []
    for person in people:
        lines: list[str] = []
        while len(lines) < EACH * len(people):
            line = person.hears_line()
            if " PRIVMSG #lobby :" in line:
                lines.append(line.partition(" PRIVMSG #lobby :")[2])
        heard.append(lines)
        person.hangs_up()
    assert all(lines == heard[0] for lines in heard)
    assert texts(server)[-len(heard[0]) :] == heard[0]


def test_who_does_not_read_costs_its_bound_and_slows_nobody(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 6: a page in a machine that has gone to sleep."""
    bound = MOST_FACTOR * UNSENT_KIB * 1024
    with server.member("alice", caps="echo-message") as alice:
        carol = server.member("carol", web=True)
        carol.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        port = carol.sock.getsockname()[1]
        every = [(c, io.driver) for io in server.service._io for c in list(io.driver.connections)]
        [(connection, driver)] = [(c, driver) for c, driver in every if c.port == port]
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        # The bound is looked at when all is queued that an I/O thread was given meanwhile. How much
        # that is says how long the thread has waited for a CPU: alice's has another thread, so what
        # she hears says nothing about carol's, which may be many of her messages behind.
        deliver, kept = driver.deliver, []

        def noting(deliveries: Sequence[tuple[Sequence[Connection], bytes]]) -> None:
            deliver(deliveries)
            if connection.phase is not Phase.CLOSED:
                kept.append(connection.out_bytes)

        monkeypatch.setattr(driver, "deliver", noting)
        said, gone = 0, False
        while not gone:
            assert said < 5000, "the reader was never disconnected"
            for _ in range(50):
                alice.sends(f"PRIVMSG #lobby :{said} {LONG}")
                said += 1
            heard = alice.hears_until(f" PRIVMSG #lobby :{said - 1} ")
            gone = any(" QUIT :Connection lost" in line for line in heard)
        assert 0 < max(kept) <= bound
        carol.hangs_up()
