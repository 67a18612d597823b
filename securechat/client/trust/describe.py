"""Certificates and refusals in plain words. Any thread may call."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from hashlib import sha256
from textwrap import wrap
from typing import TYPE_CHECKING

from securechat.client.session.identity import Address
from securechat.common.escape import escape
from securechat.common.fingerprints import grouped
from securechat.common.language import _
from securechat.common.record import Record
from securechat.credentials.link import LoginLink

if TYPE_CHECKING:  # loaded where it is needed: most logins have nothing to describe
    from cryptography import x509

# X509_V_ERR_* of OpenSSL, x509_vfy.h.
NOT_YET_VALID = 9
EXPIRED = 10
WRONG_NAME = frozenset((62, 64))
OUTSIDE_CONSTRAINTS = frozenset((47, 48))
UNKNOWN_ISSUER = frozenset((2, 7, 18, 19, 20, 21, 30, 31))

# Columns of a refusal's advice. Fingerprints and names are never wrapped, so they can be found.
WIDTH = 100

# Names of a certificate that are listed: more would only hide the rest of the text.
SHOWN_NAMES = 8


def fingerprint(der: bytes) -> str:
    """SHA-256 in hexadecimal, in groups, as securechat-server and gencerts print it."""
    return grouped(sha256(der).digest())


class Shown(Record):
    """What a certificate says of itself, escaped."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    since: datetime
    until: datetime
    digest: str

    @classmethod
    def of(cls, der: bytes) -> Shown | None:
        """None when der can't be read as a certificate."""
        from cryptography import x509

        try:
            certificate = x509.load_der_x509_certificate(der)
            return cls(
                _common_name(certificate.subject),
                _common_name(certificate.issuer),
                _alternative_names(certificate),
                certificate.not_valid_before_utc,
                certificate.not_valid_after_utc,
                fingerprint(der),
            )
        except ValueError:
            return None

    def lines(self) -> list[str]:
        """The description, a line each."""
        more = len(self.names) - SHOWN_NAMES
        names = ", ".join(self.names[:SHOWN_NAMES]) or _("no host at all")
        if more > 0:
            names += _(" and {more} more").format(more=more)
        return [
            _("{subject}, for {names}").format(subject=self.subject, names=names),
            _("issued by {issuer}, valid from {since:%Y-%m-%d} to {until:%Y-%m-%d}").format(
                issuer=self.issuer, since=self.since, until=self.until
            ),
            f"SHA-256 {self.digest}",
        ]


def refusal(
    address: Address,
    error: ssl.SSLCertVerificationError,
    chain: list[bytes],
    expected: str,
    now: datetime | None = None,
) -> str:
    """The text for a certificate that was refused.

    chain: what the server shows, DER, leaf first; may be empty. expected: what would have been
    accepted. now: aware, for telling what has expired.
    """
    leaf = Shown.of(chain[0]) if chain else None
    what, advice = _reason(address, error, chain, leaf, now or datetime.now(UTC))
    shown = leaf.lines() if leaf else [_("nothing that can be read")]
    return "\n".join(
        [
            _("refused the certificate of {address}: {what}").format(address=address, what=what),
            _("  shown:    {text}").format(text=shown[0]),
            *(f"            {line}" for line in shown[1:]),
            _("  expected: {text}").format(text=expected),
            *wrap(_("  do:       {text}").format(text=advice), WIDTH, subsequent_indent=" " * 12),
            _("Nothing was sent to it: neither your password nor your name."),
        ]
    )


def changed(address: Address, pinned: str, chain: list[bytes]) -> str:
    """The text for a server that shows another authority than the one that is pinned; '' when it
    shows none. pinned: fingerprints. chain: as in refusal().
    """
    authority = Shown.of(chain[-1]) if len(chain) > 1 else None
    if authority is None or authority.subject != authority.issuer:
        return ""
    link = LoginLink(address.host, address.port, sha256(chain[-1]).digest())
    admin = _(
        "either the server was set up anew, or has a new authority. Then its administrator has "
        "the digits that are shown: securechat-server prints them when it starts. Have them read "
        "to you, on another way than this network. If each is the same, this command trusts them "
        "from now on:"
    )
    thief = _(
        "or somebody is between you and the server, with an authority of their own. Then the "
        "digits differ, and that command would hand them your password."
    )
    margin = " " * 12
    return "\n".join(
        [
            _("refused {address}: it has another certificate authority than before").format(
                address=address
            ),
            _("  before:   {text}").format(text=pinned),
            _("  shown:    {text}").format(text=f"SHA-256 {authority.digest}"),
            f"{margin}{authority.subject}",
            *wrap(_("  means:    {text}").format(text=admin), WIDTH, subsequent_indent=margin),
            f"{margin}  securechat login {link} --replace-trust",
            *wrap(thief, WIDTH, initial_indent=margin, subsequent_indent=margin),
            _("Nothing was sent to it: neither your password nor your name."),
        ]
    )


def pin_refusal(address: Address, wanted: bytes, chain: list[bytes]) -> str:
    """The text for a server that doesn't show the certificate authority of an invite link."""
    shown = [Shown.of(der) for der in chain]
    described = [f"{one.subject}: SHA-256 {one.digest}" for one in shown if one]
    described = described or [_("no certificate that can be read")]
    return "\n".join(
        [
            _(
                "refused {address}: it doesn't show the certificate authority that the link names"
            ).format(address=address),
            _("  expected: {text}").format(text=f"SHA-256 {grouped(wanted)}"),
            *(
                _("  shown:    {text}").format(text=line)
                for line in described or [_("no certificate that can be read")]
            ),
            _(
                "  do:       somebody may be between you and the server, or the server has a new\n"
                "            certificate authority since the link was made. Ask its administrator, "
                "on\n            another way than this network, for a new link."
            ),
            _("Nothing was sent to it: neither the link's code nor a password."),
        ]
    )


def _reason(
    address: Address,
    error: ssl.SSLCertVerificationError,
    chain: list[bytes],
    leaf: Shown | None,
    now: datetime,
) -> tuple[str, str]:
    """Two texts: what is wrong, and what to do about it."""
    code = error.verify_code
    admin = _("tell the server's administrator")
    if code == EXPIRED:
        late = [one for der in chain if (one := Shown.of(der)) and one.until < now]
        what = _("it has expired")
        if late:
            what = _("it has expired on {date:%Y-%m-%d}").format(date=late[0].until)
        return what, _(
            "check this computer's clock (it says {now:%Y-%m-%d}); if it is right, tell the "
            "server's administrator to run `gencerts renew`"
        ).format(now=now)
    if code == NOT_YET_VALID:
        return _("it is not valid yet"), _(
            "check this computer's clock (it says {now:%Y-%m-%d %H:%M})"
        ).format(now=now)
    if code in WRONG_NAME:
        names = ", ".join(leaf.names[:SHOWN_NAMES]) if leaf and leaf.names else _("no host at all")
        advice = _(
            "use a name it is for, or tell the server's administrator to add this one with "
            "`gencerts`"
        )
        return _("it is for {names}, not for {host}").format(names=names, host=address.host), advice
    if code in OUTSIDE_CONSTRAINTS:
        return _("its authority may not vouch for that name"), _(
            "tell the server's administrator: `gencerts` says how to widen"
        )
    if code in UNKNOWN_ISSUER:
        return (
            _("it isn't signed by the expected certificate authority"),
            _(
                "somebody may be between you and the server. If it has a new authority, tell the "
                "server's administrator to send a link for `securechat login` (`securechat-admin "
                "invite --login` prints it), or its ca.pem for `--ca FILE`"
            ),
        )
    return escape(error.verify_message or str(error)), admin


def _common_name(name: x509.Name) -> str:
    from cryptography.x509.oid import NameOID

    # Escaped, as are all names here: the certificate was not verified, so they are remote text.
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return escape(str(found[0].value) if found else name.rfc4514_string()) or _("(no name)")


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(escape(str(name.value)) for name in extension.value)
