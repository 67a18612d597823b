"""Reading keys and certificates, and seeing whether they match."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from securechat.ca import builders, files, pem
from securechat.ca.errors import KeyMismatchError, PassphraseError, StorageError
from securechat.ca.files import NewFile
from tests.ca.support import (
    GOOD_PASSPHRASE,
    NOW,
    make_client,
    make_issuer,
    make_server,
    needs_openssl,
)

ISSUER = make_issuer("chat.example.org")
LEAF = make_server(ISSUER, "chat.example.org", "::1")


def save(path: Path, data: bytes) -> Path:
    files.write_files([NewFile(path, data)], overwrite=True)
    return path


def test_a_chain_is_read_in_its_order(tmp_path: Path) -> None:
    """The leaf first; a key or text between them doesn't matter."""
    key = pem.key_pem(ISSUER.key)
    data = pem.certificate_pem(LEAF) + b"# the CA\n" + key + pem.certificate_pem(ISSUER.certificate)
    path = save(tmp_path / "chain.pem", data)
    assert pem.load_certificates(path) == [LEAF, ISSUER.certificate]
    assert pem.same_key(ISSUER.certificate, pem.load_key(path))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "found no readable certificate"),
        (b"\x30\x82", "found no readable certificate"),
        (pem.key_pem(ISSUER.key), "found a private key and no readable certificate"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "found no readable certificate",
        ),
    ],
    ids=["empty", "der", "key", "damaged"],
)
def test_a_file_without_certificate_is_explained(tmp_path: Path, data: bytes, found: str) -> None:
    """It says what was found instead."""
    with pytest.raises(StorageError, match=f"expected a certificate in PEM form.*{found}"):
        pem.load_certificates(save(tmp_path / "x.pem", data))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (pem.certificate_pem(LEAF), "expected a private key in PEM form"),
        (
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "damaged or of an unknown kind",
        ),
    ],
    ids=["certificate", "damaged"],
)
def test_a_file_without_key_is_explained(tmp_path: Path, data: bytes, found: str) -> None:
    """And the text holds no piece of it."""
    with pytest.raises(StorageError, match=found) as caught:
        pem.load_key(save(tmp_path / "x.pem", data))
    assert "AAAA" not in str(caught.value)


def test_an_encrypted_key_opens_with_its_passphrase(tmp_path: Path) -> None:
    """The one who knows it is asked with the file's path, and only when there is need."""
    asked: list[Path] = []

    def passphrase(path: Path) -> bytes:
        asked.append(path)
        return GOOD_PASSPHRASE

    locked = save(tmp_path / "locked.pem", pem.key_pem(ISSUER.key, GOOD_PASSPHRASE))
    plain = save(tmp_path / "plain.pem", pem.key_pem(ISSUER.key))
    assert pem.same_key(ISSUER.certificate, pem.load_key(locked, passphrase))
    assert pem.same_key(ISSUER.certificate, pem.load_key(plain, passphrase))
    assert asked == [locked]
    assert (pem.is_encrypted(locked), pem.is_encrypted(plain)) == (True, False)


def test_an_encrypted_key_stays_shut_without_it(tmp_path: Path) -> None:
    """Wrong and missing passphrases are told apart, and neither is repeated in the text."""
    path = save(tmp_path / "locked.pem", pem.key_pem(ISSUER.key, GOOD_PASSPHRASE))
    with pytest.raises(PassphraseError, match="wrong passphrase: try again") as caught:
        pem.load_key(path, lambda _: b"guess me if you can")
    assert "guess" not in str(caught.value)
    with pytest.raises(PassphraseError, match=r"encrypted .*openssl pkey -in locked\.pem"):
        pem.load_key(path)


@needs_openssl
@pytest.mark.parametrize("passphrase", [None, GOOD_PASSPHRASE])
def test_keys_are_pkcs8_that_openssl_reads(tmp_path: Path, passphrase: bytes | None) -> None:
    """So nobody depends on this tool to get at their own key."""
    path = save(tmp_path / "key.pem", pem.key_pem(ISSUER.key, passphrase))
    command = ["openssl", "pkey", "-in", str(path), "-pubout", "-passin", "stdin"]
    done = subprocess.run(command, input=passphrase or b"none\n", capture_output=True, check=True)
    assert b"BEGIN PUBLIC KEY" in done.stdout


def test_an_open_key_file_is_refused(tmp_path: Path) -> None:
    """Group readability is enough."""
    path = save(tmp_path / "key.pem", pem.key_pem(ISSUER.key))
    path.chmod(0o640)
    for read in (pem.load_key, pem.is_encrypted):
        with pytest.raises(StorageError, match="chmod 600"):
            read(path)


def test_a_key_belongs_to_one_certificate(tmp_path: Path) -> None:
    """The error names both files."""
    pem.check_pair(ISSUER.certificate, ISSUER.key, where="a and b")
    with pytest.raises(KeyMismatchError, match="a and b: the key does not belong"):
        pem.check_pair(LEAF, ISSUER.key, where="a and b")


def test_what_belongs_together_is_known_without_files() -> None:
    """A chain, its key, and who has issued it; anything else is not."""
    issuer, other = make_issuer(), make_issuer()
    key = builders.new_key()
    leaf = builders.build_server(issuer, key.public_key(), ("chat.example",), now=NOW, days=2)
    chain, own = pem.certificate_pem(leaf, issuer.certificate), pem.key_pem(key)
    ca = pem.certificate_pem(issuer.certificate)
    assert pem.belong_together(chain, own, ca)
    assert pem.belong_together(chain, own, None)
    assert not pem.belong_together(chain, pem.key_pem(builders.new_key()), ca)
    assert not pem.belong_together(chain, own, pem.certificate_pem(other.certificate))
    assert not pem.belong_together(ca, own, ca)
    assert not pem.belong_together(chain, pem.key_pem(key, GOOD_PASSPHRASE), ca)
    for noise in (b"", b"\xff\x00", own):
        assert not pem.belong_together(noise, own, ca)
        assert not pem.belong_together(chain, noise if noise != own else chain, ca)
        assert not pem.belong_together(chain, own, noise)


def test_who_issued_what() -> None:
    """By name and signature: a namesake doesn't pass."""
    namesake_key = builders.new_key()
    namesake = (
        x509.CertificateBuilder()
        .subject_name(ISSUER.certificate.subject)
        .issuer_name(ISSUER.certificate.subject)
        .public_key(namesake_key.public_key())
        .serial_number(7)
        .not_valid_before(ISSUER.certificate.not_valid_before_utc)
        .not_valid_after(ISSUER.certificate.not_valid_after_utc)
    ).sign(namesake_key, ISSUER.certificate.signature_hash_algorithm)  # type: ignore[arg-type]
    assert pem.is_issued_by(LEAF, ISSUER.certificate)
    assert not pem.is_issued_by(LEAF, namesake)
    assert not pem.is_issued_by(ISSUER.certificate, LEAF)


def test_a_fingerprint_is_the_sha256_of_the_der(tmp_path: Path) -> None:
    """In lower-case hex, of the first certificate in a file."""
    expected = hashlib.sha256(LEAF.public_bytes(Encoding.DER)).hexdigest()
    path = save(tmp_path / "chain.pem", pem.certificate_pem(LEAF, ISSUER.certificate))
    assert pem.fingerprint(LEAF) == pem.fingerprint(path) == expected


def test_names_are_read_from_the_san() -> None:
    """A certificate without one has none."""
    assert list(map(str, pem.subject_names(LEAF, Path("x")))) == ["chat.example.org", "::1"]
    assert pem.subject_names(make_client(ISSUER, "alice"), Path("x")) == ()


def test_the_key_lies_beside_its_certificate() -> None:
    """X-key.pem for X.pem."""
    assert pem.key_path_for(Path("certs/server.pem")) == Path("certs/server-key.pem")
