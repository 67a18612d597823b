"""The file of a backup: a tar of plain files, the first of which says what the others are.

Any tar program can look into it. Reading is stricter than tar is: members are known by their names,
each comes once, none is a link or a directory, and no header says more than name, kind and size.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from securechat.common.files import PRIVATE, new_file

# A change that an older reader would take amiss makes it the next number.
FORMAT = 1
"""The format of the whole file."""

MANIFEST = "securechat-backup.json"

DATABASE = "securechat.db"
PEPPER = "pepper"
TLS = ("tls/ca.pem", "tls/ca-key.pem", "tls/server.pem", "tls/server-key.pem")

_NO_LIMIT = 1 << 62
# All members there may be, with the bytes that each may have: what the server itself reads of them
# at most. The database has no limit but the file's own size.
_LIMITS = {DATABASE: _NO_LIMIT, PEPPER: 1024, **dict.fromkeys(TLS, 1 << 20)}

_MANIFEST_BYTES = 64 * 1024  # some 1,500 are in use
_LATEST_MS = 1 << 47  # in the year 6429
_CHUNK = 1 << 20
_BLOCK = tarfile.BLOCKSIZE


class BackupError(Exception):
    """A backup can't be made or restored; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a backup, as the manifest tells of it. size: in bytes. sha256: 64 hex digits."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    made_ms: milliseconds since 1970 (UTC). version: of the securechat that made it. schema: the
    database's format. members: by their names in the archive.
    """

    made_ms: int
    version: str
    schema: int
    members: dict[str, Member]


# Writing


def survey(directory: Path) -> dict[str, Member]:
    """The members that lie in a directory."""
    names = [name for name in _LIMITS if (directory / name).exists()]
    return {name: _measured(directory / name) for name in names}


def _measured(path: Path) -> Member:
    size, digest = 0, hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            digest.update(chunk)
    return Member(size, digest.hexdigest())


def pack(directory: Path, manifest: Manifest, file: Path, between: Callable[[], object]) -> None:
    """Write the members that the manifest names into a new file, mode 0600; on the disk when this
    returns. between: called after each MiB. Raises OSError.
    """
    with new_file(file) as stream:
        told = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1).encode()
        # First, so that a reader knows what to expect before it unpacks anything.
        stream.write(_header(MANIFEST, len(told), manifest) + told + _padding(len(told)))
        for name, member in manifest.members.items():
            stream.write(_header(name, member.size, manifest))
            _write_member(stream, directory / name, between)
            stream.write(_padding(member.size))
        # A tar ends with two blocks of zeros, and is filled up to a whole record.
        stream.write(bytes(2 * _BLOCK))
        stream.write(bytes(-stream.tell() % tarfile.RECORDSIZE))


def _header(name: str, size: int, manifest: Manifest) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, PRIVATE, manifest.made_ms // 1000
    return info.tobuf(tarfile.GNU_FORMAT)  # USTAR's end at 8 GiB


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _write_member(stream: BinaryIO, path: Path, between: Callable[[], object]) -> None:
    with path.open("rb") as member:
        while chunk := member.read(_CHUNK):
            stream.write(chunk)
            # Bit by bit: all at once at the end would hold up a server's own flushes.
            os.fdatasync(stream.fileno())
            between()


# Reading


def read_manifest(stream: BinaryIO) -> Manifest:
    """Read the manifest. Raises BackupError when it is no backup, or one of a newer format."""
    try:
        name, size = next(_headers(stream), ("", 0))
    except BackupError:  # "damaged" would mislead: it may be any file
        name, size = "", 0
    # The size is looked at before it is read: any file may be given.
    if name != MANIFEST or size > _MANIFEST_BYTES:
        raise BackupError("it is no backup of securechat: `securechat-admin backup` makes one")
    told = _exactly(stream, size)
    _exactly(stream, -size % _BLOCK)
    try:
        return _parsed(json.loads(told))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BackupError("it is damaged: its manifest can't be read") from None


def extract(stream: BinaryIO, manifest: Manifest, directory: Path) -> None:
    """Put the members, which follow the manifest, into an empty directory, each with mode 0600.

    Raises BackupError when they aren't exactly what the manifest tells, OSError when the disk
    fails. What has been written until then stays for the caller to remove.
    """
    missing = dict(manifest.members)
    for name, size in _headers(stream):
        # Only names that the manifest has, which are those of _LIMITS: so none leads out of the
        # directory. And each once, as it is taken out.
        member = missing.pop(name, None)
        if member is None or member.size != size:
            raise BackupError(f"it is damaged: its manifest doesn't tell of {name!r} as it is")
        _extract(stream, directory / name, member)
    if missing:
        raise BackupError(f"it is damaged: {', '.join(missing)} is missing")
    _check_end(stream)


def _check_end(stream: BinaryIO) -> None:
    """Raises BackupError unless all that follows is the end of a tar, as pack() writes it."""
    # Two blocks of zeros, of which the first is read already, and zeros up to a whole record.
    end = stream.tell() + _BLOCK
    rest = _exactly(stream, _BLOCK + -end % tarfile.RECORDSIZE)
    if rest.strip(b"\0") or stream.read(1):
        raise BackupError("it is damaged: something follows its end")


def _parsed(told: Any) -> Manifest:
    number, version = _whole(told["format"]), str(told.get("version"))[:40]
    if number > FORMAT:
        raise BackupError(
            f"it was made by a newer securechat, {version!r} (its format is {number}, this one "
            f"knows up to {FORMAT}); install that version"
        )
    members = {
        name: Member(_whole(member["size"]), str(member["sha256"]))
        for name, member in told["members"].items()
    }
    for name, member in members.items():
        if member.size > _LIMITS.get(name, -1):
            raise BackupError(f"it is damaged: no backup holds {name!r} of {member.size} bytes")
    if DATABASE not in members:
        raise BackupError("it is damaged: there is no database in it")
    made, schema = _whole(told["made_ms"]), _whole(told["schema"])
    if made > _LATEST_MS:
        raise ValueError("expected a moment that a calendar has")
    return Manifest(made, version, schema, members)


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:  # not isinstance(), as True is an int too
        raise TypeError("expected a whole number")
    return value


def _headers(stream: BinaryIO) -> Iterator[tuple[str, int]]:
    """Name and size of each member, up to the end. The caller reads the member in between."""
    while True:
        block = _exactly(stream, _BLOCK)
        if not block.strip(b"\0"):
            return
        try:
            info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        except (tarfile.HeaderError, ValueError):
            raise BackupError("it is damaged: a header in it can't be read") from None
        # Links, directories and devices, and what says more of the next member (pax, GNU).
        if info.type != tarfile.REGTYPE or not 0 <= info.size < _NO_LIMIT:
            raise BackupError(f"it is damaged: {info.name!r} in it is no plain file")
        yield info.name, info.size


def _extract(stream: BinaryIO, path: Path, member: Member) -> None:
    digest, left = hashlib.sha256(), member.size
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with new_file(path) as target:
        while left:
            chunk = _exactly(stream, min(left, _CHUNK))
            digest.update(chunk)
            target.write(chunk)
            left -= len(chunk)
    _exactly(stream, -member.size % _BLOCK)
    if digest.hexdigest() != member.sha256:
        raise BackupError(f"it is damaged: {path.name} has another digest than its manifest tells")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    try:
        data = stream.read(size)
    except OSError as error:
        raise BackupError(f"it can't be read: {error.strerror}") from error
    if len(data) != size:
        raise BackupError("it is cut short: its end is missing")
    return data
