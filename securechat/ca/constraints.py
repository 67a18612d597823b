"""Name constraints (RFC 5280 section 4.2.1.10): what a CA may sign for. Pure.

A permitted DNS subtree covers the name itself and every name below it: ``example.org`` covers
``chat.example.org``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from cryptography import x509

from securechat.ca.names import Name

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK: tuple[Network, ...] = (
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("::1/128"),
)
#: RFC 1918, RFC 3927, RFC 4193, RFC 4291: addresses that nobody on the internet can claim.
PRIVATE: tuple[Network, ...] = (
    ipaddress.ip_network("10.0.0.0/8"),
    ipaddress.ip_network("172.16.0.0/12"),
    ipaddress.ip_network("192.168.0.0/16"),
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fc00::/7"),
    ipaddress.ip_network("fe80::/10"),
)
#: What a client authority may sign for: no host and no address. The empty name is above all others.
NO_NAMES = x509.NameConstraints(
    permitted_subtrees=None,
    excluded_subtrees=[
        x509.DNSName(""),
        x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")),
        x509.IPAddress(ipaddress.ip_network("::/0")),
    ],
)


#: RFC 6762: what machines of one network call each other; no name server gives such names out.
LOCAL = "local"


def constraints_for(names: Iterable[Name], *, strict: bool = False) -> x509.NameConstraints:
    """The name constraints of a CA that is made for ``names``.

    :param names: parsed names; localhost and the loopback addresses are always added.
    :param strict: leave out the private and link-local address ranges, and names in ``.local``.
    """
    given = tuple(names)
    hosts = [name for name in given if isinstance(name, str)]
    always = ["localhost", *([] if strict else [LOCAL])]
    networks: list[Network] = [*LOOPBACK, *(() if strict else PRIVATE)]
    for name in given:
        if not isinstance(name, str) and not any(name in network for network in networks):
            networks.append(ipaddress.ip_network(name))
    # Always both DNS names and addresses, also for a CA that is made for one kind only: of forms of
    # names that it doesn't mention, a constraint permits all.
    return x509.NameConstraints(
        permitted_subtrees=[
            *(x509.DNSName(host) for host in dict.fromkeys([*hosts, *always])),
            *(x509.IPAddress(network) for network in networks),
        ],
        excluded_subtrees=None,
    )


def permits(constraints: x509.NameConstraints | None, name: Name) -> bool:
    """Whether a CA with these constraints may sign for ``name``; ``None`` means no constraints."""
    if constraints is None:
        return True
    form = x509.DNSName if isinstance(name, str) else x509.IPAddress
    permitted = [tree for tree in constraints.permitted_subtrees or () if isinstance(tree, form)]
    excluded = [tree for tree in constraints.excluded_subtrees or () if isinstance(tree, form)]
    if any(_covers(tree, name) for tree in excluded):  # whatever is permitted beside that
        return False
    return not permitted or any(_covers(tree, name) for tree in permitted)


def domains(constraints: x509.NameConstraints | None) -> tuple[str, ...]:
    """The permitted DNS subtrees."""
    trees = (constraints.permitted_subtrees if constraints else None) or ()
    return tuple(tree.value for tree in trees if isinstance(tree, x509.DNSName))


def describe(constraints: x509.NameConstraints | None) -> str:
    """One line for people: ``myhost, localhost and names below them; 127.0.0.0/8, …``."""
    if constraints is None:
        return "anything (it has no name constraints)"
    trees = constraints.permitted_subtrees or ()
    names = domains(constraints)
    networks = [tree.value for tree in trees if isinstance(tree, x509.IPAddress)]
    parts = [
        _below(names) if names else "any DNS name",
        ", ".join(_short(network) for network in networks) if networks else "any address",
    ]
    return "; ".join(parts)


def _below(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} and names below it"
    return f"{', '.join(names)} and names below them"


def wide_names(names: Sequence[Name]) -> tuple[str, ...]:
    """Those whose subtree could be a whole top-level domain: one label, other than localhost."""
    return tuple(
        name for name in names if isinstance(name, str) and "." not in name and name != "localhost"
    )


def _covers(tree: x509.GeneralName, name: Name) -> bool:
    if isinstance(name, str):
        base = str(tree.value).lower()
        # A leading dot is not in RFC 5280, but others' CAs use it for "only names below".
        exact = not base.startswith(".") and name == base
        return base == "" or exact or name.endswith("." + base.removeprefix("."))
    network = tree.value
    if isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return name.version == network.version and name in network
    return False


def _short(network: object) -> str:
    """A single address without its /32 or /128."""
    if isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network):
        single = network.prefixlen == network.max_prefixlen
        return str(network.network_address if single else network)
    return str(network)
