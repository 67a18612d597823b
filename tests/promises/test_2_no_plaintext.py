"""Promise 2: nothing travels in plaintext.

There is no plaintext listener. Who begins without TLS is told so in one line that is the same for
everybody, and nothing else ever travels in plaintext. TLS 1.3 by default, 1.2 only when configured.
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

from securechat.net.tls import client_context
from tests.support.handshake import only
from tests.support.links import PATIENCE
from tests.support.server import PASSWORD, ServerUnderTest, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server with the defaults, where TLS is concerned."""
    with running(tmp_path / "data", "alice", "bob") as server:
        yield server


def trusting(server: ServerUnderTest) -> ssl.SSLContext:
    return client_context(ca_pem=server.ca.read_text())


def plaintext(server: ServerUnderTest, said: bytes) -> tuple[bytes, int]:
    """Everything that a client without TLS gets, and its port."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        port = client.getsockname()[1]
        client.sendall(said)
        heard = b""
        with contextlib.suppress(ConnectionResetError):  # not all it said was read
            while piece := client.recv(4096):
                heard += piece
        return heard, port


# --- no plaintext --------------------------------------------------------------------------------


HINT = b"ERROR :TLS only; connect with TLS on this port\r\n"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"NICK x\r\nUSER x 0 * :x\r\n", HINT),
        (b"CAP LS 302\r\n", HINT),
        (b"PASS :alice:the quick brown otter 7\r\nNICK alice\r\nUSER a 0 * :a\r\nLIST\r\n", HINT),
        (b"STARTTLS\r\n", HINT),
        (b"\r\n", HINT),
        (b"SSH-2.0-OpenSSH_9.2\r\n", HINT),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b""),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nNICK x\r\n", b""),
        (b"\0" * 1000, b""),
    ],
)
def test_a_plaintext_client_is_told_to_use_tls_and_nothing_else(
    server: ServerUnderTest, said: bytes, answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Then a closed connection, and one line in the log that says so. Browsers get nothing."""
    caplog.set_level(logging.INFO)
    heard, port = plaintext(server, said)
    assert heard == answer
    server.wait_for(lambda: bool(caplog.messages))
    assert caplog.messages == [
        f"refused 127.0.0.1 port {port}: plaintext; this server speaks TLS only"
    ]


def test_the_only_port_is_one_with_tls(server: ServerUnderTest) -> None:
    """What the server listens on is what it prints, and nothing more."""
    assert [host for host, _ in server.service.addresses] == ["127.0.0.1"]
    assert len(server.service._listener._endpoints) == 1


class Tap:
    """Sits on the wire between a client and the server, and keeps what passes."""

    def __init__(self, port: int) -> None:
        self._server = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.passed = bytearray()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        client.settimeout(PATIENCE)
        self._threads.append(threading.Thread(target=self._pass, args=(client, self._server)))
        self._threads[1].start()
        self._pass(self._server, client)

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.passed += data
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)
        self._server.close()
        self._listener.close()


def test_nothing_that_is_said_can_be_read_on_the_wire(server: ServerUnderTest) -> None:
    """Password, names, channels, messages, in either direction, from the first byte to the last."""
    bob = server.member("bob")
    tap = Tap(server.port)
    with server.connect(tap.port) as alice:
        alice.logs_in("alice", caps="echo-message")
        alice.sends("JOIN #thecave", "PRIVMSG #lobby :a message of mine")
        alice.hears_until("a message of mine")
        bob.sends("PRIVMSG alice :an answer of his")
        alice.hears_until("an answer of his")
        alice.sends("QUIT :a farewell of mine")
        assert "farewell" in alice.hears_the_end()[-1]
    tap.close()
    assert len(tap.passed) > 2000
    secrets = (PASSWORD, "alice", "bob", "#lobby", "#thecave", "message of", "answer of", "PRIVMSG")
    assert [
        secret for secret in (*secrets, "ERROR", "farewell") if secret.encode() in tap.passed
    ] == []


# --- which TLS -----------------------------------------------------------------------------------


def test_tls_1_3_is_what_one_gets(server: ServerUnderTest) -> None:
    """With forward secrecy and an AEAD cipher, as every suite of it has."""
    with server.connect() as client:
        assert client.sock.version() == "TLSv1.3"


def test_tls_1_2_is_refused_by_default(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """In the handshake, before anything is said; the log says why."""
    caplog.set_level(logging.INFO)
    context = only(trusting(server), ssl.TLSVersion.TLSv1_2)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as raw,
        pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"),
    ):
        context.wrap_socket(raw, server_hostname="localhost")
    server.wait_for(lambda: "TLS handshake failed: unsupported protocol" in caplog.text)


def test_tls_1_2_is_accepted_when_configured(tmp_path: Path) -> None:
    """For old clients, where somebody has decided so; new ones still get 1.3."""
    with running(tmp_path / "data", "alice", tls={"min_version": "1.2"}) as server:
        context = only(trusting(server), ssl.TLSVersion.TLSv1_2)
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as tls,
        ):
            assert tls.version() == "TLSv1.2"
            tls.sendall(b"PING x\r\n")
            assert tls.recv(100) == b":chat.test PONG chat.test :x\r\n"
        assert server.member("alice").sock.version() == "TLSv1.3"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
@pytest.mark.parametrize("minimum", ["1.2", "1.3"])
def test_older_than_1_2_is_never_accepted(tmp_path: Path, minimum: str) -> None:
    """Whatever the configuration (RFC 8996)."""
    with running(tmp_path / "data", tls={"min_version": minimum}) as server:
        context = only(trusting(server), ssl.TLSVersion.TLSv1_1)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as raw,
            pytest.raises((ssl.SSLError, ConnectionResetError)),
        ):
            context.wrap_socket(raw, server_hostname="localhost")


def test_a_client_that_ends_tls_gets_no_plaintext(server: ServerUnderTest) -> None:
    """After close_notify the TCP connection is of no use, in either direction."""
    alice, bob = server.member("alice"), server.member("bob", caps="echo-message")
    alice.sock.setblocking(False)
    with contextlib.suppress(ssl.SSLError):
        alice.sock.unwrap()  # close_notify; the server's own is not awaited
    with socket.socket(fileno=os.dup(alice.sock.fileno())) as raw:
        raw.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            raw.sendall(b"PRIVMSG #lobby :in the clear\r\n")
        bob.sends("PRIVMSG #lobby :not for the clear")
        heard = bob.hears_until("not for the clear")
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := raw.recv(4096):
                received += piece
    assert b"not for the clear" not in received
    assert b"PRIVMSG" not in received
    assert not any("in the clear" in line for line in [*heard, *bob.hears()])
