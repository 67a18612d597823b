"""Whom the client believes, and whom the server: certificates good and wrong, by handshake."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from securechat.net.tls import client_context, server_context
from tests.net.conftest import Pki
from tests.support.certificates import Authority
from tests.support.handshake import Side, meet


def expect_refusal(side: Side, reason: str) -> None:
    """This side verified the other's certificate and refused it for that reason."""
    assert isinstance(side.error, ssl.SSLCertVerificationError)
    assert reason in side.error.verify_message


# --- what the server verifies ---------------------------------------------------------------------


@pytest.fixture
def asking(pki: Pki) -> ssl.SSLContext:
    """A server that lets its own CA's client certificates log in."""
    return server_context(pki.server, pki.server_key, client_ca=pki.ca)


def showing(pki: Pki, directory: Path, authority: Authority, **lasts: timedelta) -> ssl.SSLContext:
    """A client that shows authority's certificate for alice."""
    certificate, key = authority.client("alice", **lasts).write(directory, "alice")
    return client_context(ca_pem=pki.authority.pem, certificate=certificate, key=key)


def test_a_client_certificate_is_verified_and_seen(
    pki: Pki, asking: ssl.SSLContext, tmp_path: Path
) -> None:
    """The server sees the leaf first, for SASL EXTERNAL."""
    issued = pki.authority.client("alice")
    certificate, key = issued.write(tmp_path, "alice")
    client = client_context(ca_pem=pki.authority.pem, certificate=certificate, key=key)
    seen, _ = meet(asking, client)
    assert seen.error is None
    assert (seen.chain or [])[:1] == [issued.der]


def test_a_certificate_and_its_key_in_one_file(
    pki: Pki, asking: ssl.SSLContext, tmp_path: Path
) -> None:
    """A client certificate may bring its key in the same file."""
    issued = pki.authority.client("alice")
    certificate, key = issued.write(tmp_path, "alice")
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    seen, _ = meet(asking, client_context(ca_pem=pki.authority.pem, certificate=both))
    assert (seen.chain or [])[:1] == [issued.der]


def test_a_client_needs_no_certificate(asking: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """It may still log in with a password."""
    seen, shown = meet(asking, trusting)
    assert (seen.error, shown.error) == (None, None)
    assert seen.chain == []


def test_a_foreign_client_certificate_is_refused(
    pki: Pki, asking: ssl.SSLContext, tmp_path: Path
) -> None:
    """Even one whose CA bears the same name: the handshake ends there."""
    seen, _ = meet(asking, showing(pki, tmp_path, Authority("Test CA")))
    assert isinstance(seen.error, ssl.SSLCertVerificationError)


def test_an_expired_client_certificate_is_refused(
    pki: Pki, asking: ssl.SSLContext, tmp_path: Path
) -> None:
    """A lost laptop's certificate ends some day."""
    client = showing(pki, tmp_path, pki.authority, lasts=timedelta(days=-1))
    seen, _ = meet(asking, client)
    expect_refusal(seen, "certificate has expired")


def test_a_server_certificate_is_no_client_certificate(pki: Pki, asking: ssl.SSLContext) -> None:
    """The CA's own server certificate, stolen, logs nobody in."""
    client = client_context(ca_pem=pki.authority.pem, certificate=pki.server, key=pki.server_key)
    seen, _ = meet(asking, client)
    expect_refusal(seen, "unsuitable certificate purpose")


def test_without_a_client_ca_nobody_is_asked(
    pki: Pki, server: ssl.SSLContext, tmp_path: Path
) -> None:
    """A certificate that can't be verified isn't even seen."""
    seen, _ = meet(server, showing(pki, tmp_path, Authority()))
    assert (seen.error, seen.chain) == (None, [])


# --- what the client verifies ---------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_each_name_of_the_certificate_is_good(
    server: ssl.SSLContext, trusting: ssl.SSLContext, host: str
) -> None:
    """DNS names and addresses alike."""
    assert meet(server, trusting, host)[1].error is None


@pytest.mark.parametrize("host", ["chat.example.org", "localhost.example.org", "127.0.0.2"])
def test_another_name_is_refused(
    server: ssl.SSLContext, trusting: ssl.SSLContext, host: str
) -> None:
    """The CA's signature under another server's certificate is not enough."""
    expect_refusal(meet(server, trusting, host)[1], "mismatch")


def test_a_common_name_is_no_name(pki: Pki, trusting: ssl.SSLContext, tmp_path: Path) -> None:
    """Only the subject alternative name counts (RFC 9525)."""
    issued = pki.authority.server(common_name="localhost")
    server = server_context(*issued.write(tmp_path, "server"))
    expect_refusal(meet(server, trusting)[1], "mismatch")


def test_an_expired_certificate_is_refused(
    pki: Pki, trusting: ssl.SSLContext, tmp_path: Path
) -> None:
    """By the client's own clock."""
    issued = pki.authority.server("localhost", lasts=timedelta(days=-1))
    server = server_context(*issued.write(tmp_path, "server"))
    expect_refusal(meet(server, trusting)[1], "certificate has expired")


def test_another_ca_is_refused(server: ssl.SSLContext) -> None:
    """Even one of the same name: the pin is the certificate, not what it is called."""
    client = client_context(ca_pem=Authority("Test CA").pem)
    assert isinstance(meet(server, client)[1].error, ssl.SSLCertVerificationError)


def test_a_client_certificate_is_no_server_certificate(
    pki: Pki, trusting: ssl.SSLContext, tmp_path: Path
) -> None:
    """A member of the team can't stand in for its server."""
    server = server_context(*pki.authority.client("localhost").write(tmp_path, "alice"))
    expect_refusal(meet(server, trusting)[1], "unsuitable certificate purpose")


def test_the_system_s_store_knows_no_test_ca(server: ssl.SSLContext) -> None:
    """Without a pin the system's CAs are trusted, and nobody else."""
    assert isinstance(meet(server, client_context())[1].error, ssl.SSLCertVerificationError)


def test_there_is_no_unverified_client() -> None:
    """Both ways to make a context verify the certificate and the name."""
    for context in (client_context(), client_context(ca_pem=Authority().pem)):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
