"""Where a database of PostgreSQL is: a URL, and a file with the password."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES = ("postgresql", "postgres")

VERIFIED = "verify-full"
"""The only sslmode of libpq in which a server proves that it is the one that was named."""

_SECRETS = {"password", "sslpassword"}


class UrlError(Exception):
    """The URL can't be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class PostgresLocation:
    """url: without a password. password_file: its first line is it; without one libpq's own places
    are looked at (https://www.postgresql.org/docs/current/libpq-pgpass.html).
    """

    url: str
    password_file: Path | None = None

    def __str__(self) -> str:
        """As people are told of it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}"

    @property
    def is_local(self) -> bool:
        """Whether all hosts in the URL are this machine, so that nobody is between. Without a host
        a variable of the environment may name any, so it isn't then.
        """
        parts = urlsplit(self.url)
        named = [parts.netloc.rpartition("@")[2]]
        named += [value for key, value in parse_qsl(parts.query) if key in ("host", "hostaddr")]
        hosts = [host for names in named if names for host in names.split(",")]
        return bool(hosts) and all(_is_local(unquote(host)) for host in hosts)


def _is_local(host: str) -> bool:
    """host: the directory of a socket, a name or an address, perhaps with a port."""
    if host.startswith(("/", "@")):
        return True
    name = host[1:].partition("]")[0] if host.startswith("[") else host
    if name.count(":") == 1:
        name = name.partition(":")[0]
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def parse_location(url: str, password_file: Path | None = None) -> PostgresLocation:
    """Raises UrlError for what is none, has a secret in it, or would trust any server that answers
    in the place of the one that is named.
    """
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query)
        secret = parts.password is not None or any(key in _SECRETS for key, _ in options)
    except ValueError as error:
        raise UrlError(f"expected postgresql://USER@HOST/DATABASE, got no URL: {error}") from error
    if parts.scheme not in SCHEMES:
        raise UrlError(f"expected postgresql://USER@HOST/DATABASE, got {parts.scheme or url!r}")
    if secret:  # it is not quoted: who reads the error may be anybody
        raise UrlError(
            "there is a password in the URL, where lists of processes and logs would show it: put "
            "it into a file of mode 0600, and name that as password_file"
        )
    if not parts.path.strip("/") and not {"dbname", "service"} & {key for key, _ in options}:
        raise UrlError(f"expected postgresql://USER@HOST/DATABASE, got no DATABASE in {url}")
    if strange := set(url) & set("#\\ \t\r\n"):  # which libpq reads in another way
        raise UrlError(f"expected no {min(strange)!r} in the URL: write its percent-encoding there")
    location = PostgresLocation(url, password_file)
    weak = [value for key, value in options if key == "sslmode" and value != VERIFIED]
    if weak and not location.is_local:
        raise UrlError(
            f"sslmode={weak[0]} lets anybody on the way pose as the database's server: leave it "
            f"out, or write sslmode={VERIFIED}; sslrootcert=FILE names the authority of its "
            "certificate"
        )
    return location
