"""What a server tells to who watches it, over HTTP, and what it tells nobody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from securechat.net.binding import ListenError
from securechat.server import metrics_listener
from securechat.server.metrics_listener import AT_ONCE, HEAD_BYTES, MetricsListener
from securechat.server.storage_health import StorageHealth
from tests.support.server import ServerUnderTest, running

Numbers = dict[tuple[str, ...], float]
"""By the name, and the labels' values."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One for all of them, as each of them only looks."""
    directory = tmp_path_factory.mktemp("metrics") / "data"
    with running(directory, "alice", "bob", metrics={"listen": "127.0.0.1:0"}) as server:
        yield server


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are made for each request."""
    monkeypatch.setattr(metrics_listener, "FRESH_SECONDS", 0.0)


def address(server: ServerUnderTest) -> tuple[str, int]:
    assert server.service.metrics is not None
    return server.service.metrics.address


def get(server: ServerUnderTest, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """The status and the body."""
    with closing(HTTPConnection(*address(server), timeout=10)) as connection:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def numbers(server: ServerUnderTest) -> Numbers:
    status, text = get(server, "/metrics")
    assert status == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def raw(server: ServerUnderTest, data: bytes) -> bytes:
    """What comes back until the end."""
    with socket.create_connection(address(server), timeout=10) as sock:
        sock.sendall(data)
        found = b""
        while more := sock.recv(4096):
            found += more
        return found


# --- the numbers ---------------------------------------------------------------------------------


def test_what_is_said_is_counted(server: ServerUnderTest) -> None:
    """By kind, once for all, and once for each member who was given it."""
    server.wait_for(lambda: numbers(server)["securechat_connections",] == 0)
    alice, bob = server.member("alice"), server.member("bob")
    before = numbers(server)
    for number in range(3):
        alice.sends(f"PRIVMSG #lobby :{number}")
        bob.hears_until(f"PRIVMSG #lobby :{number}")
    alice.sends("NOTICE #lobby :hush")
    bob.hears_until("NOTICE #lobby :hush")
    after = numbers(server)
    grown = {key: after[key] - before.get(key, 0) for key in after}
    assert grown["securechat_messages_total", "PRIVMSG"] == 3
    assert grown["securechat_messages_total", "NOTICE"] == 1
    # A second after it was said each of the two may be asked whether it has arrived.
    assert grown["securechat_delivered_lines_total",] in range(4, 7)
    assert grown["securechat_sent_bytes_total",] > 4 * len("PRIVMSG #lobby :1\r\n")
    assert grown["securechat_received_bytes_total",] >= 3 * len("PRIVMSG #lobby :1\r\n")
    assert after["securechat_accounts_online",] == after["securechat_sessions",] == 2
    assert after["securechat_channels",] == 1
    assert after["securechat_connections",] == 2
    assert after["securechat_connections_unauthenticated",] == 0
    for who in (alice, bob):
        who.sends("QUIT")
        who.hears_the_end()


def test_what_is_refused_is_counted(server: ServerUnderTest) -> None:
    """A wrong password, a message that may not be said, and a connection without TLS."""
    before = numbers(server)
    stranger = server.connect()
    stranger.begins_login("alice", password="wrong")
    stranger.hears_until(" 904 ")
    with socket.create_connection(("127.0.0.1", server.port)) as plain:
        plain.sendall(b"NICK x\r\n")
        plain.recv(100)
    alice = server.member("alice")
    alice.sends("PRIVMSG #nowhere :hello")
    alice.hears_until(" 403 ")
    alice.hangs_up()
    after = numbers(server)
    grown = {key: after[key] - before.get(key, 0) for key in after}
    name = "securechat_refusals_total"
    assert grown[name, "wrong password", "login"] == 1
    assert grown[name, "ERR_NOSUCHCHANNEL", "message"] == 1
    assert grown[name, "no TLS", "connection"] == 1


def test_the_state_of_the_machine_is_told(server: ServerUnderTest) -> None:
    """Certificate, disk, files, process."""
    found = numbers(server)
    assert 80 < found["securechat_certificate_days_left",] <= 90
    assert found["securechat_disk_free_bytes",] > 0
    assert found["securechat_file_bytes", "database"] > 0
    assert found["process_resident_memory_bytes",] > 1e6
    assert found["securechat_ready",] == 1
    assert found["securechat_turn_seconds_count",] > 0
    assert found["securechat_commit_seconds_count",] > 0


def test_nobody_is_in_it(server: ServerUnderTest) -> None:
    """No name of a person or a channel, no address, no text."""
    alice = server.member("alice")
    alice.sends("JOIN #secretplan")
    alice.hears_until(" 366 ")
    alice.sends("PRIVMSG #secretplan :at midnight")
    text = get(server, "/metrics")[1].lower()
    for word in ("alice", "secretplan", "midnight", "127.0.0.1", str(server.data.path).lower()):
        assert word not in text
    alice.sends("DROP #secretplan", "QUIT")
    alice.hears_the_end()


def test_whoever_asks_often_gets_the_same(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To make the numbers costs the chat milliseconds."""
    monkeypatch.setattr(metrics_listener, "FRESH_SECONDS", 60.0)
    first = get(server, "/metrics")
    alice = server.member("alice")
    assert get(server, "/metrics") == first
    alice.hangs_up()


# --- alive and ready -----------------------------------------------------------------------------


def test_a_server_in_order_is_alive_and_ready(server: ServerUnderTest) -> None:
    """One word for people who look; the status is for programs."""
    assert get(server, "/healthz") == (200, "alive\n")
    assert get(server, "/readyz") == (200, "ready\n")


def test_an_expired_certificate_is_alive_and_not_ready(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would connect, and a restart helps only if there is another one."""
    expired = replace(server.service.identity, not_after=datetime(2020, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(server.service, "identity", expired)
    assert get(server, "/healthz")[0] == 200
    assert get(server, "/readyz") == (503, "the server's certificate has expired\n")
    assert numbers(server)["securechat_ready",] == 0


def test_a_server_that_can_store_nothing_is_not_ready(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason that everybody is told."""
    full = SimpleNamespace(fault="less than 64 MiB of its disk are free")
    watched = replace(server.service.watched, storage_health=cast("StorageHealth", full))
    monkeypatch.setattr(server.service.metrics, "_watched", watched)
    status, text = get(server, "/readyz")
    assert (status, text.count("\n")) == (503, 1)
    assert "less than 64 MiB" in text


def test_a_hub_that_is_stuck_is_not_alive(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is there, and nobody is served."""
    watched = replace(server.service.watched, has_turns=lambda: False)
    monkeypatch.setattr(server.service.metrics, "_watched", watched)
    assert get(server, "/healthz")[0] == get(server, "/readyz")[0] == 503


# --- who else may come ---------------------------------------------------------------------------


def test_there_are_three_pages(server: ServerUnderTest) -> None:
    """Another one, another method, or what is no HTTP, is refused without an echo of it."""
    assert get(server, "/../etc/passwd") == (404, "/metrics, /healthz, /readyz\n")
    for method in ("POST", "HEAD", "OPTIONS", "DEBUG"):
        status, text = get(server, "/metrics", method)
        assert status == 501
        assert method not in text
    assert b"<script>" not in raw(server, b"<script> <script> HTTP/1.1\r\n\r\n")
    assert raw(server, b"GET /healthz HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\nalive\n")


def test_a_web_page_under_a_name_of_its_own_reads_nothing(server: ServerUnderTest) -> None:
    """DNS rebinding: its name leads to 127.0.0.1, so the browser takes us for that page's host."""
    for host in ("evil.example", "evil.example:9667", "127.0.0.1.evil.example"):
        status, text = get(server, "/metrics", Host=host)
        assert status == 421
        assert "securechat_" not in text
    for host in ("localhost:9667", "127.0.0.1", "[::1]:9667", "192.0.2.1:9667"):
        assert get(server, "/healthz", Host=host)[0] == 200


def test_what_never_ends_is_closed(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head that is too long, or too slow, is not answered."""
    assert b"200" not in raw(server, b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * HEAD_BYTES)
    monkeypatch.setattr(metrics_listener, "SECONDS", 0.1)
    assert raw(server, b"GET /metrics HTTP/1.1\r\nHost: local") == b""


def test_there_are_few_places(server: ServerUnderTest) -> None:
    """Who takes all of them keeps others out for seconds; the chat notices nothing."""
    held = [socket.create_connection(address(server), timeout=10) for _ in range(AT_ONCE)]
    try:
        with socket.create_connection(address(server), timeout=10) as late:
            assert late.recv(1) == b""
    finally:
        for sock in held:
            sock.close()
    server.wait_for(lambda: answers(server))


def answers(server: ServerUnderTest) -> bool:
    try:
        return get(server, "/healthz")[0] == 200
    except OSError:
        return False


def test_a_port_that_is_taken_is_told(server: ServerUnderTest) -> None:
    """With the section to change."""
    with pytest.raises(ListenError, match=r"for metrics .*\[metrics\]"):
        MetricsListener(address(server), False, lambda error: None)
