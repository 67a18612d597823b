"""Promise 6: nobody slows anybody.

A slow, stuck, flooding or hostile connection costs its owner, not the others. Every buffer, queue
and wait has a limit.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.core.settings import Settings
from securechat.net.connection import Input
from securechat.net.throttle import MOST_FACTOR
from securechat.store import passwords
from tests.support.client import Client
from tests.support.links import PATIENCE
from tests.support.server import PASSWORD, ServerUnderTest, running

UNSENT_KIB = 64
LONG = "x" * 380


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server with small bounds, so that they are soon reached."""
    limits = {"unsent_kib": UNSENT_KIB}
    with running(tmp_path / "data", "alice", "bob", "carol", limits=limits) as server:
        yield server


def stuck(server: ServerUnderTest, name: str) -> Client:
    """A member who reads nothing any more, over a connection whose systems keep little for it."""
    person = server.member(name)
    person.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    [io] = server.service._io
    port = person.sock.getsockname()[1]
    [connection] = [c for c in list(io.driver.connections) if c.port == port]
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return person


# --- readers -------------------------------------------------------------------------------------


def test_who_doesn_t_read_is_disconnected_at_the_bound(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """While the others talk on, hear everything, and learn that somebody is gone. What was missed
    is in the history.
    """
    caplog.set_level(logging.INFO)
    alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
    carol = stuck(server, "carol")
    bob.hears_until(":carol!")
    alice.hears()
    gone, said = False, 0
    while not gone:
        for _ in range(100):
            alice.sends(f"PRIVMSG #lobby :{said} {LONG}")
            said += 1
        alice.hears_until(f" PRIVMSG #lobby :{said - 1} ")
        heard = bob.hears_until(f" PRIVMSG #lobby :{said - 1} ")
        assert sum(" PRIVMSG " in line for line in heard) == 100
        gone = any(line == ":carol!carol@chat.test QUIT :Connection lost" for line in heard)
        assert said < 5000, "the reader was never disconnected"
    reasons = [getattr(r, "facts", {}).get("reason") for r in caplog.records]
    assert "reads too slowly" in reasons
    with pytest.raises((EOFError, OSError)):
        drain(carol)


def drain(person: Client) -> None:
    while True:
        person.hears_line()


def test_a_stuck_reader_costs_its_bound_and_no_more(server: ServerUnderTest) -> None:
    """Its outbox never holds more than a multiple of the limit and one turn's output."""
    alice = server.member("alice", caps="echo-message")
    stuck(server, "carol")
    [io] = server.service._io
    most = 0
    for number in range(1500):
        alice.sends(f"PRIVMSG #lobby :{number} {LONG}")
        alice.hears_until(f" PRIVMSG #lobby :{number} ")
        most = max([most, *(c.out_bytes for c in list(io.driver.connections))])
    bound = MOST_FACTOR * UNSENT_KIB
    assert bound * 900 < most <= bound * 1024 + 2000


# --- speakers ------------------------------------------------------------------------------------


def test_a_flooder_is_slowed_down_and_loses_nothing(tmp_path: Path) -> None:
    """All of it arrives, in its order, at the pace that the rate allows; who is polite meanwhile
    is heard between the flooder's lines.
    """
    limits = {"lines_per_second": 300.0, "burst_lines": 20.0}
    with running(tmp_path / "data", "alice", "bob", limits=limits) as server:
        flooder, polite = (
            server.member("alice", caps="echo-message"),
            server.member("bob", caps="echo-message"),
        )
        polite.hears()
        flooder.sends(*(f"PRIVMSG #lobby :{number}" for number in range(200)))
        polite.sends("PRIVMSG #lobby :excuse me")
        heard = polite.hears_until(":199")
        order = [line.rpartition(" :")[2] for line in heard if " PRIVMSG " in line]
        assert order.index("excuse me") < order.index("199")
        order.remove("excuse me")
        assert order == [str(number) for number in range(200)]


def test_the_unauthenticated_are_slowed_down_and_members_are_not(server: ServerUnderTest) -> None:
    """What one who has not logged in says beyond a login's few lines waits at its own door."""
    alice, client = server.member("alice"), server.connect()
    said = [f"PING {number}" for number in range(100)]
    for person in (client, alice):
        person.sends(*said)
    assert alice.hears_until("PONG chat.test :99") == pongs(100)
    assert [client.hears_line() for _ in range(40)] == pongs(40)
    [io] = server.service._io
    [waiting] = [c.port for c in list(io.driver.connections) if c.framing and c.framing.has_line]
    assert waiting == client.sock.getsockname()[1]


def pongs(count: int) -> list[str]:
    return [f":chat.test PONG chat.test :{number}" for number in range(count)]


def test_who_closes_at_once_says_no_more_than_its_rate_allows(tmp_path: Path) -> None:
    """Speaking and hanging up, again and again, is no way around the rate."""
    limits = {"lines_per_second": 1.0, "burst_lines": 50.0}
    with running(tmp_path / "data", "alice", "bob", limits=limits) as server:
        alice, bob = server.member("alice"), server.member("bob")
        with reading_held(server, bob):
            alice.sends(*(f"PRIVMSG #lobby :{number}" for number in range(1600)))
            alice.hangs_up()
        heard = bob.hears_until(":alice!alice@chat.test QUIT ")
        said = [line.rpartition(":")[2] for line in heard if " PRIVMSG " in line]
        assert 0 < len(said) <= 50
        assert said == [str(number) for number in range(len(said))]


@contextlib.contextmanager
def reading_held(server: ServerUnderTest, person: Client) -> Iterator[None]:
    """Meanwhile nothing is read: what is sent lies ready, all at once. person: says something."""
    [io] = server.service._io
    holding, go = threading.Event(), threading.Event()
    handle = io._handle

    def hold(inputs: list[Input]) -> None:
        handle(inputs)
        holding.set()
        assert go.wait(PATIENCE)

    io._handle = hold
    person.sends("PING now")
    assert holding.wait(PATIENCE)
    io._handle = handle
    yield
    go.set()


def test_a_flood_before_login_is_cut_off(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that wait for a password check are held, to a bound."""
    server.lets_unauthenticated_speak()
    go = threading.Event()
    monkeypatch.setattr(passwords, "verify_password", lambda *_: go.wait(PATIENCE))
    client = server.connect()
    client.sends(f"PASS :alice:{PASSWORD}", "NICK alice", "USER a 0 * :a")
    with contextlib.suppress(OSError):
        client.sends(*["JOIN #lobby"] * (Settings("", "", 0).max_held_lines + 1))
    assert client.hears_the_end() == [
        "ERROR :Closing link: Too many lines before the login was answered"
    ]
    go.set()


def test_a_line_without_end_is_thrown_away(server: ServerUnderTest) -> None:
    """A megabyte in one line costs no memory and no connection."""
    alice = server.member("alice")
    alice.sends("PRIVMSG #lobby :" + "x" * 1_000_000)
    assert " 417 alice :Input line was too long" in alice.hears_line()
    assert alice.hears() == []


# --- connections ---------------------------------------------------------------------------------


def test_one_address_can_t_take_all_places(tmp_path: Path) -> None:
    """An address with many connections is refused further ones; the members don't notice."""
    limits = {"connections_per_address": 5}
    with running(tmp_path / "data", "alice", limits=limits) as server:
        alice = server.member("alice")
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]
        with pytest.raises((ssl.SSLError, ConnectionError)):
            server.connect()
        assert alice.hears() == []
        for sock in idle:
            sock.close()


def test_silent_handshakes_hold_up_nobody(server: ServerUnderTest) -> None:
    """Connections that never finish their handshake are no hindrance to one that does."""
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    for number, sock in enumerate(idle):
        sock.sendall(b"\x16\x03\x01\x02\x00"[: number % 6])
    alice = server.member("alice")
    assert alice.hears() == []
    for sock in idle:
        sock.close()


def test_rubbish_costs_only_who_sends_it(server: ServerUnderTest) -> None:
    """Random bytes within TLS, from several, while members talk."""
    alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
    bob.hears()
    for number in range(20):
        with server.connect() as hostile:
            hostile.sock.sendall(os.urandom(5000))
        alice.sends(f"PRIVMSG #lobby :{number}")
        assert bob.hears_line() == f":alice!alice@chat.test PRIVMSG #lobby :{number}"


def test_one_account_has_a_limit_of_sessions(tmp_path: Path) -> None:
    """A client that reconnects with its token in a loop ends with an error, and the earlier ones
    stay; who shows the password takes the place of the oldest of those.
    """
    limits = {"sessions_per_account": 3}
    with running(tmp_path / "data", "alice", limits=limits) as server:
        alice = server.member("alice")
        alice.sends("TOKEN CREATE laptop")
        token = alice.hears_until(" CREATED ")[-1].split(" ")[5]
        people = [server.member("alice", password=token) for _ in range(2)]
        with pytest.raises(EOFError):
            server.connect().logs_in("alice", password=token)
        assert all(person.hears() is not None for person in (alice, *people))
        server.member("alice")
        assert "had no place" in people[0].hears_the_end()[-1]
        assert all(person.hears() is not None for person in (alice, people[1]))


def test_who_never_logs_in_is_sent_away(tmp_path: Path) -> None:
    """A connection has so long to become somebody; a member has for ever."""
    with running(tmp_path / "data", "alice", limits={"login_seconds": 5}) as server:
        alice, client = server.member("alice"), server.connect()
        client.hears()
        for session in list(server.service._hub._rules.model.sessions):
            session.opened_at -= 6.0  # as if both had come so much earlier
        assert client.hears_the_end() == ["ERROR :Closing link: Login took too long"]
        assert alice.hears() == []
