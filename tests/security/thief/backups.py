"""Backups as a thief would forge them: everything in them agrees, but for what the attack is."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from securechat.admin.backup.archive import MANIFEST
from tests.support.admin_cli import AdminCli


def plain(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    """A member as our own backups hold it."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    return info, content


@dataclass
class Forgery:
    """manifest: what it tells, made of the members unless it is given. extra: what comes behind
    them. ending: what closes the archive.
    """

    members: dict[str, bytes]
    told: dict[str, Any] = field(default_factory=dict)
    manifest: bytes | None = None
    extra: list[tuple[tarfile.TarInfo, bytes]] = field(default_factory=list)
    ending: bytes | None = None

    def tells(self) -> bytes:
        """The manifest, with digests that are right."""
        if self.manifest is not None:
            return self.manifest
        members = {
            name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in self.members.items()
        }
        facts = {"format": 1, "made_ms": 1, "version": "0.1.0", "schema": 2, "members": members}
        return json.dumps({**facts, **self.told}).encode()

    def write(self, path: Path) -> Path:
        """The archive."""
        parts = [plain(MANIFEST, self.tells())]
        parts += [plain(name, content) for name, content in self.members.items()]
        data = b"".join(_member(*part) for part in [*parts, *self.extra])
        if self.ending is None:
            data += bytes(1024)
            data += bytes(-len(data) % tarfile.RECORDSIZE)
        path.write_bytes(data + (self.ending or b""))
        path.chmod(0o600)
        return path


def _member(info: tarfile.TarInfo, content: bytes) -> bytes:
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def genuine(path: Path) -> Forgery:
    """What a real backup holds, to be spoiled."""
    members = {}
    with tarfile.open(path) as tar:
        for info in tar:
            content = tar.extractfile(info)
            assert content is not None
            members[info.name] = content.read()
    told = json.loads(members.pop(MANIFEST))
    return Forgery(members, {"schema": told["schema"]})


def bare_tar(**files: bytes) -> bytes:
    """Somebody's tar that has nothing to do with us."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            info, data = plain(name, content)
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def refusal(ground: Path, file: Path) -> str:
    """What somebody is told who restores a forgery."""
    said = AdminCli(ground / "data")(f"restore {file}")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"securechat-admin: nothing was restored from {file}: it")
    assert said.err.endswith("\n")
    assert said.err[:-1].isprintable()
    return said.err


def forged(forgery: Forgery, ground: Path) -> str:
    return refusal(ground, forgery.write(ground.parent / "evil.tar"))


def spoil(forgery: Forgery, *statements: str) -> None:
    """Change the database in a backup as one likes."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(forgery.members["securechat.db"])
        for statement in statements:
            connection.execute(statement)
        forgery.members["securechat.db"] = connection.serialize()
