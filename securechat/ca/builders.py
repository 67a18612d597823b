"""Certificates, built after RFC 5280. Pure: objects and the time come in, certificates go out.

The builders keep to the profile (extensions, lifetimes, serial numbers). Whether the issuer may
sign for a name is asked before, in :mod:`securechat.ca.authority`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from securechat.ca.constraints import NO_NAMES, constraints_for
from securechat.ca.errors import ValidityError
from securechat.ca.names import MAX_COMMON_NAME, Name

#: Longer-lived server certificates are refused by Apple's systems and by the CA/Browser Forum.
MAX_LEAF_DAYS = 397
DEFAULT_CA_DAYS = 3650
#: Thirty years: longer than anybody should trust one key, short of the year 9999.
MAX_CA_DAYS = 10950
#: Validity starts this much before now, for members whose clocks are behind.
BACKDATE = timedelta(hours=1)

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA's certificate with the key that signs for it."""

    certificate: x509.Certificate
    key: SigningKey = field(repr=False)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh ECDSA key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def build_ca(
    key: ec.EllipticCurvePrivateKey,
    names: Sequence[Name],
    *,
    now: datetime,
    days: int = DEFAULT_CA_DAYS,
    strict: bool = False,
) -> x509.Certificate:
    """A self-signed CA that may sign for ``names`` (see :func:`constraints_for`) and nothing else.

    :param now: aware; validity starts :data:`BACKDATE` before it and lasts ``days`` days.
    :raises ValidityError: ``days`` is not within 1 to :data:`MAX_CA_DAYS`.
    """
    check_ca_days(days)
    public_key = key.public_key()
    subject = _ca_subject(public_key, names)
    builder = _start_ca(subject, public_key, now, days)
    # Critical (RFC 5280 section 4.2.1.10): who can't read constraints must refuse the CA, and not
    # overlook them.
    builder = builder.add_extension(constraints_for(names, strict=strict), critical=True)
    # Name constraints bind only DNS names and addresses. This keeps a stolen key from signing
    # programs, mail or clients, for which those names don't count.
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
    )
    return builder.sign(key, hashes.SHA256())


def build_client_ca(
    key: ec.EllipticCurvePrivateKey, *, now: datetime, days: int = DEFAULT_CA_DAYS
) -> x509.Certificate:
    """A self-signed CA that signs clients' certificates and nothing else.

    :raises ValidityError: ``days`` is not within 1 to :data:`MAX_CA_DAYS`.
    """
    check_ca_days(days)
    public_key = key.public_key()
    subject = _common_name(f"securechat client CA ({_key_digest(public_key)})")
    builder = _start_ca(subject, public_key, now, days)
    # A thief of its key makes no server's certificate that anybody would take: it may sign for no
    # name, and for no purpose but clientAuth.
    builder = builder.add_extension(NO_NAMES, critical=True)
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
    )
    return builder.sign(key, hashes.SHA256())


def build_server(
    issuer: Issuer,
    public_key: PublicKey,
    names: Sequence[Name],
    *,
    now: datetime,
    days: int = MAX_LEAF_DAYS,
) -> x509.Certificate:
    """A certificate for a TLS server (serverAuth only) that answers to ``names``.

    The subject is the first DNS name that fits; without one it is empty.

    :param names: parsed, at least one; addresses become iPAddress entries.
    :param now: aware; validity starts a little before it, and never outlives the issuer's.
    :raises ValidityError: ``days`` is not within 1 to 397, or the issuer isn't valid at ``now``.
    """
    # No address in the subject: verifiers would read it as a DNS name and hold it against the CA's
    # constraints.
    fitting = [n for n in names if isinstance(n, str) and len(n) <= MAX_COMMON_NAME]
    subject = _common_name(fitting[0]) if fitting else x509.Name([])
    builder = _start_leaf(issuer, subject, public_key, now, days)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([_general_name(name) for name in names]),
        critical=not fitting,  # with an empty subject it must be (RFC 5280 section 4.2.1.6)
    )
    return _sign_leaf(builder, issuer, ExtendedKeyUsageOID.SERVER_AUTH)


def build_client(
    issuer: Issuer,
    public_key: PublicKey,
    account: str,
    *,
    now: datetime,
    days: int = MAX_LEAF_DAYS,
) -> x509.Certificate:
    """A certificate for a client (clientAuth only), to be registered for ``account``.

    The account is the subject's common name, for people to read.

    :param account: as :func:`securechat.ca.names.parse_account` returns it.
    :raises ValidityError: as for :func:`build_server`.
    """
    # No SAN: an account is neither a host nor an address nor a mailbox, and every such entry would
    # fall under the CA's name constraints.
    builder = _start_leaf(issuer, _common_name(account), public_key, now, days)
    return _sign_leaf(builder, issuer, ExtendedKeyUsageOID.CLIENT_AUTH)


def _ca_subject(public_key: PublicKey, names: Sequence[Name]) -> x509.Name:
    """A CA's name, with a piece of its key's digest."""
    # Distinct for each key: two CAs of one name confuse every trust store they meet in.
    tail = f" ({_key_digest(public_key)})"
    domains = [name for name in names if isinstance(name, str) and name != "localhost"]
    label = f"securechat CA of {domains[0]}" if domains else "securechat CA"
    return _common_name(label[: MAX_COMMON_NAME - len(tail)] + tail)


def _key_digest(public_key: PublicKey) -> str:
    spki = public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(spki).hexdigest()[:8]


def _start_ca(
    subject: x509.Name, public_key: PublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    not_before, not_after = _lifetime(now, days)
    builder = _start(subject, subject, public_key, not_before, not_after)
    # Path length 0: nothing that it signs may sign in its turn (RFC 5280 section 4.2.1.9).
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    return builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key), critical=False
    )


def _start_leaf(
    issuer: Issuer, subject: x509.Name, public_key: PublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    check_leaf_days(days)
    check_issuer_dates(issuer.certificate, now)
    not_before, not_after = _lifetime(now, days)
    ca = issuer.certificate
    # Within the CA's own validity: outside of it no chain is accepted, whatever the leaf says.
    builder = _start(
        subject,
        ca.subject,
        public_key,
        max(not_before, ca.not_valid_before_utc),
        min(not_after, ca.not_valid_after_utc),
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
    return builder.add_extension(_authority_key_identifier(ca), critical=False)


def _start(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: PublicKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        # Random, positive, at most 20 octets: RFC 5280 section 4.1.2.2.
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _sign_leaf(
    builder: x509.CertificateBuilder, issuer: Issuer, purpose: x509.ObjectIdentifier
) -> x509.Certificate:
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def check_issuer_dates(ca: x509.Certificate, now: datetime) -> None:
    """See that a CA is valid at ``now``.

    :raises ValidityError: it has expired, or isn't valid yet.
    """
    if now > ca.not_valid_after_utc:
        raise ValidityError(
            f"the CA expired on {ca.not_valid_after_utc:%Y-%m-%d}: nothing that it signs is "
            f"accepted any more. Make a new one with 'gencerts --new-ca --force NAME…' and give "
            f"its ca.pem to every member"
        )
    if now < ca.not_valid_before_utc:
        raise ValidityError(
            f"the CA is valid only from {ca.not_valid_before_utc:%Y-%m-%d %H:%M} UTC, and this "
            f"machine's clock says {now:%Y-%m-%d %H:%M} UTC: set the clock right and try again"
        )


def check_leaf_days(days: int) -> None:
    """:raises ValidityError: a server or client can't have a certificate of that many days."""
    _check_days(days, MAX_LEAF_DAYS, "a server's or client's certificate")


def check_ca_days(days: int) -> None:
    """:raises ValidityError: a CA can't be made for that many days."""
    _check_days(days, MAX_CA_DAYS, "a CA")


def _check_days(days: int, limit: int, what: str) -> None:
    if days > limit:
        raise ValidityError(f"{what} is valid for 1 to {limit} days, not {days}: ask for fewer")
    if days < 1:
        raise ValidityError(f"{what} is valid for 1 to {limit} days, not {days}: ask for more")


def _lifetime(now: datetime, days: int) -> tuple[datetime, datetime]:
    not_before = now.replace(microsecond=0) - BACKDATE  # a certificate's times are whole seconds
    # Both ends belong to the validity (RFC 5280 section 4.1.2.5), hence the second less.
    return not_before, not_before + timedelta(days=days) - timedelta(seconds=1)


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(name: Name) -> x509.GeneralName:
    return x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    # TLS 1.3 needs digitalSignature and nothing else; a CA signs certificates and CRLs.
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key_identifier(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    # The issuer's own identifier, which needn't be the usual hash in a CA made elsewhere.
    try:
        extension = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        public_key = ca.public_key()
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key)  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(extension.value)
