"""A stranger claims to come from somewhere else, by a header that is a balancer's to send."""

from __future__ import annotations

import logging
import socket
import sqlite3
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from securechat.net.opening import TLS_ONLY
from securechat.net.proxy_header import SIGNATURE
from tests.support.client import Client, of
from tests.support.links import PATIENCE
from tests.support.proxy import header
from tests.support.server import ServerUnderTest, running

BALANCER = "127.0.0.9"
CLIENT = ("203.0.113.7", 50123)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One for all tests here, behind a balancer and open to others too."""
    with running(
        tmp_path_factory.mktemp("proxied") / "data",
        "alice",
        listen={"port": 0, "proxies": [BALANCER]},
        limits={"connections_per_address": 2},
    ) as server:
        yield server


def by_balancer(server: ServerUnderTest, client: tuple[str, int] | None) -> Client:
    """A client whose connection comes from the balancer, which says whose it is."""
    return server.connect(source=BALANCER, before=header(client))


def told(server: ServerUnderTest, source: str, data: bytes) -> bytes:
    """What somebody at that address hears who says this, up to the end."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE, (source, 0)) as sock:
        sock.sendall(data)
        heard = b""
        try:
            while found := sock.recv(100):
                heard += found
        except ConnectionResetError:
            pass
        return heard


def test_a_member_is_known_by_the_own_address(server: ServerUnderTest) -> None:
    """In their sessions and in the audit, and not by the balancer's."""
    alice = by_balancer(server, CLIENT)
    alice.logs_in("alice")
    [entry, _] = of(alice.says("SESSIONS LIST"), "NOTE")
    assert CLIENT[0] in entry.params
    alice.hangs_up()
    with closing(sqlite3.connect(server.data.database)) as database:
        rows = database.execute("SELECT address FROM audit WHERE event = 'login'")
        assert {address for (address,) in rows} == {CLIENT[0]}


def test_the_limit_of_an_address_is_that_of_the_client(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """A crowd behind a balancer isn't one address, and one address is not many by it."""
    caplog.set_level(logging.INFO)
    two = [by_balancer(server, ("203.0.113.8", port)) for port in (1, 2)]
    with pytest.raises((ssl.SSLError, ConnectionError)):
        by_balancer(server, ("203.0.113.8", 3))
    assert "refused 203.0.113.8 port 3: 2 connections from 203.0.113.8 already" in caplog.messages
    others = [by_balancer(server, ("203.0.113.9", 1)), by_balancer(server, ("2001:db8::1", 1))]
    for person in (*two, *others):
        person.hangs_up()


def test_a_header_from_anywhere_else_is_no_header(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """It is something else than TLS, and the stranger is where it is."""
    caplog.set_level(logging.INFO)
    assert told(server, "127.0.0.8", header(CLIENT)) == TLS_ONLY
    # It hears the line before that is logged.
    server.wait_for(lambda: "refused" in caplog.text)
    [line] = [message for message in caplog.messages if "refused" in message]
    assert line.startswith("refused 127.0.0.8 port ")
    assert line.endswith(": plaintext; this server speaks TLS only")
    assert CLIENT[0] not in caplog.text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x16\x03\x01\x02\x00", "no PROXY header, though proxies in [listen] names this address"),
        (b"PROXY TCP4 203.0.113.7 192.0.2.1 1 2\r\n", "a PROXY header of version 1"),
        (SIGNATURE + b"\x21\x11\xff\xff", "a PROXY header of 65535 bytes"),
        (header(("203.0.113.7", 1))[:-3] + b"\x16", "took too long"),
    ],
)
def test_a_balancer_has_to_send_one(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture, data: bytes, reason: str
) -> None:
    """Or who connects by it would be taken for the balancer; whole, and within the deadline."""
    caplog.set_level(logging.INFO)
    [io] = server.service._io
    before = io.driver.limits
    io.driver.limits = replace(before, handshake_seconds=0.2)
    assert told(server, BALANCER, data) == b""
    io.driver.limits = before
    [line] = [message for message in caplog.messages if "refused" in message]
    assert line.startswith(f"refused {BALANCER} port ")
    assert reason in line


def test_behind_a_header_there_is_tls_too(server: ServerUnderTest) -> None:
    """Nothing else in plaintext is heard."""
    assert told(server, BALANCER, header(CLIENT) + b"NICK alice\r\n") == TLS_ONLY


def test_a_balancer_may_look_whether_the_server_is_there(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """With and without a header, and with TLS; only the last one is worth a word."""
    caplog.set_level(logging.INFO)
    for before in (b"", header(None)):
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE, (BALANCER, 0)) as sock:
            sock.sendall(before)
            # So HAProxy ends its checks: by a reset.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    by_balancer(server, None).hangs_up()
    server.wait_for(lambda: server.service._admission._count == 0)
    refused = [message for message in caplog.messages if "refused" in message]
    # The log is written by a thread of its own: what the test before has done may come here.
    assert not [message for message in refused if BALANCER in message]
