"""An authority that may be put where a whole browser trusts it, as it can't harm other sites."""

from __future__ import annotations

import ssl
from hashlib import sha256
from ipaddress import ip_network

from securechat.client.exits import UsageError
from securechat.client.trust.describe import fingerprint
from securechat.common.escape import escape
from securechat.common.language import _
from securechat.common.record import Record

UNCONSTRAINED = (
    "this authority may vouch for every site there is, and not only for a server of its own, so it "
    "isn't put where browsers trust it. The one that securechat-server makes is limited to the "
    "server's names; one of your own has to be put there by you"
)

_NAME_HEX = 16


class Authority(Record):
    """A certificate of an authority, DER. limits: what it may vouch for, in words."""

    der: bytes
    subject: str
    limits: str

    @property
    def name(self) -> str:
        """What it is called in a store. Of its digest, so that it is found again."""
        return f"securechat-{sha256(self.der).hexdigest()[:_NAME_HEX]}"

    @property
    def pem(self) -> str:
        """Its PEM text."""
        return ssl.DER_cert_to_PEM_cert(self.der)

    def lines(self) -> list[str]:
        """What people are to compare, and what follows from it."""
        return [
            f"  {self.subject}",
            f"  SHA-256 {fingerprint(self.der)}",
            "  " + _("It can vouch for: {names}").format(names=self.limits),
        ]


def constrained(der: bytes) -> Authority:
    """Raises UsageError for what is no authority, or one without name constraints like ours: both
    for names and for addresses (RFC 5280, section 4.2.1.10).
    """
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        extensions = certificate.extensions
        is_ca = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        limits = extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        raise UsageError(UNCONSTRAINED) from None
    except ValueError:
        raise UsageError("the server shows no authority that can be read") from None
    trees = list(limits.value.permitted_subtrees or ())
    hosts = [tree.value for tree in trees if isinstance(tree, x509.DNSName)]
    networks = [ip_network(tree.value) for tree in trees if isinstance(tree, x509.IPAddress)]
    # The empty name is above all others. Of kinds that aren't mentioned, all are permitted.
    wide = "" in (host.lstrip(".") for host in hosts) or any(not net.prefixlen for net in networks)
    if not (is_ca and limits.critical and hosts and networks) or wide:
        raise UsageError(UNCONSTRAINED)
    shown = [escape(host) for host in hosts] + [str(network) for network in networks]
    return Authority(der, escape(certificate.subject.rfc4514_string()), ", ".join(shown))
