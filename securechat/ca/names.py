"""Names that go into certificates: DNS names, IP addresses, accounts. Pure.

A parsed name is either a ``str``, which is a lower-case DNS name in its ASCII form, or an address
object of :mod:`ipaddress`.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import TypeAlias

from precis_i18n import get_profile

from securechat.ca.errors import BadNameError
from securechat.common.escape import escape_exactly

Name: TypeAlias = str | ipaddress.IPv4Address | ipaddress.IPv6Address

#: RFC 1035 section 2.3.4 allows 255 octets on the wire, which are 253 characters in text.
MAX_DNS_NAME = 253
#: RFC 5280 appendix A: ub-common-name. Counted in UTF-8 octets, as the strictest readers do.
MAX_COMMON_NAME = 64

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
# IDNA 2003 and 2008 read these four differently (RFC 5894 section 7.2), so that a client may look
# for another name than the certificate holds.
_DEVIATIONS = frozenset("ßς\u200c\u200d")


def parse_name(text: str) -> Name:
    """Read one DNS name or IP address as a person types it.

    :param text: ``chat.example.org``, ``bücher.example`` (becomes its ``xn--`` form),
        ``192.168.1.5``, ``::1`` or ``[::1]``. A final dot and letter case don't matter.
    :returns: the parsed name; equal names parse to equal values.
    :raises BadNameError: it is neither (RFC 1123 section 2.1, RFC 5890, RFC 4291).

    Any thread.
    """
    stripped = text.strip()
    address = _parse_address(stripped)
    if address is not None:
        return address
    _refuse_lookalikes(stripped)
    name = _to_ascii(stripped).lower().removesuffix(".")
    _check_dns_name(name, text)
    return name


def is_bare(text: str) -> bool:
    """Whether a name has a single label: no dot, and it is no address."""
    return _LABEL.fullmatch(text.lower()) is not None


def parse_names(texts: Iterable[str]) -> tuple[Name, ...]:
    """Parse several; the order is kept and repetitions are left out.

    :raises BadNameError: for the first that is malformed.
    """
    return tuple(dict.fromkeys(parse_name(text) for text in texts))


def default_names(hostname: str | None = None) -> tuple[str, ...]:
    """The names of a server on this machine: localhost, the loopback addresses, the host's name.

    :param hostname: this host's name; by default the system is asked (no network is used). It is
        left out when it is no valid DNS name.
    """
    names = ["localhost", "127.0.0.1", "::1"]
    with contextlib.suppress(BadNameError):
        names.append(str(parse_name(socket.gethostname() if hostname is None else hostname)))
    return tuple(dict.fromkeys(names))


def parse_account(text: str) -> str:
    """Read the account that a client certificate is for.

    :returns: the account, normalised after RFC 8265 section 3.4 with its letter case kept.
    :raises BadNameError: it can't be an account, or doesn't fit into a certificate.
    """
    try:
        account: str = get_profile("UsernameCasePreserved").enforce(text)
    except UnicodeEncodeError as error:
        raise BadNameError(
            text, "not an account: expected letters, digits and signs without spaces (RFC 8265)"
        ) from error
    if "." in account or "/" in account:
        # OpenSSL reads a dotted common name as a host's name and holds it against the CA's name
        # constraints, so that the certificate of "john.smith" would not verify.
        raise BadNameError(text, "not an account: it has a dot or a slash, and accounts have none")
    if len(account.encode()) > MAX_COMMON_NAME:
        raise BadNameError(
            text,
            f"too long: a certificate has room for {MAX_COMMON_NAME} bytes of UTF-8, "
            f"this account takes {len(account.encode())}",
        )
    return account


def _parse_address(text: str) -> Name | None:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if "%" in bare:
        raise BadNameError(text, "an address in a certificate has no zone: leave out '%' and after")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if address.is_unspecified or address.is_multicast:
        raise BadNameError(
            text, "no client can connect to this address: give the one that clients will use"
        )
    return address


def _refuse_lookalikes(text: str) -> None:
    """Explain the usual slips better than "malformed" would."""
    if "://" in text:
        raise BadNameError(text, "expected a name, not a URL: leave out the scheme and the path")
    if "*" in text:
        raise BadNameError(
            text,
            "wildcards are not signed: name each host (a CA made for example.org "
            "may sign for every name below it)",
        )
    if "/" in text:
        raise BadNameError(text, "expected one address or name, not a range or a path")
    if re.fullmatch(r".*[^:]:\d{1,5}|\[.*\]:\d{1,5}", text):
        raise BadNameError(text, "expected a name without a port: leave out ':' and the number")
    if ":" in text:
        raise BadNameError(
            text, "malformed IPv6 address: expected groups of hex digits as in fd00::1"
        )


def _to_ascii(text: str) -> str:
    """A-labels by the codec that Python's own TLS clients use, so that both sides agree."""
    if text.isascii():
        return text
    ambiguous = sorted(_DEVIATIONS.intersection(text))
    if ambiguous:
        raise BadNameError(
            text, f"{ambiguous[0]!a} is read in two ways by clients: write the name in xn-- form"
        )
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadNameError(
            text, "not a valid international DNS name: check it, or write it in xn-- form"
        ) from error


def _check_dns_name(name: str, given: str) -> None:
    if not name:
        raise BadNameError(given, "expected a DNS name or an IP address, got nothing")
    if len(name) > MAX_DNS_NAME:
        raise BadNameError(
            given, f"too long: a DNS name has at most {MAX_DNS_NAME} characters, not {len(name)}"
        )
    labels = name.split(".")
    for label in labels:
        _check_label(label, given)
    # Old resolvers read "0x7f" and "1.2" as addresses, so no top-level domain looks like that.
    if re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):
        raise BadNameError(
            given, "malformed IP address: expected four numbers from 0 to 255, without leading 0"
        )


def _check_label(label: str, given: str) -> None:
    if not _LABEL.fullmatch(label):
        raise BadNameError(
            given,
            f"malformed DNS name: each part between dots is 1 to 63 letters, digits or inner "
            f"hyphens, not '{escape_exactly(label)}'",
        )
    if label.startswith("xn--"):
        try:
            label.encode("ascii").decode("idna")
        except UnicodeError as error:
            raise BadNameError(
                given, f"malformed DNS name: {label} is not a valid xn-- form"
            ) from error
