"""What a CA may sign for."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509

from securechat.ca.constraints import constraints_for, describe, permits, wide_names
from securechat.ca.names import parse_name, parse_names


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("example.org", True),
        ("chat.example.org", True),
        ("a.b.example.org", True),
        ("localhost", True),
        ("laptop.local", True),
        ("a.laptop.local", True),
        ("laptoplocal", False),
        ("badexample.org", False),
        ("org", False),
        ("example.com", False),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.5", True),
        ("169.254.3.4", True),
        ("fd12::1", True),
        ("fe80::1", True),
        ("8.8.8.8", False),
        ("2001:db8::1", False),
        ("::2", False),
    ],
)
def test_a_ca_is_for_its_names_and_private_addresses(name: str, allowed: bool) -> None:
    """Names below a permitted one are included; nothing on the public internet is."""
    assert permits(constraints_for(["example.org"]), parse_name(name)) is allowed


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("example.org", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("laptop.local", False),
        ("10.1.2.3", False),
        ("192.168.1.5", False),
        ("fd12::1", False),
        ("fe80::1", False),
    ],
)
def test_strict_leaves_private_addresses_out(name: str, allowed: bool) -> None:
    """Loopback stays: nobody else can be impersonated there."""
    constraints = constraints_for(["example.org"], strict=True)
    assert permits(constraints, parse_name(name)) is allowed


def test_an_address_that_was_asked_for_is_permitted_alone() -> None:
    """And not its neighbours."""
    constraints = constraints_for(parse_names(["203.0.113.7", "2001:db8::7"]), strict=True)
    assert permits(constraints, parse_name("203.0.113.7"))
    assert permits(constraints, parse_name("2001:db8::7"))
    assert not permits(constraints, parse_name("203.0.113.8"))
    assert not permits(constraints, parse_name("2001:db8::8"))


def test_both_forms_of_names_are_always_constrained() -> None:
    """A form that isn't mentioned would be free, so a CA for addresses mentions DNS names too."""
    constraints = constraints_for(parse_names(["203.0.113.7"]))
    assert not permits(constraints, "example.org")


def test_a_covered_address_is_not_listed_again() -> None:
    """The private range says it already."""
    constraints = constraints_for(parse_names(["192.168.1.5"]))
    assert x509.IPAddress(ipaddress.ip_network("192.168.1.5/32")) not in (
        constraints.permitted_subtrees or ()
    )


def test_exclusions_and_leading_dots_of_other_cas_count() -> None:
    """A CA made elsewhere may say more than ours do."""
    constraints = x509.NameConstraints(
        permitted_subtrees=[x509.DNSName(".example.org")],
        excluded_subtrees=[x509.DNSName("secret.example.org")],
    )
    assert permits(constraints, "a.example.org")
    assert not permits(constraints, "example.org")
    assert not permits(constraints, "x.secret.example.org")
    assert permits(constraints, parse_name("8.8.8.8"))


def test_no_constraints_permit_everything() -> None:
    """And the description says so."""
    assert permits(None, "example.org")
    assert describe(None) == "anything (it has no name constraints)"


def test_the_description_is_for_people() -> None:
    """Names, what lies below them, and addresses without a needless /32."""
    constraints = constraints_for(parse_names(["chat.example.org", "203.0.113.7"]), strict=True)
    assert describe(constraints) == (
        "chat.example.org, localhost and names below them; 127.0.0.0/8, ::1, 203.0.113.7"
    )


def test_names_without_a_dot_are_known_as_wide() -> None:
    """They might be a top-level domain; localhost can't be (RFC 6761)."""
    assert wide_names(parse_names(["localhost", "chat", "a.example", "10.0.0.1"])) == ("chat",)
