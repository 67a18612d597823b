"""Addresses of servers, what to log in with, and whether two names are the same. Any thread."""

from __future__ import annotations

import contextlib
import ipaddress
import re

from securechat.client.exits import UsageError
from securechat.common.record import Record, field
from securechat.credentials.device import is_token
from securechat.credentials.link import DEFAULT_PORT, MOST_ADDRESSES
from securechat.irc import names


class Address(Record):
    """A server's address. host: DNS name or IP address without brackets, see one_spelling()."""

    host: str
    port: int = DEFAULT_PORT

    def __init__(self, host: str, port: int = DEFAULT_PORT) -> None:
        # What is trusted and remembered belongs to a host and not to a way of writing it.
        super().__init__(one_spelling(host), port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Login(Record):
    """Log in to account; by the client certificate when password is None (SASL EXTERNAL).

    password: or a device token, which stands in for one. code: of the second factor, good once.
    """

    account: str
    password: str | None = field(default=None, repr=False)
    code: str = field(default="", repr=False)

    @property
    def by_password(self) -> bool:
        """Whether it is the person's password, not a token or a certificate."""
        return self.password is not None and not is_token(self.password)


class AccountRequest(Record):
    """Make account with an invite code ('*' when registration is open), then be logged in.

    password: empty to ask what is wrong with code and name, which makes no account.
    """

    account: str
    password: str = field(repr=False)
    code: str = field(default="*", repr=False)

    @property
    def by_password(self) -> bool:
        """As with Login."""
        return True


_NUMBERS = re.compile(r"[0-9a-fx.]+")


def one_spelling(host: str) -> str:
    """The one form of all spellings that lead to one host: lower case, without a final dot, xn--
    for other scripts, addresses as short as can be. What is no host stays as it is.
    """
    name = host
    with contextlib.suppress(UnicodeError):  # the codec of Python's own connections (RFC 3490)
        name = name.encode("idna").decode("ascii")
    name = name.lower()
    name = name.rstrip(".") or name
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(name)
        mapped = getattr(address, "ipv4_mapped", None)
        return str(mapped or address)
    if _NUMBERS.fullmatch(name):  # 127.1 and 0x7f000001, which systems take for addresses
        import socket  # only here, as help needs no network

        with contextlib.suppress(OSError):
            return socket.inet_ntoa(socket.inet_aton(name))
    return name


def parse_target(text: str) -> tuple[str | None, list[Address]]:
    """The account, or None, and the addresses in `[ACCOUNT@]HOST[:PORT][,HOST[:PORT]…]`. Raises
    UsageError.
    """
    account, at, places = text.strip().rpartition("@")
    if at and not account:
        raise UsageError(f"expected ACCOUNT@HOST[:PORT]; the account is missing in {text!r}")
    if "," in account:
        raise UsageError(f"expected ACCOUNT@HOST,HOST: the account stands once; got {text!r}")
    return account or None, parse_addresses(places)


def parse_addresses(text: str) -> list[Address]:
    """`HOST[:PORT]`, or several of one server with commas between them, each once. Raises
    UsageError.
    """
    found = list(dict.fromkeys(map(parse_address, text.split(","))))
    if len(found) > MOST_ADDRESSES:
        raise UsageError(
            f"expected at most {MOST_ADDRESSES} addresses of one server; got {len(found)}"
        )
    return found


def parse_address(text: str) -> Address:
    """`HOST`, `HOST:PORT`, `[IPv6]:PORT` or a bare IPv6 address. Raises UsageError."""
    host, port = _split(text)
    if not host or any(char.isspace() or char in "/[]@," for char in host):
        raise UsageError(f"expected HOST[:PORT], with IPv6 addresses in brackets; got {text!r}")
    if not port:
        return Address(host)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise UsageError(f"expected a port from 1 to 65535; got {port!r}")
    return Address(host, int(port))


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        return (host, rest[1:]) if closed and rest[:1] in ("", ":") else ("", "")
    if text.count(":") > 1:  # an IPv6 address needs no brackets when no port follows
        return text, ""
    host, _, port = text.partition(":")
    return host, port


def fold(name: str) -> str:
    """The form by which a channel or an account is compared, and found: the server's own.

    Of what can't be a name there, such as the server's own, only the case of ASCII doesn't count.
    """
    return names.fold(name) or (name.lower() if name.isascii() else name)


def same(one: str, other: str) -> bool:
    """Whether both mean the same channel or account."""
    return one == other or fold(one) == fold(other)
