"""Restores a backup: makes a data directory as it was, whole and verified, or none. Main thread."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from securechat.admin.backup import archive
from securechat.admin.backup.archive import DATABASE, BackupError, Manifest
from securechat.admin.backup.staging import staging, verify
from securechat.admin.listing import utc
from securechat.admin.moving import copy_over
from securechat.common.files import foreign_owner, sync_directory
from securechat.server import store_file
from securechat.server.data import DataDirectory
from securechat.server.store_file import StoreFileError
from securechat.store.admin import wall_clock
from securechat.store.postgres.location import PostgresLocation
from securechat.store.sqlite.copies import adopt_copy
from securechat.store.sqlite.database import files_of


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that is restored. warning: something to tell the administrator, or ''."""

    manifest: Manifest
    warning: str


def restore_backup(
    file: Path, data: DataDirectory, *, by: str, target: PostgresLocation | None = None
) -> Restored:
    """Make a data directory, which must be missing or empty, from a backup.

    Everything is verified before it is there; its files have mode 0600, its directories 0700. by:
    who does it, for the audit. target: where its database is to be, which must be new; None for a
    file in the directory. Raises BackupError, StoreError; then the directory is as it was.
    """
    place = data.path.resolve()  # a link's goal, as no directory can be renamed to a link's name
    _check_place(data, place)
    with _opened(file) as stream, staging(place) as stage:
        found = os.fstat(stream.fileno())
        new = stage / "data"
        new.mkdir(mode=0o700)
        manifest = _unpack(file, stream, new)
        facts = {"file": str(file.absolute()), "made": utc(manifest.made_ms)}
        # In the copy, and not after the rename: the directory is complete from its first moment.
        adopt_copy(new / DATABASE, at_ms=wall_clock(), by=by, **facts)
        if target is not None:
            _take_over(new, target)
        # The names on the disk, or a power cut after the rename could leave some of them out.
        for directory in (new, new / "tls"):
            if directory.exists():
                sync_directory(directory)
        try:
            _put(new, place)
        except BackupError as error:
            if target is None:
                raise
            raise BackupError(
                f"{error}. Only {target} has all by now: have its schema securechat dropped before "
                "you try again"
            ) from error
    return Restored(manifest, _exposed(file, found))


def _take_over(new: Path, target: PostgresLocation) -> None:
    """Its database goes to PostgreSQL, and a file in its place tells where it is."""
    copy_over(new / DATABASE, target)
    for path in files_of(new / DATABASE):
        path.unlink(missing_ok=True)
    try:
        store_file.write_location(new / store_file.FILE_NAME, target)
    except StoreFileError as error:
        raise BackupError(str(error)) from error


def _check_place(data: DataDirectory, place: Path) -> None:
    shown = shlex.quote(str(place))
    # Before all else: under a running server no file may change.
    if data.running():
        raise BackupError(
            f"a securechat-server runs on {place}, and nothing was restored: name another "
            f"directory with --data; or stop the server and move this one away: mv {shown} "
            f"{shown}.old"
        )
    try:
        if next(place.iterdir(), None) is not None:
            raise BackupError(_in_the_way(place))
        reason = foreign_owner(place.stat(), place)
    except FileNotFoundError:  # the rename in _put() makes it
        return
    except OSError as error:
        raise BackupError(
            f"{place} can't be a data directory ({error.strerror}), and nothing was restored: name "
            "another with --data"
        ) from None
    if reason is not None:
        raise BackupError(f"nothing was restored to {place}: {reason}")


def _in_the_way(place: Path) -> str:
    shown = shlex.quote(str(place))
    return (
        f"{place} is not empty, and nothing was restored: a restore replaces nothing. Move it away "
        f"(mv {shown} {shown}.old), or name another directory with --data"
    )


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    # Not by open_named(), which waits for who writes into a pipe: a backup is never read from one,
    # as its size must be known. And not blocking, or a pipe would hold it up for ever.
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise BackupError(f"can't read {file}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise BackupError(f"{file}: expected a backup, found no file but something else")
    with os.fdopen(handle, "rb") as stream:
        yield stream


def _unpack(file: Path, stream: BinaryIO, new: Path) -> Manifest:
    try:
        manifest = archive.read_manifest(stream)
        _check_size(manifest, os.fstat(stream.fileno()).st_size, new)
        archive.extract(stream, manifest, new)
        schema = verify(new)
        if schema != manifest.schema:
            raise BackupError("it is damaged: its manifest tells of another database")
    except BackupError as error:
        raise BackupError(f"nothing was restored from {file}: {error}") from error
    return manifest


def _check_size(manifest: Manifest, size: int, new: Path) -> None:
    needed = sum(member.size for member in manifest.members.values())
    # Told before anything is written.
    if needed > size:
        raise BackupError("it is cut short: its end is missing")
    free = shutil.disk_usage(new).free
    if needed > free:
        raise BackupError(
            f"it takes {needed / 2**20:.1f} MiB on the disk of {new.parent.parent}, and "
            f"{free / 2**20:.1f} MiB are free: free some space, or name a directory on another "
            "disk with --data"
        )


def _exposed(file: Path, found: os.stat_result) -> str:
    if not found.st_mode & 0o077:
        return ""
    return (
        f"other users of this machine can read {file}, which holds all secrets of the server; "
        f"close it with: chmod 600 {shlex.quote(str(file))}"
    )


def _put(new: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        new.rename(place)  # takes the place of an empty directory, and of no other
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise BackupError(_in_the_way(place)) from None
        raise BackupError(
            f"the directory {place} can't be replaced ({error.strerror}), and nothing was "
            f"restored: name one within it, such as --data {shlex.quote(str(place / 'server'))}"
        ) from error
    sync_directory(place.parent)
