"""`store.json` in a data directory, which says where its database is when that is none in it.

A server writes it at its first start on PostgreSQL, so that `securechat-admin` needs no
configuration, and no later start begins anew in another place.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from securechat.common.files import read_named, replace
from securechat.store.postgres.location import PostgresLocation, UrlError, parse_location

FILE_NAME = "store.json"


class StoreFileError(Exception):
    """The file can't be used; the text says why and what to do."""


def read_location(file: Path) -> PostgresLocation | None:
    """What it says; None without one. Raises StoreFileError."""
    facts = _facts(file)
    if not facts:
        return None
    try:
        password_file = facts["password_file"]
        return parse_location(facts["url"], Path(password_file) if password_file else None)
    except (ValueError, LookupError, TypeError, AttributeError, UrlError) as error:
        raise _nonsense(file) from error


def _facts(file: Path) -> dict[str, Any]:
    """Empty without a file."""
    try:
        facts = json.loads(read_named(file))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise StoreFileError(f"can't read {file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _nonsense(file) from error
    if not isinstance(facts, dict) or not facts:
        raise _nonsense(file)
    return facts


def _nonsense(file: Path) -> StoreFileError:
    return StoreFileError(
        f"{file}: expected the url and the password_file of the server's database; restore it "
        "from a backup, or remove it and start securechat-server with its configuration"
    )


def read_node(file: Path) -> str:
    """The name of the node that ran on the directory last; '' where it was none. Raises
    StoreFileError.
    """
    return str(_facts(file).get("node", ""))


def write_location(file: Path, location: PostgresLocation, node: str = "") -> None:
    """node: as of read_node(). Raises StoreFileError."""
    password_file = location.password_file
    facts = {"url": location.url, "password_file": str(password_file) if password_file else ""}
    if node:
        facts["node"] = node
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
