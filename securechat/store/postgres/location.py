"""Where a database of PostgreSQL is: a URL, and a file with the password."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SCHEMES = ("postgresql", "postgres")


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


def parse_location(url: str, password_file: Path | None = None) -> PostgresLocation:
    """Raises UrlError for what is none, or has a secret in it."""
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or "password" in parse_qs(parts.query)
    except ValueError as error:
        raise UrlError(f"expected postgresql://USER@HOST/DATABASE, got no URL: {error}") from error
    if parts.scheme not in SCHEMES:
        raise UrlError(f"expected postgresql://USER@HOST/DATABASE, got {parts.scheme or url!r}")
    if secret:  # it is not quoted: who reads the error may be anybody
        raise UrlError(
            "there is a password in the URL, where lists of processes and logs would show it: put "
            "it into a file of mode 0600, and name that as password_file"
        )
    return PostgresLocation(url, password_file)
