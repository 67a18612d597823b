"""The file that makes a node: what it may hold, and what is refused before anything is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securechat.ca.errors import StorageError
from securechat.server.node_archive import (
    JoinError,
    files_of_url,
    keeps_to_itself,
    read_archive,
    url_with_files,
    write_archive,
)
from tests.support.certificates import Authority, pem
from tests.support.nodes import PEPPER, URL, archive, written

Told = dict[str, Any]


def refusal(file: Path, change: Callable[[Told], object]) -> str:
    """What is said of an archive that was changed."""
    told = json.loads(write_archive(archive()))
    change(told)
    file.write_text(json.dumps(told))
    file.chmod(0o600)
    with pytest.raises(JoinError) as caught:
        read_archive(file)
    return str(caught.value)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """The node, its configuration and its files."""
    made = archive()
    assert read_archive(written(tmp_path, made)) == made


def test_it_shows_no_secret_to_who_prints_it() -> None:
    """As a traceback might."""
    assert "contents" not in repr(archive())


def test_one_of_a_newer_securechat_is_refused(tmp_path: Path) -> None:
    """With its version, which is what to install."""
    told = refusal(tmp_path / "a", lambda told: told.update(securechat_node=2, version="9.9"))
    assert told == (
        f"{tmp_path / 'a'} was made by a newer securechat, '9.9' (its format is 2, this one knows "
        "up to 1); install that version"
    )


def _set(*path: str, to: object) -> Callable[[Told], object]:
    def change(told: Told) -> None:
        for key in path[:-1]:
            told = told.setdefault(key, {})
        told[path[-1]] = to

    return change


def _b64(text: bytes) -> str:
    return base64.b64encode(text).decode()


def _named(node: str) -> Callable[[Told], object]:
    """Also in its configuration."""

    def change(told: Told) -> None:
        told["node"] = told["config"]["cluster"]["node"] = node

    return change


OTHER = Authority("Other CA")
WRONG = {
    "no kind": lambda told: told.pop("securechat_node"),
    "no number": _set("securechat_node", to="1"),
    "an older number": _set("securechat_node", to=0),
    "no node": lambda told: told.pop("node"),
    "a node that is none": _set("node", to="../south"),
    "a node that is a number": _set("node", to=7),
    "another node": _set("node", to="north"),
    "no node anywhere": _named(""),
    "a path as a node": _named("../south"),
    "no files": _set("files", to=[]),
    "no pepper": lambda told: told["files"].pop("pepper"),
    "no certificate": lambda told: told["files"].pop("tls/server.pem"),
    "no key": lambda told: told["files"].pop("tls/server-key.pem"),
    "a short pepper": _set("files", "pepper", to=_b64(PEPPER[1:])),
    "a file that isn't base64": _set("files", "pepper", to="###"),
    "a file that is no text": _set("files", "pepper", to=None),
    "a file of another name": _set("files", "authorized_keys", to=""),
    "the authority's key": _set("files", "tls/ca-key.pem", to=""),
    "a file outside": _set("files", "../evil", to=""),
    "a file elsewhere": _set("files", "/etc/cron.d/evil", to=""),
    "a noisy certificate": _set("files", "tls/server.pem", to=_b64(b"\xff" * 50)),
    "a noisy key": _set("files", "tls/server-key.pem", to=_b64(b"\xff" * 50)),
    "another's key": _set("files", "tls/server-key.pem", to=_b64(OTHER.server("x").key_pem())),
    "an encrypted key": _set(
        "files", "tls/server-key.pem", to=_b64(OTHER.server("x").key_pem(b"geheim"))
    ),
    "another's authority": _set("files", "tls/ca.pem", to=_b64(pem(OTHER.certificate))),
    "no configuration": lambda told: told.pop("config"),
    "sections that are lists": _set("config", "server", to=["motd"]),
    "a section that is a text": _set("config", "server", to="motd"),
    "an unknown section": _set("config", "sever", "motd", to="x"),
    "an unknown key": _set("config", "server", "mtod", to="x"),
    "a path of a certificate": _set("config", "tls", "cert", to="/etc/ssl/x.pem"),
    "a path of a key": _set("config", "tls", "key", to="/etc/ssl/x.pem"),
    "a path of an authority": _set("config", "tls", "client_ca", to="/etc/ssl/x.pem"),
    "a path of a password": _set("config", "store", "password_file", to="/etc/shadow"),
    "who watches": _set("config", "metrics", "listen", to="0.0.0.0:9667"),
    "no database": lambda told: told["config"].pop("store"),
    "a database that is a number": _set("config", "store", "url", to=7),
    "a database's passwords": _set("config", "store", "url", to=f"{URL}?passfile=/root/.pgpass"),
    "a database's key": _set("config", "store", "url", to=f"{URL}?sslkey=/root/key.pem"),
    "the same, written otherwise": _set("config", "store", "url", to=f"{URL}?ssl%6bey=/root/k"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_none_is_refused(tmp_path: Path, wrong: str) -> None:
    """In one way, as whoever has made it wrong knows why."""
    told = refusal(tmp_path / "a", WRONG[wrong])
    assert told.startswith(f"{tmp_path / 'a'}: expected what `securechat-admin nodes prepare` has")


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}", b"{"]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    """Also where they are deep, or not text."""
    file = tmp_path / "a"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(JoinError, match="found something else or a part of it"):
        read_archive(file)


def test_one_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    """Wherever that is."""
    content = write_archive(archive()).rstrip()
    for end in range(0, len(content), 97):
        file = tmp_path / f"cut-{end}"
        file.write_bytes(content[:end])
        file.chmod(0o600)
        with pytest.raises(JoinError, match="found something else or a part of it"):
            read_archive(file)


def test_one_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """They may have read it."""
    file = written(tmp_path)
    file.chmod(0o640)
    with pytest.raises(StorageError, match="other users can read this secret"):
        read_archive(file)


def test_one_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """A configuration and some certificates are small."""
    file = tmp_path / "a"
    file.write_bytes(b" " * ((1 << 20) + 1))
    file.chmod(0o600)
    with pytest.raises(StorageError, match="at most 1 MiB"):
        read_archive(file)


# --- files in a url ------------------------------------------------------------------------------


def test_the_files_that_a_url_names_go_along(tmp_path: Path) -> None:
    """And have their own places at the other machine."""
    url = f"{URL}?sslmode=verify-full&sslrootcert=/etc/db%20ca.pem&sslkey=/k&application_name=a+b"
    left, named = files_of_url(url)
    assert left == f"{URL}?sslmode=verify-full&application_name=a%2Bb"
    assert named == {"database-ca.pem": Path("/etc/db ca.pem"), "database-key.pem": Path("/k")}
    assert keeps_to_itself(left)
    place = tmp_path / "a b#c"
    shown = str(place).replace(" ", "%20").replace("#", "%23")
    assert url_with_files(left, place, named) == (
        f"{left}&sslrootcert={shown}/database-ca.pem&sslkey={shown}/database-key.pem"
    )


@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"{URL}?sslrootcert=system",
        "postgresql://chat@/chat?host=/var/run/postgresql",
        "postgresql://chat@a,b:5433/chat?target_session_attrs=read-write",
    ],
)
def test_a_url_without_files_stays_as_it_is(tmp_path: Path, url: str) -> None:
    """The directory of a socket is a host, and the system's authorities are no file."""
    assert files_of_url(url) == (url, {})
    assert keeps_to_itself(url)
    assert url_with_files(url, tmp_path, {}) == url
