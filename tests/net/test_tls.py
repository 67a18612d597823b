"""TLS as the server and the client set it, in real handshakes on loopback."""

from __future__ import annotations

import platform
import shutil
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from securechat.net.tls import KeyExchange, probe_context, server_context
from tests.net.conftest import Pki
from tests.support.handshake import PATIENCE, meet, only


def test_tls_1_3_by_default(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """Two sides with nothing configured speak TLS 1.3."""
    for side in meet(server, trusting):
        assert (side.version, side.error) == ("TLSv1.3", None)


def test_tls_1_2_is_refused_by_default(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """A client that can't do better gets no connection."""
    seen, _ = meet(server, only(trusting, ssl.TLSVersion.TLSv1_2))
    assert isinstance(seen.error, ssl.SSLError)
    assert seen.error.reason == "UNSUPPORTED_PROTOCOL"


def test_tls_1_2_where_configured(old_server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """It is spoken with forward secrecy and an AEAD, and 1.3 still with those who can."""
    assert {side.version for side in meet(old_server, trusting)} == {"TLSv1.3"}
    _, seen = meet(old_server, only(trusting, ssl.TLSVersion.TLSv1_2))
    assert (seen.version, seen.error) == ("TLSv1.2", None)
    assert seen.cipher.startswith("ECDHE-")


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256"])
def test_tls_1_2_has_no_weak_cipher(
    old_server: ssl.SSLContext, trusting: ssl.SSLContext, cipher: str
) -> None:
    """No CBC and no key exchange without forward secrecy (RFC 9325, section 4.1)."""
    client = only(trusting, ssl.TLSVersion.TLSv1_2)
    client.set_ciphers(cipher)
    seen, _ = meet(old_server, client)
    assert isinstance(seen.error, ssl.SSLError)
    assert seen.error.reason == "NO_SHARED_CIPHER"


def test_tls_1_1_is_never_spoken(old_server: ssl.SSLContext) -> None:
    """Not even to a client whose own security level allows it (RFC 8996)."""
    client = probe_context()
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        only(client, ssl.TLSVersion.TLSv1_1)
    seen, _ = meet(old_server, client)
    assert isinstance(seen.error, ssl.SSLError)
    assert seen.error.reason == "UNSUPPORTED_PROTOCOL"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_nothing_is_compressed(
    old_server: ssl.SSLContext, trusting: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    """Compressed secrets leak by their length, so both sides have it off."""
    for side in meet(old_server, only(trusting, version)):
        assert (side.compression, side.error) == (None, None)
    for context in (old_server, trusting):
        assert context.options & ssl.OP_NO_COMPRESSION


def test_a_tls_1_3_session_is_never_resumed(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """The server hands out no ticket, so a client that comes back shakes hands in full."""
    _, first = meet(server, trusting)
    assert first.session is not None
    assert not first.session.has_ticket
    _, second = meet(server, trusting, session=first.session)
    assert (second.resumed, second.error) == (False, None)
    assert server.session_stats()["hits"] == 0
    assert server.num_tickets == 0


def test_tls_1_2_has_no_tickets(old_server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """There is no ticket key whose theft would open what was recorded."""
    _, seen = meet(old_server, only(trusting, ssl.TLSVersion.TLSv1_2))
    assert seen.session is not None
    assert not seen.session.has_ticket


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl isn't installed")
def test_a_client_can_t_renegotiate(old_server: ssl.SSLContext) -> None:
    """`openssl s_client` asks for it with a line 'R' and is turned down."""
    assert old_server.options & ssl.OP_NO_RENEGOTIATION
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as other:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        command = ["openssl", "s_client", "-tls1_2", "-connect", address]
        asking = other.submit(
            subprocess.run, command, input=b"R\n", capture_output=True, timeout=PATIENCE
        )
        accepted = listener.accept()[0]
        accepted.settimeout(PATIENCE)
        connection = old_server.wrap_socket(accepted, server_side=True)
        with connection, suppress(ssl.SSLError):  # the client gives up with an alert
            connection.recv(100)
        told = asking.result(PATIENCE)
    assert b"RENEGOTIATING" in told.stdout + told.stderr
    assert b"no renegotiation" in told.stderr


def test_the_chain_is_shown_unverified(pki: Pki, tmp_path: Path) -> None:
    """Leaf and CA, whatever the name and the dates: the fingerprint decides, not they."""
    issued = pki.authority.server("elsewhere.example", lasts=timedelta(days=-1))
    server = server_context(*issued.write(tmp_path, "server"))
    _, seen = meet(server, probe_context())
    assert seen.error is None
    assert seen.chain == [issued.der, pki.authority.der]


def test_a_leaf_alone_is_a_chain_of_one(pki: Pki, tmp_path: Path) -> None:
    """A server that keeps its CA to itself shows one certificate."""
    issued = pki.authority.server("localhost")
    certificate, key = issued.write(tmp_path, "server")
    certificate.write_text(ssl.DER_cert_to_PEM_cert(issued.der))
    _, seen = meet(server_context(certificate, key), probe_context())
    assert seen.chain == [issued.der]


def test_a_python_that_has_only_the_older_curves(
    pki: Pki, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian 12's can't choose X25519: P-256 takes its place, still alone."""
    choose = ssl.SSLContext.set_ecdh_curve

    def older(context: ssl.SSLContext, name: str) -> None:
        if name == "X25519":
            raise ssl.SSLError("[EC: UNKNOWN_GROUP] unknown group")
        choose(context, name)

    monkeypatch.setattr(ssl.SSLContext, "set_ecdh_curve", older)
    server = server_context(pki.server, pki.server_key)
    assert [side.error for side in meet(server, trusting)] == [None, None]
    trusting.set_ecdh_curve("secp384r1")
    seen, _ = meet(server, trusting)
    assert isinstance(seen.error, ssl.SSLError)


@pytest.mark.parametrize(("configured", "curve"), [("X25519", "X25519"), ("P-256", "prime256v1")])
def test_keys_are_exchanged_over_one_group(
    pki: Pki, trusting: ssl.SSLContext, configured: KeyExchange, curve: str
) -> None:
    """The one that is configured; a client that has another one only is refused."""
    server = server_context(pki.server, pki.server_key, key_exchange=configured)
    try:
        trusting.set_ecdh_curve(curve)
    except ssl.SSLError:
        pytest.skip(f"Python {platform.python_version()} can't choose {curve}")
    assert [side.error for side in meet(server, trusting)] == [None, None]
    trusting.set_ecdh_curve("secp384r1")
    seen, _ = meet(server, trusting)
    assert isinstance(seen.error, ssl.SSLError)
