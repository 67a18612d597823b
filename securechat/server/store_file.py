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
    """Whether two name the same one, though they may reach it in another way: with TLS, or with
    more standbys.
    """
    (places, name), (others, other_name) = _places(one), _places(other)
    return name == other_name and not places.isdisjoint(others)


def _places(location: PostgresLocation) -> tuple[set[tuple[str, ...]], tuple[str, str]]:
    """Host, address and port of each machine; and how the database is called there."""
    parts = urlsplit(location.url)
    named = dict(parse_qsl(parts.query))
    machines = [named.get(key, "").split(",") for key in ("host", "hostaddr", "port")]
    stands_before = parts.netloc.rpartition("@")[2].split(",")
    # As each list may be left out, or be of one that holds for all.
    count = max(map(len, [stands_before, *machines]))
    even = [each if len(each) == count else each[:1] * count for each in (stands_before, *machines)]
    return {*zip(*even, strict=True)}, (parts.path, named.get("dbname", ""))
