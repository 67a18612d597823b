"""Where else a server can be found, as it tells whom it has let in: a token of 005. Pure.

What comes is a stranger's text: read by the form of links, at most as many as a link has. To be
told of an address makes nobody trust it; trust/authorities.py verifies each.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from securechat.client.session.identity import Address
from securechat.common.escape import escape_text
from securechat.credentials.link import DEFAULT_PORT, MOST_ADDRESSES, split_place

ADDRESSES: Final = "securechat/ADDRESSES"

MOST_BYTES: Final = 255
"""Of one: no name of DNS is longer (RFC 1035)."""


def told_addresses(value: str) -> tuple[Address, ...]:
    """Those in the token's value, each once; what is none is left out."""
    # Split no further than needed: of a thousand nobody looks at more than the first ones.
    parts = value.split(",", MOST_ADDRESSES)[:MOST_ADDRESSES]
    return tuple(dict.fromkeys(_good(parts)))


def _good(parts: list[str]) -> Iterator[Address]:
    for part in parts:
        place = split_place(part) if len(part.encode(errors="replace")) <= MOST_BYTES else None
        address = Address(place[0], place[1] or DEFAULT_PORT) if place else None
        if address is not None and _is_host(address.host):
            yield address
        else:
            _tell_of(part)


def _tell_of(part: str) -> None:
    import logging  # only here, as no server of ours has us need it

    log = logging.getLogger("securechat.client")
    log.debug("the server tells an address that is none: %s", escape_text(part[:80]))


def _is_host(host: str) -> bool:
    if ":" not in host:
        return bool(host.strip(".-"))
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def is_here(address: Address) -> bool:
    """Whether it means the machine of whoever connects there."""
    host = address.host
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return number.is_loopback or number.is_unspecified
