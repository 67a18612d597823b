"""Certificates that an impostor shows: each is wrong in one respect, and right in all others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = timedelta(days=1)
HERE = x509.SubjectAlternativeName([x509.DNSName("localhost")])
NEVER_HEARD_OF = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.4711"), b"\x05\x00")

WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
WITH_SHA1 = bytes.fromhex("300906072a8648ce3d0401")
"""AlgorithmIdentifiers of ECDSA (RFC 5758, RFC 3279)."""


def a_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Certificate:
    """What goes into a certificate. ca, path: basicConstraints, None for none at all. signs:
    whether its key may sign what such a one signs. critical: an extension that must be understood.
    """

    name: str = "localhost"
    key: Key = field(default_factory=a_key)
    begins: timedelta = -DAY
    ends: timedelta = DAY
    ca: bool | None = False
    path: int | None = None
    signs: bool = True
    usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.SERVER_AUTH
    names: x509.SubjectAlternativeName | None = HERE
    limits: x509.NameConstraints | None = None
    critical: x509.ExtensionType | None = None

    def signed_by(self, issuer: Certificate) -> x509.Certificate:
        """The certificate; signed by itself, it is its own issuer."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(self.name))
            .issuer_name(_name(issuer.name))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + self.begins)
            .not_valid_after(now + self.ends)
        )
        for extension, critical in self._extensions(issuer):
            builder = builder.add_extension(extension, critical)
        return builder.sign(issuer.key, hashes.SHA256())

    def _extensions(self, issuer: Certificate) -> list[tuple[x509.ExtensionType, bool]]:
        identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        found: list[tuple[x509.ExtensionType, bool]] = [(identifier, False), (authority, False)]
        found.append((_key_usage(ca=bool(self.ca), signs=self.signs), True))
        if self.ca is not None:
            found.append((x509.BasicConstraints(self.ca, self.path), True))
        if self.usage is not None:
            found.append((x509.ExtendedKeyUsage([self.usage]), False))
        if self.names is not None:
            found.append((self.names, False))
        if self.limits is not None:
            found.append((self.limits, True))
        if self.critical is not None:
            found.append((self.critical, True))
        return found


def an_authority(name: str = "Team CA") -> Certificate:
    return Certificate(name, ends=9 * DAY, ca=True, usage=None, names=None)


@dataclass(frozen=True)
class Chain:
    """What a server shows, leaf first, with the leaf's key; and what the client has pinned."""

    shown: list[x509.Certificate]
    key: Key
    pinned: x509.Certificate

    def write(self, directory: Path) -> tuple[Path, Path, Path]:
        """chain.pem, key.pem and ca.pem in directory."""
        chain, key, ca = (directory / f"{name}.pem" for name in ("chain", "key", "ca"))
        chain.write_text("".join(map(pem, self.shown)))
        key.write_bytes(_key_pem(self.key))
        ca.write_text(pem(self.pinned))
        return chain, key, ca


class Forger:
    """Makes chains around one authority, which the client trusts."""

    def __init__(self) -> None:
        self.root = an_authority()
        self.pinned = self.root.signed_by(self.root)

    def leaf(self, **wrong: Any) -> Chain:
        """A server's certificate that the authority has signed."""
        return self._below(self.root, self.pinned, **wrong)

    def foreign(self, **wrong: Any) -> Chain:
        """One of another authority of the same name."""
        other = an_authority()
        return self._below(other, other.signed_by(other), **wrong)

    def alone(self) -> Chain:
        """One that has signed itself."""
        leaf = Certificate()
        return Chain([leaf.signed_by(leaf)], leaf.key, self.pinned)

    def through(self, **wrong: Any) -> Chain:
        """One of another authority, which the trusted one has signed."""
        middle = replace(an_authority("Middle CA"), **wrong)
        return self._below(middle, middle.signed_by(self.root))

    def rooted(self, **wrong: Any) -> Chain:
        """A good one, of an authority that is pinned and shouldn't be."""
        root = replace(an_authority(), **wrong)
        pinned = root.signed_by(root)
        leaf = Certificate()
        return Chain([leaf.signed_by(root), pinned], leaf.key, pinned)

    def _below(self, issuer: Certificate, shown: x509.Certificate, **wrong: Any) -> Chain:
        leaf = replace(Certificate(), **wrong)
        return Chain([leaf.signed_by(issuer), shown], leaf.key, self.pinned)


def with_sha1(chain: Chain, place: int, issuer: Certificate) -> Chain:
    """The same with one of its certificates signed anew, with SHA-1, which `cryptography` refuses
    to do: so the name of the algorithm is changed in DER, and a bare digest is signed.
    """
    body = chain.shown[place].tbs_certificate_bytes.replace(WITH_SHA256, WITH_SHA1, 1)
    body = _encode(0x30, body[4:])  # two bytes of length, which is right for all that are made here
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    signature = issuer.key.sign(sha1(body).digest(), ec.ECDSA(Prehashed(hashes.SHA1())))
    whole = _encode(0x30, body + WITH_SHA1 + _encode(0x03, b"\0" + signature))
    signed = x509.load_der_x509_certificate(whole)
    assert isinstance(signed.signature_hash_algorithm, hashes.SHA1)
    return replace(chain, shown=[*chain.shown[:place], signed, *chain.shown[place + 1 :]])


def _encode(tag: int, content: bytes) -> bytes:
    length = len(content).to_bytes(2).lstrip(b"\0")
    return bytes([tag, *([0x80 | len(length)] if len(content) > 127 else []), *length]) + content


def dns(*names: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


def only_for(name: str) -> x509.NameConstraints:
    """An authority may vouch for this name and what lies below it."""
    return x509.NameConstraints([x509.DNSName(name)], None)


def weak_key() -> Key:
    return rsa.generate_private_key(65537, 1024)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _key_usage(*, ca: bool, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs and not ca,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs and ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
