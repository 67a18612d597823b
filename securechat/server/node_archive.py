"""What makes a further node of a cluster: a file with the secrets and the configuration of one.

`securechat-admin nodes prepare` writes it, `securechat-server --join` reads it. It is one JSON
object, so that there are no links, paths or lengths in it to be believed: its files are known by
their names, and each goes to one place in a data directory.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from securechat import __version__
from securechat.ca import files, pem
from securechat.server.config import is_node
from securechat.server.reloading import KEYS
from securechat.store.pepper import FILE_NAME as PEPPER
from securechat.store.pepper import KEY_BYTES

# A change that an older reader would take amiss makes it the next number.
FORMAT = 1

_KIND = "securechat_node"
"""Under this key stands its format, which tells that it is one."""

CA, CERTIFICATE, KEY = "tls/ca.pem", "tls/server.pem", "tls/server-key.pem"
CLIENT_CA = "clients-ca.pem"
PASSWORD = "database-password"  # noqa: S105 - a file's name

OF_THE_URL = {
    "sslrootcert": "database-ca.pem",
    "sslcert": "database-cert.pem",
    "sslkey": "database-key.pem",
}
"""Which files a url of PostgreSQL may name in its options, and what they are called here."""

STAY = ("passfile", "servicefile", "sslcrl", "sslcrldir")
"""Those that name a file of the machine, and no archive takes along."""

NAMES = frozenset({PEPPER, CA, CERTIFICATE, KEY, CLIENT_CA, PASSWORD, *OF_THE_URL.values()})
"""All files that there may be."""

NEEDED = frozenset({PEPPER, CERTIFICATE, KEY})

LOCAL = frozenset(
    {
        *("tls.cert", "tls.key", "tls.client_ca", "store.password_file"),
        *(key for key in KEYS if key.startswith("metrics.")),
    }
)
"""What of a configuration is one machine's own: its paths, and who watches it."""


class JoinError(Exception):
    """A node can't be prepared, or join; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class NodeArchive:
    """node: its name. config: by sections, without what is in LOCAL. contents: of its files."""

    node: str
    config: Mapping[str, Mapping[str, object]]
    contents: Mapping[str, bytes] = field(repr=False)


def write_archive(archive: NodeArchive) -> bytes:
    """What its file holds."""
    told = {
        _KIND: FORMAT,
        "version": __version__,
        "node": archive.node,
        "config": archive.config,
        "files": {name: base64.b64encode(one).decode() for name, one in archive.contents.items()},
    }
    return json.dumps(told, indent=1).encode() + b"\n"


def read_archive(file: Path) -> NodeArchive:
    """The archive in a file, which may be anybody's. Raises JoinError, and StorageError where it
    can't be read, or others can read it.
    """
    try:
        return _parsed(json.loads(files.read(file, secret=True)), file)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise JoinError(
            f"{file}: expected what `securechat-admin nodes prepare` has written, found something "
            "else or a part of it: copy it once more, or prepare another one"
        ) from None


def _parsed(told: Any, file: Path) -> NodeArchive:
    number = told[_KIND]
    if type(number) is int and number > FORMAT:
        version = str(told.get("version"))[:40]
        raise JoinError(
            f"{file} was made by a newer securechat, {version!r} (its format is {number}, this one "
            f"knows up to {FORMAT}); install that version"
        )
    node, config = told["node"], told["config"]
    contents = {name: base64.b64decode(text, validate=True) for name, text in told["files"].items()}
    if number != FORMAT or not is_node(node) or not NEEDED <= contents.keys() <= NAMES:
        raise ValueError
    if not all(isinstance(values, dict) for values in config.values()):
        raise TypeError
    named = {f"{section}.{key}" for section, values in config.items() for key in values}
    if named - set(KEYS) or named & LOCAL:
        raise ValueError
    if config["cluster"]["node"] != node or not keeps_to_itself(config["store"]["url"]):
        raise ValueError
    chain, key, authority = contents[CERTIFICATE], contents[KEY], contents.get(CA)
    if len(contents[PEPPER]) != KEY_BYTES or not pem.belong_together(chain, key, authority):
        raise ValueError
    return NodeArchive(node, config, contents)


# The files that a url names


def _options(url: str) -> list[tuple[str, str]]:
    """As libpq reads them: a plus sign is one, unlike in a form."""
    parts = [part.partition("=") for part in urlsplit(url).query.split("&") if part]
    return [(unquote(key), unquote(value)) for key, _, value in parts]


def _with_options(url: str, options: list[tuple[str, str]]) -> str:
    query = "&".join(f"{quote(key)}={quote(value, safe='/:,')}" for key, value in options)
    return urlunsplit(urlsplit(url)._replace(query=query))


def _is_file(key: str, value: str) -> bool:
    # libpq's word for the authorities of the operating system.
    return key in OF_THE_URL and (key, value) != ("sslrootcert", "system")


def keeps_to_itself(url: str) -> bool:
    """Whether it names no file of a machine, but perhaps the directory of a socket."""
    return not any(_is_file(key, value) or key in STAY for key, value in _options(url))


def files_of_url(url: str) -> tuple[str, dict[str, Path]]:
    """The url without the files that it names, and those, under the names that they have here."""
    options = _options(url)
    named = {OF_THE_URL[key]: Path(value) for key, value in options if _is_file(key, value)}
    left = [one for one in options if not _is_file(*one)]
    return _with_options(url, left) if named else url, named


def url_with_files(url: str, directory: Path, names: Mapping[str, object]) -> str:
    """The url with those of the files in a directory that it can name."""
    added = [(key, str(directory / name)) for key, name in OF_THE_URL.items() if name in names]
    return _with_options(url, [*_options(url), *added]) if added else url
