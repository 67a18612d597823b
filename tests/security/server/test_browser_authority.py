"""A server has its authority put where browsers trust it, to pose as other sites by it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from cryptography import x509

from securechat.ca.constraints import NO_NAMES, constraints_for
from securechat.client.exits import UsageError
from securechat.client.stores.authority import constrained
from tests.support.certificates import Authority

HOST = x509.DNSName("chat.example")
NETWORK = x509.IPAddress(ip_network("10.0.0.0/8"))


def permits(*trees: x509.GeneralName) -> x509.NameConstraints:
    return x509.NameConstraints(trees, None)


@pytest.mark.parametrize(
    "limits",
    [
        None,
        NO_NAMES,
        permits(HOST),
        permits(NETWORK),
        permits(HOST, NETWORK, x509.DNSName("")),
        permits(HOST, NETWORK, x509.DNSName(".")),
        permits(HOST, x509.IPAddress(ip_network("0.0.0.0/0"))),
        permits(HOST, NETWORK, x509.IPAddress(ip_network("::/0"))),
    ],
)
def test_one_that_may_vouch_for_others(limits: x509.NameConstraints | None) -> None:
    """For every name, or for every address."""
    with pytest.raises(UsageError, match="may vouch for every site"):
        constrained(Authority("CA", limits).der)


def test_limits_that_a_browser_may_pass_over() -> None:
    """As they aren't critical."""
    with pytest.raises(UsageError, match="may vouch for every site"):
        constrained(Authority("CA", constraints_for(["chat.example"]), critical=False).der)


def test_a_certificate_that_is_no_authority() -> None:
    with pytest.raises(UsageError):
        constrained(Authority().server("chat.example").der)
    with pytest.raises(UsageError, match="can be read"):
        constrained(b"\x30\x03abc")


def test_what_it_may_vouch_for_is_shown_escaped() -> None:
    """A name can't write over the line before it."""
    authority = Authority("CA\r\x1b[2Kgood", permits(HOST, NETWORK, x509.DNSName("a\x1b[1A")))
    text = "\n".join(constrained(authority.der).lines())
    assert "\x1b" not in text
    assert "\r" not in text
    assert "chat.example" in text
