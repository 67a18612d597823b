"""The check of a server's certificate and key, whoever made them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from securechat.ca import builders, files, pem
from securechat.ca.check import check_server_files
from securechat.ca.errors import (
    AuthorityError,
    KeyMismatchError,
    PassphraseError,
    StorageError,
    ValidityError,
)
from securechat.ca.files import NewFile
from securechat.ca.names import parse_names
from securechat.ca.pem import fingerprint
from tests.ca.support import GOOD_PASSPHRASE, NOW, make_issuer

ISSUER = make_issuer("chat.example.org", days=60)
KEY = builders.new_key()
LEAF = builders.build_server(
    ISSUER, KEY.public_key(), parse_names(["chat.example.org", "::1"]), now=NOW, days=30
)
CA = ISSUER.certificate


@pytest.fixture
def cert(tmp_path: Path) -> Path:
    """Where the certificate goes."""
    return tmp_path / "server.pem"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Where the key goes; a good one lies there."""
    path = tmp_path / "server-key.pem"
    save(path, pem.key_pem(KEY))
    return path


def save(path: Path, data: bytes) -> None:
    files.write_files([NewFile(path, data)], overwrite=True)


def save_chain(path: Path, *chain: x509.Certificate) -> None:
    save(path, pem.certificate_pem(*chain))


def self_signed(
    key: CertificateIssuerPrivateKeyTypes, extensions: Sequence[x509.ExtensionType] = ()
) -> x509.Certificate:
    """As other tools make them."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "other")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=90))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    plain = isinstance(key, ed25519.Ed25519PrivateKey)
    return builder.sign(key, None if plain else hashes.SHA256())


def test_a_good_chain_is_reported(cert: Path, key: Path) -> None:
    """Names, dates, whole days left, and the fingerprint of the chain's last certificate."""
    save_chain(cert, LEAF, CA)
    report = check_server_files(cert, key, now=NOW)
    assert report.names == ("chat.example.org", "::1")
    assert report.not_before == LEAF.not_valid_before_utc
    assert report.not_after == LEAF.not_valid_after_utc
    assert report.days_left == 29
    assert report.ca_fingerprint == fingerprint(CA)
    assert report.warnings == ()


def test_a_lone_leaf_has_no_ca_fingerprint(cert: Path, key: Path) -> None:
    """Its issuer isn't known here."""
    save_chain(cert, LEAF)
    assert check_server_files(cert, key, now=NOW).ca_fingerprint is None


@pytest.mark.parametrize(
    "other",
    [
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["rsa", "ed25519"],
)
def test_certificates_of_other_kinds_pass(
    cert: Path, key: Path, other: CertificateIssuerPrivateKeyTypes
) -> None:
    """Any key; no key usage at all; self-signed."""
    san = x509.SubjectAlternativeName([x509.DNSName("*.example.org")])
    save_chain(cert, self_signed(other, [san]))
    save(key, pem.key_pem(other))
    report = check_server_files(cert, key, now=NOW)
    assert report.names == ("*.example.org",)
    assert report.days_left == 90


def test_one_file_may_hold_certificate_and_key(cert: Path) -> None:
    """In any order."""
    save(cert, pem.key_pem(KEY) + pem.certificate_pem(LEAF, CA))
    assert check_server_files(cert, cert, now=NOW).names[0] == "chat.example.org"


def test_a_foreign_key_is_refused(cert: Path, key: Path) -> None:
    """Both files are named."""
    save_chain(cert, LEAF, CA)
    save(key, pem.key_pem(builders.new_key()))
    with pytest.raises(KeyMismatchError, match=r"server\.pem and .*server-key\.pem: the key does"):
        check_server_files(cert, key, now=NOW)


def test_a_chain_in_the_wrong_order_is_told_so(cert: Path, key: Path) -> None:
    """Rather than blaming the key."""
    save_chain(cert, CA, LEAF)
    with pytest.raises(KeyMismatchError, match="own certificate must come first"):
        check_server_files(cert, key, now=NOW)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(cert: Path, key: Path, bits: int) -> None:
    """Group or world."""
    save_chain(cert, LEAF, CA)
    key.chmod(bits)
    with pytest.raises(StorageError, match=rf"server-key\.pem: other users .*mode {bits:04o}"):
        check_server_files(cert, key, now=NOW)


def test_an_encrypted_key_is_refused(cert: Path, key: Path) -> None:
    """A server that starts by itself can't be asked."""
    save_chain(cert, LEAF, CA)
    save(key, pem.key_pem(KEY, GOOD_PASSPHRASE))
    with pytest.raises(PassphraseError, match="the key is encrypted and nobody is there"):
        check_server_files(cert, key, now=NOW)


def test_missing_files_are_named(cert: Path, key: Path) -> None:
    """The certificate's and the key's."""
    with pytest.raises(StorageError, match=r"server\.pem: no such file"):
        check_server_files(cert, key, now=NOW)
    save_chain(cert, LEAF, CA)
    key.unlink()
    with pytest.raises(StorageError, match=r"server-key\.pem: no such file"):
        check_server_files(cert, key, now=NOW)


def test_dates_are_checked(cert: Path, key: Path) -> None:
    """Both ends of the validity belong to it; beyond them it is an error with a way out."""
    save_chain(cert, LEAF, CA)
    for edge in (LEAF.not_valid_before_utc, LEAF.not_valid_after_utc):
        check_server_files(cert, key, now=edge)
    second = timedelta(seconds=1)
    with pytest.raises(ValidityError, match=r"expired on 2030-06-16 10:59 UTC: .*gencerts renew"):
        check_server_files(cert, key, now=LEAF.not_valid_after_utc + second)
    with pytest.raises(ValidityError, match=r"valid only from 2030-05-17 11:00 UTC.*clock"):
        check_server_files(cert, key, now=LEAF.not_valid_before_utc - second)


def test_a_client_certificate_is_refused(cert: Path, key: Path) -> None:
    """It may not serve."""
    save_chain(cert, builders.build_client(ISSUER, KEY.public_key(), "alice", now=NOW))
    with pytest.raises(AuthorityError, match=r"expected a server's certificate.*serverAuth"):
        check_server_files(cert, key, now=NOW)


def test_malformed_extensions_are_told(cert: Path, key: Path) -> None:
    """A SAN that is no SAN."""
    rubbish = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x04\x01x")
    save_chain(cert, self_signed(KEY, [rubbish]))
    with pytest.raises(AuthorityError, match="extensions are malformed"):
        check_server_files(cert, key, now=NOW)


def test_faults_that_clients_stumble_over_are_warnings(cert: Path, key: Path) -> None:
    """No names, a chain that doesn't join, a chain that is over."""
    save_chain(cert, self_signed(KEY))
    assert "no DNS name or address" in check_server_files(cert, key, now=NOW).warnings[0]
    save_chain(cert, LEAF, make_issuer("other.example").certificate)
    assert "the chain is broken" in check_server_files(cert, key, now=NOW).warnings[0]
    save_chain(
        cert, LEAF, make_issuer("other.example", now=NOW - timedelta(days=9), days=1).certificate
    )
    assert len(check_server_files(cert, key, now=NOW).warnings) == 2
