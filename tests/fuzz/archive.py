"""What a further node is made of: a file that may be anybody's (`securechat-server --join`)."""

from __future__ import annotations

import base64
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from securechat.ca.errors import CaError
from securechat.common.files import write_new
from securechat.server.config import ConfigError, load_config
from securechat.server.data import DataDirectory, DataError
from securechat.server.joining import join
from securechat.server.node_archive import (
    NAMES,
    JoinError,
    NodeArchive,
    read_archive,
    write_archive,
)
from tests.fuzz.target import Target
from tests.support import nodes

TOLD = (JoinError, ConfigError, DataError, CaError)
"""What is told to people by its text."""

PLACE = "/dev/shm" if Path("/dev/shm").is_dir() else None


@cache
def _contents() -> dict[bytes, bytes]:
    """What stands in an input for files that belong together, which nobody comes upon by chance."""
    names = {"pepper": b"@pepper", "tls/ca.pem": b"@ca"}
    names |= {"tls/server.pem": b"@chain", "tls/server-key.pem": b"@key"}
    made = nodes.archive().contents
    return {short: base64.b64encode(made[name]) for name, short in names.items()}


def archive(data: bytes) -> None:
    """A file makes a data directory that the next start can go by, or an error that tells why not;
    nothing is written elsewhere, and without a node nothing at all.
    """
    for short, content in _contents().items():
        data = data.replace(short, content)
    with tempfile.TemporaryDirectory(dir=PLACE) as name:
        place = Path(name)
        file, directory = place / "file", DataDirectory(place / "data")
        write_new(file, data)
        told = ""
        try:
            node = join(file, directory, lambda config: config)
        except TOLD as error:
            told = str(error)
        if told:
            assert str(file) in told or str(directory.path) in told
            assert {path.name for path in place.rglob("*")} <= {"file", "data"}
            return
        found = read_archive(file)
        _is_whole(place, directory, found)
        assert found.node == node
        again = place / "again"
        write_new(again, write_archive(found))
        assert read_archive(again) == found


def _is_whole(place: Path, directory: DataDirectory, found: NodeArchive) -> None:
    files = [path for path in place.rglob("*") if path.is_file()]
    written = {str(path.relative_to(place)) for path in files}
    names = {*found.contents, directory.configuration.name}
    assert written == {"file", *(f"data/{name}" for name in names)}
    assert found.contents.keys() <= NAMES
    config = load_config(directory.own_configuration())
    assert config.cluster.node == found.node
    for path in (config.path(config.store.password_file), config.path(config.tls.cert)):
        assert path is None or path.is_relative_to(directory.path)


def _told(**config: dict[str, Any]) -> bytes:
    files = {"pepper": "@pepper", "tls/ca.pem": "@ca", "tls/server.pem": "@chain"}
    whole = {"store": {"url": nodes.URL}, "cluster": {"node": "south"}, **config}
    told = {
        "securechat_node": 1,
        "version": "1",
        "node": "south",
        "config": whole,
        "files": {**files, "tls/server-key.pem": "@key"},
    }
    return json.dumps(told).encode()


SERVER = b'"config": {"server": {"motd": '
"""Where texts of people stand."""

ARCHIVE = Target(
    "archive",
    archive,
    (
        _told(),
        _told(server={"motd": "hi\x7f"}),
        _told(listen={"port": 6697, "also": ["[::1]:6697"]}),
        b'{"securechat_node": 1, "version": "1", "node": "south", ',
        SERVER,
        b'"config": {"store": {"url": "postgresql://u@h/d?sslrootcert=/etc/x"}, '
        b'"cluster": {"node": "south"}}, ',
        b'"files": {"pepper": "@pepper", "tls/server.pem": "@chain", ',
        b'"tls/server-key.pem": "@key"}}',
        b'"tls/ca.pem": "@ca", ',
        b'"../evil": "", ',
        b'"\\ud800"',
        b"1e999",
        b"NaN",
        b"{",
        b"}",
        b"[",
        b"null",
        b"true",
    ),
    max_bytes=1024,
)
