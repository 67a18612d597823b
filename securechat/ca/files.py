"""Files of the certificate authority: private from birth, whole or not at all, read with care."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from securechat.ca.errors import StorageError
from securechat.common import files
from securechat.common.files import OPEN_TO_OTHERS, exposure

PUBLIC_MODE = 0o644
DIRECTORY_MODE = 0o700
# The names of what we write, drafts that a crash has left included, and what a checkout has beside
# them in certs/.
_OURS = re.compile(
    r"(ca|clients-ca|server|client-.*)(-key)?\.pem|README\.md|\.gitignore|\.lock|\..*\.tmp",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written: where, what, and with which mode (0600 unless told)."""

    path: Path
    data: bytes = field(repr=False)
    mode: int = files.PRIVATE


def private_directory(path: Path) -> None:
    """Make the directory with mode 0700, or see that the one that is there is private.

    One that is open to others is closed when it is ours and holds nothing but our own files;
    otherwise it is refused, since others may rely on it (``--out .`` in a home, ``--out /etc``).

    :raises StorageError: it can't be made, is no directory, or is open to others.
    """
    try:
        path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_mode & OPEN_TO_OTHERS:
            _close_to_others(path, found)
    except FileExistsError as error:
        raise StorageError(path, "expected a directory, found a file: name another") from error
    except OSError as error:
        raise StorageError(
            path, f"can't be used ({error.strerror}): name a directory that you may write to"
        ) from error


def _close_to_others(path: Path, found: os.stat_result) -> None:
    # The sticky bit marks a directory that others use, such as /tmp.
    ours = found.st_uid == os.geteuid() and not found.st_mode & stat.S_ISVTX
    if not ours or not all(_OURS.fullmatch(entry.name) for entry in path.iterdir()):
        raise StorageError(
            path,
            f"other users can look into this directory (mode {stat.S_IMODE(found.st_mode):04o}), "
            f"and keys belong into a private one: name a directory of its own, or close "
            f"this one with 'chmod 700' if nobody else needs it",
        )
    path.chmod(DIRECTORY_MODE)


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the private directory for one writer at a time; a second one waits.

    :raises StorageError: as :func:`private_directory` does.
    """
    private_directory(directory)
    with files.locked(directory):
        yield


def write_files(batch: Sequence[NewFile], *, overwrite: bool) -> None:
    """Write all or none; no reader ever sees half a file, nor a key with a wider mode.

    The caller holds :func:`locked`.

    :param overwrite: replace what is there.
    :raises StorageError: one is there already and ``overwrite`` is false, or the disk refuses.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        _check_targets(batch, overwrite=overwrite)
        for file in batch:
            staged.append((files.draft_of(file.path), file.path))
            files.write_new(staged[-1][0], file.data, file.mode)
        # Only now that all are on the disk: a full one must not leave a key beside the certificate
        # of another.
        for temporary, path in staged:
            temporary.replace(path)
        for directory in {file.path.parent for file in batch}:
            files.sync_directory(directory)
    except OSError as error:
        path = batch[-1].path if not staged else staged[-1][1]
        raise StorageError(
            path, f"can't be written ({error.strerror}): nothing was changed; mend that and repeat"
        ) from error
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def refuse_existing(path: Path) -> None:
    """:raises StorageError: there is something of that name, be it a dangling link."""
    if os.path.lexists(path):
        raise StorageError(
            path, "is there already and was not overwritten: use --force to replace it"
        )


def _check_targets(batch: Sequence[NewFile], *, overwrite: bool) -> None:
    for file in batch:
        if not overwrite:
            refuse_existing(file.path)
        if file.path.is_dir():
            raise StorageError(file.path, "a directory is in the way: move it away and repeat")


def read(path: Path, *, secret: bool = False) -> bytes:
    """The content of a file of at most 1 MiB.

    :param secret: refuse a file that its group or others can read, or that is another user's.
    :raises StorageError: missing, unreadable, too large, or exposed to others.
    """

    def refuse_exposed(found: os.stat_result) -> None:
        reason = exposure(found, path) if secret else None
        if reason is not None:
            raise StorageError(path, reason)

    try:
        return files.read_named(path, check=refuse_exposed)
    except files.UnfitFileError as error:
        raise StorageError(path, str(error.strerror)) from error
    except FileNotFoundError as error:
        raise StorageError(path, "no such file: check the path") from error
    except OSError as error:
        raise StorageError(path, f"can't be read ({error.strerror})") from error
