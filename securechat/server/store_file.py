"""`store.json` in a data directory, which says where its database is when that is none in it.

A server writes it at its first start on PostgreSQL, so that `securechat-admin` needs no
configuration, and no later start begins anew in another place.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from securechat.common.files import read_named, replace
from securechat.store.postgres.location import PostgresLocation, UrlError, parse_location

FILE_NAME = "store.json"


class StoreFileError(Exception):
    """The file can't be used; the text says why and what to do."""


def read_location(file: Path) -> PostgresLocation | None:
    """What it says; None without one. Raises StoreFileError."""
    try:
        facts = json.loads(read_named(file))
        password_file = facts["password_file"]
        return parse_location(facts["url"], Path(password_file) if password_file else None)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreFileError(f"can't read {file}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, UrlError) as error:
        raise StoreFileError(
            f"{file}: expected the url and the password_file of the server's database; restore it "
            "from a backup, or remove it and start securechat-server with its configuration"
        ) from error


def write_location(file: Path, location: PostgresLocation) -> None:
    """Raises StoreFileError."""
    password_file = location.password_file
    facts = {"url": location.url, "password_file": str(password_file) if password_file else ""}
    try:
        replace(file, (json.dumps(facts, indent=2) + "\n").encode())
    except OSError as error:
        raise StoreFileError(f"can't write {file}: {error.strerror}") from error


def is_same_database(one: PostgresLocation, other: PostgresLocation) -> bool:
    """Whether two name the same one, though they may reach it in another way, as with TLS."""
    return _place(one) == _place(other)


def _place(location: PostgresLocation) -> tuple[object, ...]:
    parts = urlsplit(location.url)
    named = {key: value for key, value in parse_qsl(parts.query) if key in _OF_A_PLACE}
    return parts.netloc.rpartition("@")[2], parts.path, named


_OF_A_PLACE = ("host", "hostaddr", "port", "dbname")
