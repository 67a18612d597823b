"""Makes a backup: all that a server can't make anew, in one file.

That is the database, its pepper, and the authority and certificate of the data directory. Main
thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from securechat import __version__
from securechat.admin.backup import archive
from securechat.admin.backup.archive import DATABASE, PEPPER, TLS, BackupError, Manifest
from securechat.admin.backup.staging import staging, verify
from securechat.ca import files
from securechat.ca.files import NewFile
from securechat.common.files import sync_directory
from securechat.server.data import DataDirectory
from securechat.store.admin import Admin, wall_clock
from securechat.store.errors import StoreError
from securechat.store.pepper import check_pepper
from securechat.store.sqlite.copies import copy_database

# Seconds: a disk that is slow for a while must not stop a backup for ever.
LONGEST_REST = 1.0


@dataclass(frozen=True, slots=True)
class Backup:
    """One that is made. size: of the file, in bytes. warning: something to tell, or ''."""

    manifest: Manifest
    size: int
    warning: str


class Breather:
    """Rests as long as it has worked, so that half of the disk's time is left to the server."""

    def __init__(self, pause: Callable[[float], object]) -> None:
        self._pause = pause
        self._since = time.monotonic()

    def __call__(self) -> None:
        # Bounded: on a disk that stalled for a minute it would rest as long.
        self._pause(min(time.monotonic() - self._since, LONGEST_REST))
        self._since = time.monotonic()


def _go_on() -> None:
    """Nobody else needs the disk."""


def make_backup(
    data: DataDirectory,
    file: Path,
    *,
    by: str,
    force: bool = False,
    pause: Callable[[float], object] = time.sleep,
) -> Backup:
    """Write a backup of a stopped or a running server into a new file, mode 0600.

    It holds what was committed at one moment of this call. by: who makes it, for the audit. force:
    replace the file. pause: waits for some seconds, so that a running server isn't held up. Raises
    BackupError, DataError, StoreError, CaError; then the file is as it was.
    """
    _refuse_existing(file, force=force)
    data.check_database()
    check_pepper(data.location, data.pepper)  # no server starts on a database without its pepper
    between = Breather(pause) if data.running() else _go_on
    # Beside the goal, as only there a rename is possible.
    with staging(file) as stage:
        manifest = _gather(data, stage, between)
        packed = stage / "packed"
        archive.pack(stage, manifest, packed, between)
        size = packed.stat().st_size
        warning = _note(data, file, by)
        _put(packed, file, force=force)
    return Backup(manifest, size, warning)


def _refuse_existing(file: Path, *, force: bool) -> None:
    if file.is_dir():
        raise BackupError(f"{file} is a directory: name a file in it")
    if not file.parent.is_dir():
        raise BackupError(f"there is no directory {file.parent}: make it, or name another file")
    # lexists: a dangling link is in the way as well.
    if os.path.lexists(file) and not force:
        raise BackupError(
            f"{file} is there already and was not overwritten: name another file, or give --force"
        )


def _gather(data: DataDirectory, stage: Path, between: Callable[[], object]) -> Manifest:
    made_ms = wall_clock()
    copy_database(data.location, stage / DATABASE, between)
    if data.pepper.exists():
        _keep(stage, [(PEPPER, data.pepper)])
    if data.tls.exists():
        (stage / "tls").mkdir(mode=0o700)
        with files.locked(data.tls):  # a renewal writes key and certificate one after the other
            _keep(stage, [(name, data.path / name) for name in TLS])
    try:
        # As a restore would: a backup that can't be restored is none.
        schema = verify(stage)
    except BackupError as error:
        raise BackupError(
            f"no backup was made of {data.path}, as nobody could restore it: {error}. Restore the "
            "last one; `securechat-admin check` tells more"
        ) from error
    return Manifest(made_ms, __version__, schema, archive.survey(stage))


def _keep(stage: Path, found: list[tuple[str, Path]]) -> None:
    there = [(name, path) for name, path in found if path.exists()]
    new = [NewFile(stage / name, files.read(path)) for name, path in there]
    files.write_files(new, overwrite=False)


def _note(data: DataDirectory, file: Path, by: str) -> str:
    """Write the backup into the audit; what to warn of when that fails, or ''."""
    # Before the backup is there, so that none is made unnoticed.
    try:
        if (version := data.older_format()) is not None:
            # Opening it to write would make it new: then nobody could go back without this backup.
            return (
                f"the audit doesn't tell of the backup, as the database's format is still {version}"
            )
        admin = Admin(data.location, by=by)
        try:
            admin.audit.note("backup made", file=str(file.absolute()))
        finally:
            admin.close()
    except StoreError as error:  # a full disk is a reason to have a backup, and none to refuse it
        return f"the backup is made, but the audit doesn't tell of it: {error}"
    return ""


def _put(packed: Path, file: Path, *, force: bool) -> None:
    if force:
        packed.replace(file)
    else:
        try:
            os.link(packed, file)  # unlike a rename, it replaces nothing
        except OSError:  # also on a disk without links, such as a memory stick's
            _refuse_existing(file, force=force)
            packed.replace(file)
    sync_directory(file.parent)
