"""Which certificate of a client counts: one that the handshake has verified, made for clients."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from securechat.net.tls import client_context, client_fingerprint, is_for_clients, server_context
from tests.net.conftest import Pki
from tests.support.certificates import Authority, Issued
from tests.support.handshake import meet

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


def issued(authority: Authority, *usages: x509.ObjectIdentifier) -> Issued:
    """A certificate with these purposes, or without a word of them."""
    return authority.purposes("alice", *usages)


@pytest.mark.parametrize(
    ("usages", "counts"),
    [
        ((CLIENT,), True),
        ((SERVER, CLIENT), True),
        ((SERVER,), False),
        ((ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,), False),
        ((), False),
    ],
)
def test_it_must_name_its_purpose(usages: tuple[x509.ObjectIdentifier, ...], counts: bool) -> None:
    """One that is silent about it might be anything's."""
    assert is_for_clients(issued(Authority(), *usages).der) is counts


@pytest.mark.parametrize("der", [b"", b"rubbish", b"\x30\x82\xff\xff"])
def test_what_can_t_be_read_counts_for_nothing(der: bytes) -> None:
    """Nor does it end anything."""
    assert not is_for_clients(der)


class Shown(ssl.SSLSocket):
    """Keeps what the server's side has seen."""

    seen: list[bytes | None] = []  # noqa: RUF012

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        self.seen.append(client_fingerprint(self))


@pytest.mark.parametrize(("usages", "counts"), [((CLIENT,), True), ((), False)])
def test_the_handshake_hands_over_its_fingerprint(
    pki: Pki, tmp_path: Path, usages: tuple[x509.ObjectIdentifier, ...], counts: bool
) -> None:
    """The SHA-256 of its DER form."""
    clients = Authority("Clients")
    server = server_context(pki.server, pki.server_key, client_ca=clients.write(tmp_path))
    server.sslsocket_class = Shown
    shown = issued(clients, *usages)
    certificate, key = shown.write(tmp_path, "alice")
    Shown.seen.clear()
    meet(server, client_context(ca_pem=pki.authority.pem, certificate=certificate, key=key))
    assert Shown.seen == [hashlib.sha256(shown.der).digest() if counts else None]
