"""Certificates and keys that TLS can't use, and new ones for a running server."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from securechat.net.tls import TlsFilesError, client_context, load_certificate, server_context
from tests.net.conftest import Pki
from tests.support.handshake import meet


def test_an_encrypted_key(pki: Pki, tmp_path: Path) -> None:
    """Nobody is asked for a passphrase on the server's terminal; the error says what is wrong."""
    issued = pki.authority.server("localhost")
    certificate, key = issued.write(tmp_path, "server")
    key.write_bytes(issued.key_pem(b"correct horse"))
    with pytest.raises(TlsFilesError, match=r"server-key\.pem: the key is encrypted"):
        server_context(certificate, key)


def test_a_foreign_key(pki: Pki, tmp_path: Path) -> None:
    """A key of another certificate is told as such."""
    certificate, _ = pki.authority.server("localhost").write(tmp_path, "server")
    with pytest.raises(TlsFilesError, match="the key does not belong to the certificate"):
        server_context(certificate, pki.server_key)


CONTENTS = {
    "missing": (None, "No such file"),
    "empty": (b"", "expected a"),
    "garbage": (b"\0\xff garbage", "expected a"),
    "der": (b"0\x82\x01\x9a0\x82", "expected a"),
    "a CSR": (b"-----BEGIN CERTIFICATE REQUEST-----\n", "expected a"),
}


@pytest.mark.parametrize(("content", "told"), CONTENTS.values(), ids=CONTENTS)
def test_a_file_that_is_none(pki: Pki, tmp_path: Path, content: bytes | None, told: str) -> None:
    """The error names the one file that is wrong and what it should hold."""
    bad = tmp_path / "bad.pem"
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(TlsFilesError, match=rf"bad\.pem: {told}.*certificate in PEM form"):
        server_context(bad, pki.server_key)
    with pytest.raises(TlsFilesError, match=rf"bad\.pem: {told}.*private key in PEM form"):
        server_context(pki.server, bad)
    with pytest.raises(TlsFilesError, match=rf"bad\.pem: {told}.*certificate in PEM form"):
        server_context(pki.server, pki.server_key, client_ca=bad)


def test_certificate_and_key_swapped(pki: Pki) -> None:
    """Both are PEM, so the error says which of the two was expected."""
    with pytest.raises(TlsFilesError, match=r"server-key\.pem: expected a certificate"):
        server_context(pki.server_key, pki.server)


@pytest.mark.parametrize("which", ["certificate", "key", "client_ca"])
def test_a_damaged_file(pki: Pki, tmp_path: Path, which: str) -> None:
    """PEM around nonsense, as a cut copy leaves it, is told with its file's name."""
    files = {"certificate": pki.server, "key": pki.server_key, "client_ca": pki.ca}
    whole = files[which].read_text().splitlines()
    files[which] = tmp_path / "damaged.pem"
    files[which].write_text("\n".join([whole[0], "AAAA", whole[-1], ""]))
    with pytest.raises(TlsFilesError, match=r"damaged\.pem"):
        server_context(files["certificate"], files["key"], client_ca=files["client_ca"])


@pytest.mark.parametrize("text", ["", "no PEM", "не PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_ca_that_is_none(text: str) -> None:
    """Whatever stands where the client pinned its CA, the error is the same one."""
    with pytest.raises(TlsFilesError, match="expected a CA certificate in PEM form"):
        client_context(ca_pem=text)


def test_a_new_certificate_is_shown_from_the_next_handshake_on(
    pki: Pki, server: ssl.SSLContext, trusting: ssl.SSLContext, tmp_path: Path
) -> None:
    """Loading a renewed certificate needs no new context."""
    renewed = pki.authority.server("localhost")
    load_certificate(server, *renewed.write(tmp_path, "renewed"))
    _, seen = meet(server, trusting)
    assert seen.chain == [renewed.der, pki.authority.der]


def test_a_bad_certificate_leaves_the_old_one_working(
    pki: Pki, server: ssl.SSLContext, trusting: ssl.SSLContext, tmp_path: Path
) -> None:
    """A renewal that went wrong is told and costs nobody the connection."""
    certificate, _ = pki.authority.server("localhost").write(tmp_path, "renewed")
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage")
    _, before = meet(server, trusting)
    for bad in ((certificate, pki.server_key), (garbage, pki.server_key), (certificate, garbage)):
        with pytest.raises(TlsFilesError):
            load_certificate(server, *bad)
        _, after = meet(server, trusting)
        assert after.error is None
        assert after.chain == before.chain
