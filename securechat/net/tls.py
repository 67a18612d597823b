"""The only place that sets TLS options.

RFC 8446 (TLS 1.3), RFC 9325 (recommendations for use of TLS). Contexts are made by the main
thread and then used by the I/O threads, which is safe in OpenSSL; a TLS connection is used by one
thread only.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any, Literal

from securechat.common.files import read_named
from securechat.credentials.device import fingerprint_of

MinVersion = Literal["1.2", "1.3"]
KeyExchange = Literal["X25519", "P-256"]

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

_CURVES: dict[KeyExchange, str] = {"X25519": "X25519", "P-256": "prime256v1"}

# For TLS 1.2 only, where a server chooses to allow it: forward secrecy and an AEAD.
_TLS12_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


# OpenSSL's reasons for a key of another certificate: of the same type, of another type.
_FOREIGN_KEY = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")


class TlsFilesError(Exception):
    """Certificate, key or CA could not be loaded; the text names the file and what to do."""


def server_context(
    certificate: Path,
    key: Path,
    *,
    client_ca: Path | None = None,
    min_version: MinVersion = "1.3",
    key_exchange: KeyExchange = "X25519",
    alpn: str | None = None,
) -> ssl.SSLContext:
    """The context of a listener.

    certificate: PEM, the server's certificate followed by its chain. key: its PEM key, without
    a passphrase. client_ca: PEM; certificates that it signed are asked for and, when a client
    shows one, verified (SASL EXTERNAL). key_exchange: the one group for it; RFC 8446, 9.1, has
    every client know P-256 and most X25519. alpn: the protocol that is spoken, for clients that ask
    (RFC 7301). Raises TlsFilesError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[min_version]
    context.set_ciphers(_TLS12_CIPHERS)
    # For TLS 1.2; TLS 1.3 has neither. Compression tells by its length what is in it (CRIME);
    # renegotiation has the server do handshake after handshake on one connection.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.options |= ssl.OP_SINGLE_ECDH_USE | ssl.OP_NO_TICKET
    # One group for the key exchange, as Python has no list of groups before 3.15. Left to itself
    # OpenSSL also offers finite fields: a handshake over the largest costs the server 140 ms and
    # a stranger nothing (CVE-2002-20001). Clients begin with X25519: to be asked for another one
    # costs them a round trip, and the server 3.4 KiB a connection and a third more CPU.
    choose_group(context, key_exchange)
    # No tickets: a ticket key would weaken forward secrecy, and writing two of them is a fifth of
    # what a login costs. So TLS 1.3 never resumes. TLS 1.2, where allowed, may resume by session
    # id from OpenSSL's bounded cache in memory, which Python offers no switch for.
    context.num_tickets = 0
    load_certificate(context, certificate, key)
    if client_ca is not None:
        _expect_pem(client_ca, "certificate")
        try:
            context.load_verify_locations(cafile=client_ca)
        except (OSError, ssl.SSLError) as error:
            raise TlsFilesError(
                f"{client_ca}: expected a CA certificate in PEM form ({error})"
            ) from error
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    if alpn is not None:
        context.set_alpn_protocols([alpn])
    return context


def choose_group(context: ssl.SSLContext, key_exchange: KeyExchange) -> None:
    """Exchange keys over this group only; over P-256 where this Python can't choose X25519."""
    try:
        context.set_ecdh_curve(_CURVES[key_exchange])
    except ssl.SSLError:
        # Python 3.11.2, which Debian 12 has, takes curves of the older kind only, and X25519 isn't
        # one. P-256 is what every client has; those that begin with X25519 are asked for it.
        context.set_ecdh_curve(_CURVES["P-256"])


def load_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Load, or load anew, a certificate: later handshakes use it, running connections stay as they
    are. Raises TlsFilesError and then leaves the context as it was.

    OpenSSL keeps one certificate for each type of key (ECDSA, RSA), so one with another type is
    served beside the old one, not instead of it. A server that reloads makes a new context.
    """
    _expect_pem(certificate, "certificate")
    _expect_pem(key, "private key")
    # Into another context first: that a key doesn't fit shows when its certificate is in place.
    probe = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for target in (probe, context):
        try:
            target.load_cert_chain(certificate, key, password=_no_passphrase)
        except (OSError, ssl.SSLError, _PassphraseWantedError) as error:
            raise TlsFilesError(
                f"can't use certificate {certificate} with key {key}: {_reason(error)}"
            ) from error


class _PassphraseWantedError(Exception):
    """OpenSSL asked for a passphrase."""


def _no_passphrase() -> str:
    # Without it OpenSSL would ask at the terminal, and a server wait there for ever.
    raise _PassphraseWantedError


def _expect_pem(file: Path, what: str) -> None:
    """Raises TlsFilesError when a file doesn't hold a PEM block of the kind `what`."""
    # OpenSSL's errors tell neither which file is wrong nor that two were swapped.
    wanted = f"expected a {what} in PEM form, as `gencerts` makes it"
    try:
        content = read_named(file)
    except OSError as error:
        raise TlsFilesError(f"{file}: {error.strerror}; {wanted}") from error
    if not re.search(rb"-----BEGIN [A-Z0-9 ]*%b-----" % what.upper().encode(), content):
        raise TlsFilesError(f"{file}: {wanted}")


def _reason(error: Exception) -> str:
    if isinstance(error, _PassphraseWantedError):
        return "the key is encrypted; expected one without a passphrase"
    if isinstance(error, ssl.SSLError) and error.reason in _FOREIGN_KEY:
        return "the key does not belong to the certificate"
    if isinstance(error, ssl.SSLError):
        return f"one of them is damaged ({error.reason or error})"
    return str(getattr(error, "strerror", None) or error)


def client_context(
    *,
    ca_pem: str | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> ssl.SSLContext:
    """A context that verifies the server's certificate and its name.

    ca_pem: the only CA that is trusted, as PEM text; None for the system's store.
    certificate, key: a client certificate to show, PEM files. Raises TlsFilesError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_TLS12_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.hostname_checks_common_name = False  # RFC 9525, section 2: only a SAN is a name
    if ca_pem is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        try:
            context.load_verify_locations(cadata=ca_pem)
        except (TypeError, ValueError, ssl.SSLError) as error:  # TypeError: not ASCII
            raise TlsFilesError(f"expected a CA certificate in PEM form ({error})") from error
    if certificate is not None:
        load_certificate(context, certificate, key or certificate)
    return context


def probe_context() -> ssl.SSLContext:
    """A context that verifies nothing, only to learn which chain a server shows.

    For comparing the chain's CA with the fingerprint of an invite link before it is pinned.
    Nothing secret may be sent on such a connection, and it is closed after the handshake.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # first, as Python refuses CERT_NONE while names are checked
    context.verify_mode = ssl.CERT_NONE
    return context


def shown_chain(connection: ssl.SSLSocket) -> list[bytes]:
    """The DER certificates that the peer sent, leaf first, verified or not; [] for none."""
    if connection.getpeercert(binary_form=True) is None:
        return []  # a server that asked gets [None] from the calls below
    public: Any = getattr(connection, "get_unverified_chain", None)
    if public is not None:  # Python 3.13
        return list(public())
    inner: Any = connection._sslobj  # type: ignore[attr-defined]
    return [ssl.PEM_cert_to_DER_cert(sent.public_bytes()) for sent in inner.get_unverified_chain()]


def client_fingerprint(tls: ssl.SSLSocket) -> bytes | None:
    """The fingerprint of the certificate that the handshake has verified, for SASL EXTERNAL; None
    without one that is made for clients.
    """
    der = tls.getpeercert(binary_form=True)
    # OpenSSL refuses one that is made for something else, but takes one that says nothing of it.
    return fingerprint_of(der) if der is not None and is_for_clients(der) else None


def is_for_clients(der: bytes) -> bool:
    """Whether its extended key usage names clientAuth (RFC 5280, section 4.2.1.12)."""
    # Only here: our client uses this module too, and x509 takes a tenth of the time it starts in.
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        certificate = x509.load_der_x509_certificate(der)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage.value
