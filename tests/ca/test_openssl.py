"""OpenSSL's own verdict on what the builders make: ``openssl verify -x509_strict``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.ca.support import (
    NOW,
    make_client,
    make_client_issuer,
    make_issuer,
    make_server,
    needs_openssl,
    openssl_verify,
)

pytestmark = needs_openssl
ISSUER = make_issuer("chat.example.org")
CLIENTS = make_client_issuer()


@pytest.mark.parametrize(
    ("names", "check"),
    [
        (["chat.example.org"], ["-verify_hostname", "chat.example.org"]),
        (["eu.chat.example.org"], ["-verify_hostname", "eu.chat.example.org"]),
        (["localhost", "127.0.0.1", "::1"], ["-verify_ip", "::1"]),
        (["192.168.1.5"], ["-verify_ip", "192.168.1.5"]),
        (["laptop.local"], ["-verify_hostname", "laptop.local"]),
        ([f"{'a' * 50}.{'b' * 50}.chat.example.org"], []),
    ],
)
def test_server_certificates_verify(tmp_path: Path, names: list[str], check: list[str]) -> None:
    """For names, names below them, addresses alone, and names too long for a subject."""
    leaf = make_server(ISSUER, *names)
    assert openssl_verify(tmp_path, ISSUER.certificate, leaf, *check) == "OK"


@pytest.mark.parametrize("account", ["alice", "Иван", "[x]-y"])
def test_client_certificates_verify(tmp_path: Path, account: str) -> None:
    """The client authority's name constraints don't touch accounts."""
    leaf = make_client(CLIENTS, account)
    assert openssl_verify(tmp_path, CLIENTS.certificate, leaf, purpose="sslclient") == "OK"


def test_a_client_authority_s_thief_has_no_server(tmp_path: Path) -> None:
    """Neither its purpose nor its constraints let any name pass."""
    forged = make_server(CLIENTS, "localhost", "127.0.0.1")
    verdict = openssl_verify(tmp_path, CLIENTS.certificate, forged)
    assert "excluded subtree violation" in verdict or "unsuitable certificate purpose" in verdict
    verdict = openssl_verify(tmp_path, CLIENTS.certificate, forged, purpose="any")
    assert "excluded subtree violation" in verdict


def test_the_server_s_authority_has_no_clients(tmp_path: Path) -> None:
    """Its thief can't even begin to log in."""
    forged = make_client(ISSUER, "alice")
    verdict = openssl_verify(tmp_path, ISSUER.certificate, forged, purpose="sslclient")
    assert "unsuitable certificate purpose" in verdict


def test_the_ca_itself_verifies(tmp_path: Path) -> None:
    """As a self-signed CA for servers."""
    ca = ISSUER.certificate
    assert openssl_verify(tmp_path, ca, ca, purpose="any") == "OK"


@pytest.mark.parametrize(
    "names",
    [["bank.example.com"], ["8.8.8.8"], ["2001:db8::1"], ["chat.example.org", "8.8.8.8"]],
)
def test_names_outside_the_constraints_are_refused(tmp_path: Path, names: list[str]) -> None:
    """What a thief of the CA's key would sign: one forbidden name spoils the certificate."""
    verdict = openssl_verify(tmp_path, ISSUER.certificate, make_server(ISSUER, *names))
    assert "permitted subtree violation" in verdict


def test_strict_forbids_private_addresses_to_openssl_too(tmp_path: Path) -> None:
    """The same address passes under a CA that isn't strict (see above)."""
    strict = make_issuer("chat.example.org", strict=True)
    verdict = openssl_verify(tmp_path, strict.certificate, make_server(strict, "192.168.1.5"))
    assert "permitted subtree violation" in verdict


def test_a_dotted_account_would_not_verify(tmp_path: Path) -> None:
    """Why parse_account refuses dots: OpenSSL reads such a common name as a host."""
    verdict = openssl_verify(
        tmp_path, CLIENTS.certificate, make_client(CLIENTS, "john.smith"), purpose="sslclient"
    )
    assert "excluded subtree violation" in verdict


def test_certificates_do_not_cross_purposes(tmp_path: Path) -> None:
    """A client's doesn't serve, a server's doesn't log in."""
    client, server = make_client(CLIENTS, "alice"), make_server(ISSUER, "localhost")
    verdict = openssl_verify(tmp_path, CLIENTS.certificate, client)
    assert "unsuitable certificate purpose" in verdict
    verdict = openssl_verify(tmp_path, ISSUER.certificate, server, purpose="sslclient")
    assert "unsuitable certificate purpose" in verdict


def test_dates_and_signatures_count(tmp_path: Path) -> None:
    """Expired, and signed by another issuer."""
    leaf = make_server(ISSUER, "localhost", days=30)
    verdict = openssl_verify(tmp_path, ISSUER.certificate, leaf, now=NOW + timedelta(days=31))
    assert "certificate has expired" in verdict
    other = make_issuer("chat.example.org")
    assert openssl_verify(tmp_path, other.certificate, leaf) != "OK"
