"""An archive of a node, as another one prepares it, good or wrong in one respect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from securechat.common.files import write_new
from securechat.server.node_archive import NodeArchive, write_archive
from tests.support.certificates import Authority, pem

URL = "postgresql://chat@db.example/chat"
PEPPER = bytes(range(32))
CONFIG: dict[str, dict[str, Any]] = {
    "server": {"name": "chat.example", "network": "Lab", "motd": 'Hi\n"you" é 🦊'},
    "listen": {"host": "0.0.0.0"},
    "limits": {"lines_per_second": 5.5, "connections": 77},
    "store": {"url": URL, "single": True},
    "cluster": {"node": "south"},
}


def archive(**sections: dict[str, Any]) -> NodeArchive:
    """With other values in some sections of the configuration."""
    authority = Authority()
    leaf = authority.server("south.example", "127.0.0.1")
    contents = {
        "pepper": PEPPER,
        "tls/ca.pem": authority.pem.encode(),
        "tls/server.pem": pem(leaf.certificate) + authority.pem.encode(),
        "tls/server-key.pem": leaf.key_pem(),
        "database-password": b"hush\n",
    }
    return NodeArchive("south", {**CONFIG, **sections}, contents)


def written(place: Path, made: NodeArchive | None = None, name: str = "south.node") -> Path:
    """In a file."""
    file = place / name
    write_new(file, write_archive(made or archive()))
    return file
