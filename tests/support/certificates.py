"""Certificates for tests: a CA and what it signs, good or wrong in one respect.

Made with `cryptography` and not with securechat.ca, so that what is tested doesn't test itself.
ECDSA P-256, a millisecond each.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key and the certificate that signed it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    issuer: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def key_pem(self, passphrase: bytes | None = None) -> bytes:
        """The key in PKCS #8, encrypted when there is a passphrase."""
        encryption = (
            serialization.BestAvailableEncryption(passphrase)
            if passphrase
            else serialization.NoEncryption()
        )
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """NAME.pem with the chain and NAME-key.pem (0600) in directory; returns both paths."""
        certificate, key = directory / f"{name}.pem", directory / f"{name}-key.pem"
        certificate.write_bytes(pem(self.certificate) + pem(self.issuer))
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(self.key_pem())
        return certificate, key


class Authority:
    """A CA that signs whatever a test wants. constraints: what it may vouch for, None for all."""

    def __init__(
        self,
        name: str = "Test CA",
        constraints: x509.NameConstraints | None = None,
        *,
        critical: bool = True,
    ) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), _name(name), self._key, None, DAY)
        builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        builder = builder.add_extension(_key_usage(ca=True), critical=True)
        if constraints is not None:
            builder = builder.add_extension(constraints, critical=critical)
        self.certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return pem(self.certificate).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def write(self, directory: Path, name: str = "ca") -> Path:
        """NAME.pem in directory; returns its path."""
        path = directory / f"{name}.pem"
        path.write_bytes(pem(self.certificate))
        return path

    def server(self, *names: str, lasts: timedelta = DAY, common_name: str = "server") -> Issued:
        """A server's certificate for these DNS names and IP addresses, none for no SAN at all.

        lasts: how long it is valid from now on; negative for one that has expired.
        """
        san = x509.SubjectAlternativeName([_general_name(name) for name in names])
        return self._issue(
            common_name, (ExtendedKeyUsageOID.SERVER_AUTH,), lasts, san if names else None
        )

    def client(self, account: str, *, lasts: timedelta = DAY) -> Issued:
        """A client's certificate with the account as its name."""
        return self._issue(account, (ExtendedKeyUsageOID.CLIENT_AUTH,), lasts)

    def purposes(self, name: str, *usages: x509.ObjectIdentifier) -> Issued:
        """One with these in its extended key usage, or without that extension."""
        return self._issue(name, usages, DAY)

    def _issue(
        self,
        common_name: str,
        usages: Sequence[x509.ObjectIdentifier],
        lasts: timedelta,
        san: x509.SubjectAlternativeName | None = None,
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(common_name)
        builder = _builder(subject, self.certificate.subject, key, self._key, lasts)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(_key_usage(ca=False), critical=True)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if san is not None:
            builder = builder.add_extension(san, critical=False)
        return Issued(builder.sign(self._key, hashes.SHA256()), key, self.certificate)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    """A CA signs certificates and revocation lists, everybody else signs handshakes."""
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey | None,
    lasts: timedelta,
) -> x509.CertificateBuilder:
    """Names, dates, key and key identifiers, which every certificate has (RFC 5280)."""
    now = datetime.now(UTC)
    signer = (issuer_key or key).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 9 * DAY)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
