"""Verifies servers, by a pinned CA, that of a link or of a file, or the system's store.

A certificate is never trusted because it was the first one seen, and there is no way to go on
without trust. anchors.py decides which trust an address has. OpenSSL validates paths (RFC 5280) and
names (RFC 9525). Main thread, except Dialer, which the receiving thread calls.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from enum import Enum
from hashlib import sha256
from pathlib import Path

from securechat.client.exits import CertificateError, UnreachableError, UsageError
from securechat.client.refusals import no_handshake, unconnected
from securechat.client.session.identity import Address
from securechat.client.trust import describe
from securechat.client.wire.stream import reason_of
from securechat.common.files import read_named
from securechat.common.language import _, translated
from securechat.common.record import Record
from securechat.credentials.link import Link
from securechat.net.tls import TlsFilesError, client_context, probe_context, shown_chain

CONNECT_TIMEOUT = 15.0
"""Seconds for the connection, and again for the TLS handshake."""


class Origin(Enum):
    """Where trust comes from; the value completes "a certificate for HOST signed by"."""

    PIN = "the certificate authority pinned for this server"
    LINK = "the certificate authority that the link names"
    FILE = "the certificate authority in the file given with --ca"
    SYSTEM = "a certificate authority that this system trusts"


Step = Callable[[str], None]
"""Is called with each step of a connection that is made, in words."""


def _unheard(_step: str) -> None:
    """Nobody waits for it."""


class Trust(Record):
    """What a server's certificate is verified by. ca_pem: the only CA that is trusted, None for the
    system's store.
    """

    ca_pem: str | None
    origin: Origin

    @property
    def identity(self) -> str:
        """Tells this trust from another, for secrets that are bound to a server: the SHA-256 of the
        CA, or "system".
        """
        if self.ca_pem is None:
            return "system"
        # Sorted, and of the DER: neither the order in a file nor the text around it matters.
        return f"sha256:{sha256(b''.join(sorted(self.ders))).hexdigest()}"

    @property
    def ders(self) -> list[bytes]:
        """The certificates of the CA."""
        return _ders(self.ca_pem or "")

    @property
    def fingerprints(self) -> str:
        """The CA in words, to compare."""
        if self.ca_pem is None:
            return _("the certificate authorities of this system")
        return "SHA-256 " + _(" or ").join(describe.fingerprint(der) for der in self.ders)

    def expectation(self, address: Address) -> str:
        """The certificates that would be accepted, in words."""
        text = _("a certificate for {host} signed by {authority}").format(
            host=address.host, authority=translated(self.origin.value)
        )
        if self.ca_pem is None:
            return text + _(" (no other one is pinned, and no --ca was given)")
        return f"{text}, {self.fingerprints}"


def offered_by_file(path: Path, option: str = "--ca ") -> Trust:
    """The CA of a file that an option names. Raises UsageError when it can't be read."""
    return Trust(_read_ca(path, option), Origin.FILE)


def offered_by_link(link: Link, step: Step = _unheard) -> Trust:
    """The CA that a link names, found in what the server shows. step: hears how far it is.

    Raises CertificateError when the CA isn't shown; UnreachableError.
    """
    if link.ca_sha256 is None:
        return Trust(None, Origin.SYSTEM)
    address = Address(link.host, link.port)
    # The look verifies nothing, and sends nothing but the handshake. The login's own connection is
    # verified by the CA that is found here.
    chain = show_chain(address, step)
    for der in chain:
        if sha256(der).digest() == link.ca_sha256:
            return Trust(ssl.DER_cert_to_PEM_cert(der), Origin.LINK)
    raise CertificateError(describe.pin_refusal(address, link.ca_sha256, chain))


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
        self.step: Step = _unheard
        """Is called with each step of a connection that is made, in words."""
        try:
            self._context = client_context(ca_pem=trust.ca_pem, certificate=certificate, key=key)
        except TlsFilesError as error:
            raise UsageError(str(error)) from None

    def __call__(self) -> ssl.SSLSocket:
        """Connect, shake hands, verify. Raises UnreachableError or CertificateError."""
        try:
            return shake_hands(self._address, self._context, self.step)
        except ssl.SSLCertVerificationError as error:
            # Asked for again, as Python doesn't tell the chain of a handshake that has failed.
            chain: list[bytes] = []
            with contextlib.suppress(UnreachableError):
                chain = show_chain(self._address)
            raise CertificateError(self._refusal(error, chain)) from None

    def _refusal(self, error: ssl.SSLCertVerificationError, chain: list[bytes]) -> str:
        pinned = self._trust.origin is Origin.PIN and error.verify_code in describe.UNKNOWN_ISSUER
        if pinned and not set(chain) & set(self._trust.ders):
            text = describe.changed(self._address, self._trust.fingerprints, chain)
            if text:
                return text
        expected = self._trust.expectation(self._address)
        return describe.refusal(self._address, error, chain, expected)

    def look(self) -> None:
        """Connect and verify, no more. Raises UnreachableError or CertificateError."""
        self().close()


def show_chain(address: Address, step: Step = _unheard) -> list[bytes]:
    """The certificates that the server shows, DER, unverified. Raises UnreachableError."""
    with shake_hands(address, probe_context(), step) as tls:
        return shown_chain(tls)


def shake_hands(address: Address, context: ssl.SSLContext, step: Step = _unheard) -> ssl.SSLSocket:
    """A connection, verified as the context has it. step: hears how far it is.

    Raises UnreachableError, and SSLCertVerificationError as it is.
    """
    step(_("Connecting to {address} ...").format(address=address))
    try:
        raw = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT)
    except (OSError, UnicodeError) as error:  # UnicodeError: no name by the rules of IDNA
        raise UnreachableError(f"can't connect to {address}: {unconnected(error)}") from None
    # Without it a lone message waits for the acknowledgement of the one before.
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    step(_("Connected; checking who it is ..."))
    try:
        tls = context.wrap_socket(raw, server_hostname=address.host)
        step(_("Waiting for the server's answer ..."))
        return tls
    except ssl.SSLCertVerificationError:  # first, as it is an OSError and a ValueError too
        raise
    except (OSError, ValueError) as error:
        raw.close()
        raise UnreachableError(_no_tls(address, error)) from None


def _no_tls(address: Address, error: OSError | ValueError) -> str:
    reason = reason_of(error) if isinstance(error, OSError) else "not a name of a host"
    if known := no_handshake(error):
        return f"{address} {translated(known)}"
    return f"can't open a TLS connection to {address}: {reason}"


def _read_ca(path: Path, option: str) -> str:
    try:
        pem = read_named(path).decode("ascii")
        client_context(ca_pem=pem)
    except (OSError, UnicodeDecodeError, TlsFilesError) as error:
        reason = getattr(error, "strerror", None) or "expected a CA certificate in PEM form"
        raise UsageError(f"{option}{path}: {reason}") from None
    return pem


def _ders(pem: str) -> list[bytes]:
    """The certificates in PEM text that OpenSSL has already accepted, or that we wrote."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    parts = pem.split(begin)[1:]
    return [ssl.PEM_cert_to_DER_cert(begin + part.partition(end)[0] + end) for part in parts]
