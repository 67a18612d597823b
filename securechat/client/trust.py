"""Whom we believe to be the server: the pinned CA, a CA file, or the system's store.

Trust comes from an invite link's fingerprint or from a file, never from a first sight, and there
is no way to go on without it. RFC 5280 (path validation), RFC 9525 (names), done by OpenSSL.
Main thread, except Dialer, which the receiving thread calls.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path

from securechat.client import describe
from securechat.client.exits import CertificateError, UnreachableError, UsageError
from securechat.client.identity import Address
from securechat.client.settings import Settings
from securechat.client.wire import reason_of
from securechat.irc.link import InviteLink
from securechat.net.files import read_named
from securechat.net.tls import TlsFilesError, client_context, probe_context, shown_chain

CONNECT_TIMEOUT = 15.0
"""Seconds for the connection, and again for the TLS handshake."""


class Origin(Enum):
    """Where trust comes from; the value completes "a certificate for HOST signed by"."""

    PIN = "the certificate authority pinned for this server"
    FILE = "the certificate authority in the file given with --ca"
    SYSTEM = "a certificate authority that this system trusts"


_PLAINTEXT = (
    "doesn't speak TLS; securechat never talks in plaintext. Check the port (securechat-server "
    "listens on 6697 unless told otherwise)"
)
_TOO_OLD = "speaks only versions of TLS that are too old; expected 1.2 or 1.3. Nothing was sent"
_WEAKENED = (
    "was refused: somebody in between has changed what was said, to make the connection weaker "
    "than both sides can. Nothing was sent. Try another network"
)

# OpenSSL's reasons, in its versions, and what they mean here. A server marks that it was asked for
# less than it offers (RFC 8446, section 4.1.3), or is told that we can do better (RFC 7507).
_MEANING = {
    "WRONG_VERSION_NUMBER": _PLAINTEXT,
    "RECORD_LAYER_FAILURE": _PLAINTEXT,
    "HTTP_REQUEST": _PLAINTEXT,
    "UNSUPPORTED_PROTOCOL": _TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": _TOO_OLD,
    "INAPPROPRIATE_FALLBACK": _WEAKENED,
    "TLSV1_ALERT_INAPPROPRIATE_FALLBACK": _WEAKENED,
}


@dataclass(frozen=True, slots=True)
class Trust:
    """ca_pem: the only CA trusted, None for the system's store."""

    ca_pem: str | None
    origin: Origin

    @property
    def identity(self) -> str:
        """Tells this trust from another, for secrets that are bound to a server: the SHA-256 of the
        CA, or "system".
        """
        if self.ca_pem is None:
            return "system"
        return f"sha256:{sha256(b''.join(sorted(_ders(self.ca_pem)))).hexdigest()}"

    def expectation(self, address: Address) -> str:
        """What would be accepted, in words."""
        text = f"a certificate for {address.host} signed by {self.origin.value}"
        if self.ca_pem is None:
            return f"{text} (no other one is pinned, and no --ca was given)"
        digests = [describe.fingerprint(der) for der in _ders(self.ca_pem)]
        return f"{text}, SHA-256 {' or '.join(digests)}"


def choose(settings: Settings, address: Address, ca_file: Path | None) -> Trust:
    """--ca FILE when given, else the pin, else the system's store.

    Raises UsageError when the file can't be read, SettingsError when the pin can't.
    """
    if ca_file is not None:
        return Trust(_read_ca(ca_file), Origin.FILE)
    pin = settings.pin(address)
    return Trust(pin, Origin.PIN) if pin else Trust(None, Origin.SYSTEM)


def trust_link(settings: Settings, link: InviteLink) -> Trust:
    """Pin the CA that the link names, after looking at what the server shows.

    The look verifies nothing and sends nothing but the handshake. Raises CertificateError when
    the CA isn't shown, or when another one is pinned already; UnreachableError; SettingsError.
    """
    address = Address(link.host, link.port)
    if link.ca_sha256 is None:
        return Trust(None, Origin.SYSTEM)
    chain = show_chain(address)
    found = [der for der in chain if sha256(der).digest() == link.ca_sha256]
    if not found:
        raise CertificateError(describe.pin_refusal(address, link.ca_sha256, chain))
    pem = ssl.DER_cert_to_PEM_cert(found[0])
    pinned = settings.pin(address)
    if pinned is None:
        settings.save_pin(address, pem)
    elif found[0] not in _ders(pinned):
        raise CertificateError(_changed(settings, address, pinned, found[0]))
    return Trust(pem, Origin.PIN)


def _changed(settings: Settings, address: Address, pinned: str, new: bytes) -> str:
    old = " or ".join(describe.fingerprint(der) for der in _ders(pinned))
    return (
        f"refused the link: {address} has another certificate authority pinned already\n"
        f"  pinned:   SHA-256 {old}\n"
        f"  the link: SHA-256 {describe.fingerprint(new)}\n"
        "  do:       ask the server's administrator, on another way than this network, whether\n"
        "            its certificate authority has changed. If so, delete this file and come\n"
        f"            again: {settings.pin_file(address)}\n"
        "Nothing was sent to it: neither the link's code nor a password."
    )


class Dialer:
    """Opens verified connections to one address.

    certificate, key: a client certificate to show, PEM files. Raises UsageError when they, or
    the CA, can't be loaded.
    """

    def __init__(
        self,
        address: Address,
        trust: Trust,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        self._address = address
        self._trust = trust
        try:
            self._context = client_context(ca_pem=trust.ca_pem, certificate=certificate, key=key)
        except TlsFilesError as error:
            raise UsageError(str(error)) from None

    def __call__(self) -> ssl.SSLSocket:
        """Connect, shake hands, verify. Raises UnreachableError or CertificateError."""
        try:
            return _shake_hands(self._address, self._context)
        except ssl.SSLCertVerificationError as error:
            chain: list[bytes] = []
            with contextlib.suppress(UnreachableError):
                chain = show_chain(self._address)
            expected = self._trust.expectation(self._address)
            text = describe.refusal(self._address, error, chain, expected)
            raise CertificateError(text) from None


def show_chain(address: Address) -> list[bytes]:
    """The certificates that the server shows, DER, unverified. Raises UnreachableError."""
    with _shake_hands(address, probe_context()) as tls:
        return shown_chain(tls)


def _shake_hands(address: Address, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Raises UnreachableError, and SSLCertVerificationError as it is."""
    try:
        raw = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT)
    except (OSError, UnicodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "not a name of a host"
        raise UnreachableError(
            f"can't connect to {address}: {reason}; check the name and the port, and that "
            "securechat-server runs there"
        ) from None
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return context.wrap_socket(raw, server_hostname=address.host)
    except ssl.SSLCertVerificationError:
        raise
    except (OSError, ValueError) as error:
        raw.close()
        raise UnreachableError(_no_tls(address, error)) from None


def _no_tls(address: Address, error: OSError | ValueError) -> str:
    reason = reason_of(error) if isinstance(error, OSError) else "not a name of a host"
    if isinstance(error, ssl.SSLError) and error.reason in _MEANING:
        return f"{address} {_MEANING[error.reason]}"
    return f"can't open a TLS connection to {address}: {reason}"


def _read_ca(path: Path) -> str:
    try:
        pem = read_named(path).decode("ascii")
        client_context(ca_pem=pem)
    except (OSError, UnicodeDecodeError, TlsFilesError) as error:
        reason = getattr(error, "strerror", None) or "expected a CA certificate in PEM form"
        raise UsageError(f"--ca {path}: {reason}") from None
    return pem


def _ders(pem: str) -> list[bytes]:
    """The certificates in PEM text that OpenSSL has already accepted, or that we wrote."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    parts = pem.split(begin)[1:]
    return [ssl.PEM_cert_to_DER_cert(begin + part.partition(end)[0] + end) for part in parts]
