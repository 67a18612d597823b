"""How a connection begins: the first byte, then the handshake, step by step."""

from __future__ import annotations

import contextlib
import ssl

import pytest

from securechat.net.errors import LostError, WrongProtocolError
from securechat.net.opening import begin_tls, handshake, tls_begins
from securechat.net.tls import choose_group
from securechat.net.transport import RECORD
from tests.net.scripted import pair, pair_over_tcp, scripted


def test_the_first_byte_is_looked_at_and_left() -> None:
    """TLS itself needs it."""
    with pair() as (connection, peer):
        assert not tls_begins(connection)
        peer.sendall(b"\x16\x03")
        assert tls_begins(connection)
        assert connection.sock.recv(10) == b"\x16\x03"


def test_what_is_no_tls_is_lost() -> None:
    """With the reason, and not a word of what was said."""
    with pair() as (connection, peer):
        peer.sendall(b"NICK alice")
        with pytest.raises(WrongProtocolError, match=r"^plaintext; this server speaks TLS only$"):
            tls_begins(connection)


def test_who_goes_before_the_first_byte_is_lost() -> None:
    """By an end or by a reset."""
    with pair() as (connection, peer):
        peer.close()
        with pytest.raises(LostError, match="closed by the client before TLS began"):
            tls_begins(connection)
    connection, _ = scripted(ConnectionResetError(104, "Connection reset by peer"))
    with pytest.raises(LostError, match=r"connection lost \(Connection reset by peer\)"):
        tls_begins(connection)


def test_a_handshake_goes_step_by_step(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """Each step says what to wait for, and the last that there is nothing to."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    choose_group(trusting, "X25519")  # the server's, so that one hello is enough
    client = trusting.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pair_over_tcp() as (connection, peer):
        begin_tls(connection, server)
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
        assert handshake(connection) == 1
        peer.sendall(outgoing.read())
        assert handshake(connection) == 1
        incoming.write(peer.recv(RECORD))
        client.do_handshake()
        peer.sendall(outgoing.read())
        assert handshake(connection) == 0
        assert connection.tls is not None
        connection.tls.close()


def test_a_handshake_before_tls_is_a_bug() -> None:
    """Of ours, not the peer's."""
    with pair() as (connection, _), pytest.raises(RuntimeError, match="TLS has not begun"):
        handshake(connection)
