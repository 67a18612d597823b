"""Checks a server's certificate and key before they are used, whoever made them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from securechat.ca import pem
from securechat.ca.errors import AuthorityError, BadNameError, KeyMismatchError, ValidityError
from securechat.ca.names import parse_name


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """What is in a server's certificate file."""

    names: tuple[str, ...]
    """DNS names and addresses that clients may connect to; empty when there is no SAN."""
    not_before: datetime
    not_after: datetime
    days_left: int
    """Whole days from now to ``not_after``."""
    ca_fingerprint: str | None
    """SHA-256 of the last certificate in the file, or None when it holds only the leaf."""
    warnings: tuple[str, ...] = ()
    """Faults that some clients will refuse it for; nearing expiry is not among them."""


def check_server_files(certificate: Path, key: Path, *, now: datetime) -> CertificateReport:
    """Read a server's certificate chain and key, and see that a TLS server can use them.

    Works for certificates of any CA and any kind of key.

    :param certificate: PEM: the server's own certificate first, then its chain, if any.
    :param key: PEM, not encrypted, readable by its owner only.
    :param now: aware.
    :raises StorageError: a file can't be read, holds something else, or the key's mode is open.
    :raises PassphraseError: the key is encrypted.
    :raises KeyMismatchError: the key isn't that of the first certificate.
    :raises ValidityError: expired, or not valid yet.
    :raises AuthorityError: the certificate isn't for servers.

    Any thread.
    """
    chain = pem.load_certificates(certificate)
    _check_pair(chain, pem.load_key(key), certificate, key)
    leaf = chain[0]
    _check_dates(leaf, certificate, now)
    _check_purpose(leaf, certificate)
    names = tuple(str(name) for name in pem.subject_names(leaf, certificate))
    return CertificateReport(
        names=names,
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        days_left=(leaf.not_valid_after_utc - now) // timedelta(days=1),
        ca_fingerprint=pem.fingerprint(chain[-1]) if len(chain) > 1 else None,
        warnings=_warnings(chain, names, certificate, now),
    )


def is_for(names: Sequence[str], host: str) -> bool:
    """Whether a certificate for ``names`` will do for ``host`` (RFC 9525, section 6).

    :param names: as in a report; one may be a wildcard.
    :param host: a DNS name or an address.
    """
    try:
        wanted = str(parse_name(host))
    except BadNameError:
        return False
    _, dot, parent = wanted.partition(".")
    lower = [name.lower() for name in names]
    # A wildcard stands for the first label, all of it and no more.
    return wanted in lower or bool(dot and f"*.{parent}" in lower)


def _check_pair(
    chain: Sequence[x509.Certificate], key: PrivateKeyTypes, certificate: Path, key_path: Path
) -> None:
    if any(pem.same_key(other, key) for other in chain[1:]) and not pem.same_key(chain[0], key):
        raise KeyMismatchError(
            f"{certificate}: the server's own certificate must come first, then its chain; "
            f"here the key belongs to a later one: put them in order"
        )
    pem.check_pair(chain[0], key, where=f"{certificate} and {key_path}")


def _check_dates(leaf: x509.Certificate, path: Path, now: datetime) -> None:
    if now > leaf.not_valid_after_utc:
        raise ValidityError(
            f"{path}: the certificate expired on {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC: "
            f"renew it ('gencerts renew' for one that gencerts made)"
        )
    if now < leaf.not_valid_before_utc:
        raise ValidityError(
            f"{path}: the certificate is valid only from "
            f"{leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC, and this machine's clock says "
            f"{now:%Y-%m-%d %H:%M} UTC: set the clock right, or wait"
        )


def _check_purpose(leaf: x509.Certificate, path: Path) -> None:
    usage = pem.extension(leaf, x509.ExtendedKeyUsage, path)
    fitting = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    # Without the extension it may be used for everything (RFC 5280 section 4.2.1.12).
    if usage is not None and not fitting.intersection(usage):
        raise AuthorityError(
            f"{path}: expected a server's certificate, found one that may not serve (no "
            f"serverAuth in its extended key usage): give the server's own, such as server.pem"
        )


def _warnings(
    chain: Sequence[x509.Certificate], names: Sequence[str], path: Path, now: datetime
) -> tuple[str, ...]:
    found = []
    if not names:
        found.append(f"{path}: no DNS name or address in it (no SAN): clients will refuse it")
    for lower, upper in itertools.pairwise(chain):
        if not pem.is_issued_by(lower, upper):
            found.append(f"{path}: the chain is broken or out of order: clients may refuse it")
            break
    if any(now > upper.not_valid_after_utc for upper in chain[1:]):
        found.append(f"{path}: a certificate of the chain has expired: clients may refuse it")
    return tuple(found)
