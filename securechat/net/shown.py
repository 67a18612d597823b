"""The certificate that a client shows in the handshake, for SASL EXTERNAL. I/O thread only."""

from __future__ import annotations

import ssl

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from securechat.credentials.certificate import fingerprint_of


def client_fingerprint(tls: ssl.SSLSocket) -> bytes | None:
    """Of the certificate that the handshake has verified, when it is made for clients.

    OpenSSL refuses one that is made for something else; one that says nothing of it, it takes.
    """
    der = tls.getpeercert(binary_form=True)
    return fingerprint_of(der) if der is not None and is_for_clients(der) else None


def is_for_clients(der: bytes) -> bool:
    """Whether its extended key usage names clientAuth (RFC 5280, section 4.2.1.12)."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage.value
