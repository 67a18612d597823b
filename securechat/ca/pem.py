"""Keys and certificates in PEM files: reading with clear errors, checking that they match."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from securechat.ca import files
from securechat.ca.errors import AuthorityError, KeyMismatchError, PassphraseError, StorageError
from securechat.ca.names import Name

#: Gives the passphrase of the key in that file, by asking or from elsewhere.
Passphrase = Callable[[Path], bytes]

ExtensionT = TypeVar("ExtensionT", bound=x509.ExtensionType)

_KEY_BLOCK = re.compile(
    rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----[ \t\r]*\n?", re.DOTALL
)


def key_path_for(certificate: Path) -> Path:
    """The path of a certificate's key: ``X-key.pem`` beside ``X.pem``."""
    return certificate.with_name(f"{certificate.stem}-key.pem")


def load_certificates(path: Path) -> list[x509.Certificate]:
    """All certificates of a PEM file in their order: the leaf, then its chain.

    :raises StorageError: the file can't be read, or holds no certificate.
    """
    data = files.read(path)
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        found = "no readable certificate"
        if _KEY_BLOCK.search(data):
            found = "a private key and no readable certificate"
        raise StorageError(
            path,
            f"expected a certificate in PEM form (-----BEGIN CERTIFICATE-----), found {found}",
        ) from error


def load_key(path: Path, passphrase: Passphrase | None = None) -> PrivateKeyTypes:
    """The private key of a PEM file, which may hold certificates too.

    :param passphrase: asked when the key is encrypted.
    :raises StorageError: unreadable, readable by others, or no key inside.
    :raises PassphraseError: the key is encrypted and there is no passphrase, or the wrong one.
    """
    block = _KEY_BLOCK.search(files.read(path, secret=True))
    if block is None:
        raise StorageError(
            path, "expected a private key in PEM form (-----BEGIN PRIVATE KEY-----), found none"
        )
    encrypted = b"ENCRYPTED" in block.group()
    if encrypted and passphrase is None:
        raise PassphraseError(
            f"{path}: the key is encrypted and nobody is there to give its passphrase: give a "
            f"key without one ('openssl pkey -in {path.name} -out PLAIN' makes it)"
        )
    password = passphrase(path) if encrypted and passphrase else None
    try:
        return serialization.load_pem_private_key(block.group(), password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if encrypted:
            raise PassphraseError(f"{path}: wrong passphrase: try again") from error
        raise StorageError(path, "the private key in it is damaged or of an unknown kind") from None


def is_encrypted(path: Path) -> bool:
    """Whether the key file asks for a passphrase.

    :raises StorageError: as :func:`load_key`.
    """
    # In PKCS #8 it stands in the first line, in OpenSSL's older form in a header (Proc-Type).
    return b"ENCRYPTED" in files.read(path, secret=True)


def key_pem(key: PrivateKeyTypes, passphrase: bytes | None = None) -> bytes:
    """The key as PKCS #8, encrypted when there is a passphrase."""
    encryption = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def certificate_pem(*certificates: x509.Certificate) -> bytes:
    """Certificates one after the other."""
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def fingerprint(certificate: x509.Certificate | Path) -> str:
    """SHA-256 of the certificate (of the first one in a PEM file): 64 lower-case hex digits.

    :raises StorageError: the file can't be read, or holds no certificate.
    """
    if isinstance(certificate, Path):
        certificate = load_certificates(certificate)[0]
    return certificate.fingerprint(hashes.SHA256()).hex()


def extension(
    certificate: x509.Certificate, kind: type[ExtensionT], where: Path
) -> ExtensionT | None:
    """The value of an extension, or None.

    :param where: the file, for the error.
    :raises AuthorityError: the certificate's extensions can't be read.
    """
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise AuthorityError(
            f"{where}: the certificate's extensions are malformed ({error}): have it issued again"
        ) from error


def subject_names(certificate: x509.Certificate, where: Path) -> tuple[Name, ...]:
    """The DNS names and addresses that a certificate answers to; other forms are left out."""
    san = extension(certificate, x509.SubjectAlternativeName, where)
    if san is None:
        return ()
    names = [entry.value for entry in san if isinstance(entry, x509.DNSName | x509.IPAddress)]
    # A malformed one may hold networks, which belong into constraints only.
    return tuple(name for name in names if not hasattr(name, "prefixlen"))


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's name and key made this certificate; dates don't matter."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def belong_together(chain: bytes, key: bytes, authority: bytes | None) -> bool:
    """Whether a plain key is that of the first certificate, which the authority has issued; all in
    PEM form. Their dates don't matter. authority: None for one that is somebody else's.
    """
    try:
        leaf = x509.load_pem_x509_certificates(chain)[0]
        own = same_key(leaf, serialization.load_pem_private_key(key, None))
        issuer = x509.load_pem_x509_certificates(authority)[0] if authority is not None else None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return own and (issuer is None or is_issued_by(leaf, issuer))


def check_pair(certificate: x509.Certificate, key: PrivateKeyTypes, *, where: str) -> None:
    """The key must be the certificate's.

    :param where: both files' names, for the error.
    :raises KeyMismatchError: it isn't.
    """
    if not same_key(certificate, key):
        raise KeyMismatchError(
            f"{where}: the key does not belong to the certificate: give the key that it was "
            f"made with, or make both anew"
        )


def same_key(certificate: x509.Certificate, key: PrivateKeyTypes) -> bool:
    """Whether the certificate's public key is that of ``key``."""
    return _spki(certificate.public_key()) == _spki(key.public_key())


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
