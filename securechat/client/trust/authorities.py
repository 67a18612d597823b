"""Verifies servers, by a pinned CA, that of a link or of a file, or the system's store.

A certificate is never trusted because it was the first one seen, and there is no way to go on
without trust. anchors.py decides which trust an address has. OpenSSL validates paths (RFC 5280) and
names (RFC 9525): of each address of a server the certificate has to be for the host that stands in
that address. Main thread, except Dialer, which the receiving thread calls.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from enum import Enum
from hashlib import sha256
from pathlib import Path

from securechat.client.exits import CertificateError, UnreachableError, UsageError
from securechat.client.refusals import no_handshake, unconnected
from securechat.client.session.identity import Address
from securechat.client.trust import describe
from securechat.client.wire.rounds import CONNECT_SECONDS, Rounds, in_turn
from securechat.client.wire.stream import reason_of, watch
from securechat.common.files import read_named
from securechat.common.language import _, translated
from securechat.common.record import Record
from securechat.credentials.link import Link
from securechat.net.tls import TlsFilesError, client_context, probe_context, shown_chain

MOMENT = 0.1
"""Seconds that any number of a host has."""


class Origin(Enum):
    """Where trust comes from; the value completes "a certificate for HOST signed by"."""

    PIN = "the certificate authority pinned for this server"
    LINK = "the certificate authority that the link names"
    FILE = "the certificate authority in the file given with --ca"
    SYSTEM = "a certificate authority that this system trusts"


Step = Callable[[str], None]
"""Is called with each step of a connection that is made, in words."""


def _unheard(_text: object) -> None:
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
    """The CA that a link names, found in what the server shows at the first of the link's addresses
    that has it. step: hears how far it is.

    Raises CertificateError when the CA isn't shown; UnreachableError.
    """
    if link.ca_sha256 is None:
        return Trust(None, Origin.SYSTEM)
    wanted = link.ca_sha256

    def shown(address: Address, seconds: float) -> Trust:
        # The look verifies nothing, and sends nothing but the handshake. The login's own connection
        # is verified by the CA that is found here.
        chain = show_chain(address, step, seconds)
        for der in chain:
            if sha256(der).digest() == wanted:
                return Trust(ssl.DER_cert_to_PEM_cert(der), Origin.LINK)
        raise CertificateError(describe.pin_refusal(address, wanted, chain))

    return in_turn(linked_addresses(link), shown)[1]


def linked_addresses(link: Link) -> list[Address]:
    """Those of a link, each once."""
    return list(dict.fromkeys(Address(host, port) for host, port in link.places))


class Dialer:
    """Opens verified connections to one server, at the first of its addresses that answers.

    addresses: one, or several of a server. Each has to show a certificate for its own host, by the
    same trust. first: where to begin, if it is among them. certificate, key: a client certificate
    to show, PEM files. Raises UsageError when they, or the CA, can't be loaded.
    """

    def __init__(
        self,
        addresses: Address | Sequence[Address],
        trust: Trust,
        certificate: Path | None = None,
        key: Path | None = None,
        *,
        first: Address | None = None,
    ) -> None:
        every = [addresses] if isinstance(addresses, Address) else addresses
        self._trust = trust
        self.rounds = Rounds(every, first)
        """Of those who call it; of one thread at a time."""
        self.step: Step = _unheard
        """Is called with each step of a connection that is made, in words."""
        self.passed_over: Callable[[CertificateError], None] = _unheard
        """Hears why an address was refused, when another one is taken."""
        try:
            self._context = client_context(ca_pem=trust.ca_pem, certificate=certificate, key=key)
        except TlsFilesError as error:
            raise UsageError(str(error)) from None

    def __call__(self) -> ssl.SSLSocket:
        """Connect, shake hands, verify: at the addresses that are left of this round. Raises
        UnreachableError or CertificateError.
        """
        return self.connect(self.rounds)

    def connect(self, rounds: Rounds) -> ssl.SSLSocket:
        """The same, with a round of the caller's own; any thread."""
        try:
            address, tls = in_turn(rounds.begin(), self._open, self.passed_over)
        except (UnreachableError, CertificateError):
            rounds.failed()
            raise
        rounds.reached(address)
        return tls

    def another(self, first: Address | None = None) -> Rounds:
        """A round for connect(), which begins at this address."""
        return Rounds(self.rounds.addresses, first)

    def _open(self, address: Address, seconds: float) -> ssl.SSLSocket:
        try:
            tls = shake_hands(address, self._context, self.step, seconds)
            if len(self.rounds.addresses) > 1:
                watch(tls)
            return tls
        except ssl.SSLCertVerificationError as error:
            # Asked for again, as Python doesn't tell the chain of a handshake that has failed.
            chain: list[bytes] = []
            with contextlib.suppress(UnreachableError):
                chain = show_chain(address, seconds=seconds)
            raise CertificateError(self._refusal(address, error, chain)) from None

    def _refusal(
        self, address: Address, error: ssl.SSLCertVerificationError, chain: list[bytes]
    ) -> str:
        pinned = self._trust.origin is Origin.PIN and error.verify_code in describe.UNKNOWN_ISSUER
        if pinned and not set(chain) & set(self._trust.ders):
            text = describe.changed(address, self._trust.fingerprints, chain)
            if text:
                return text
        expected = self._trust.expectation(address)
        return describe.refusal(address, error, chain, expected)

    def look(self) -> None:
        """Connect and verify, no more; the next connection begins there. Raises UnreachableError or
        CertificateError.
        """
        self().close()
        self.rounds.held()


def show_chain(
    address: Address, step: Step = _unheard, seconds: float = CONNECT_SECONDS
) -> list[bytes]:
    """The certificates that the server shows, DER, unverified. Raises UnreachableError."""
    with shake_hands(address, probe_context(), step, seconds) as tls:
        return shown_chain(tls)


def shake_hands(
    address: Address,
    context: ssl.SSLContext,
    step: Step = _unheard,
    seconds: float = CONNECT_SECONDS,
) -> ssl.SSLSocket:
    """A connection, verified as the context has it. step: hears how far it is. seconds: for the
    connection, and again for the handshake.

    Raises UnreachableError, and SSLCertVerificationError as it is.
    """
    step(_("Connecting to {address} ...").format(address=address))
    try:
        raw = connected(address, seconds)
    except (OSError, UnicodeError) as error:  # UnicodeError: no name by the rules of IDNA
        raise UnreachableError(f"can't connect to {address}: {unconnected(error)}") from None
    # Without it a lone message waits for the acknowledgement of the one before.
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    step(_("Connected; checking who it is ..."))
    raw.settimeout(seconds)
    try:
        tls = context.wrap_socket(raw, server_hostname=address.host)
        step(_("Waiting for the server's answer ..."))
        return tls
    except ssl.SSLCertVerificationError:  # first, as it is an OSError and a ValueError too
        raise
    except (OSError, ValueError) as error:
        raw.close()
        raise UnreachableError(_no_tls(address, error)) from None


def connected(address: Address, seconds: float) -> socket.socket:
    """A connection to the first of a host's numbers that answers. seconds: for all of them, once
    they are looked up. Raises OSError; UnicodeError for what is no name.
    """
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    until = time.monotonic() + seconds
    fault = OSError("no address was found")
    for at, (family, kind, protocol, _name, place) in enumerate(found):
        raw = socket.socket(family, kind, protocol)
        # Shared, as a host that is off mostly has an IPv6 address and an IPv4 one. A moment at
        # least, as 0 would mean not to wait for an answer at all.
        raw.settimeout(max(MOMENT, (until - time.monotonic()) / (len(found) - at)))
        try:
            raw.connect(place)
        except OSError as error:
            raw.close()
            fault = error
        else:
            return raw
    raise fault


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
