"""Files of the certificate authority: private from birth, whole or not at all, read with care."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import secrets
import select
import shlex
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from securechat.ca.errors import StorageError

PRIVATE_MODE = 0o600
PUBLIC_MODE = 0o644
DIRECTORY_MODE = 0o700
_OPEN_TO_OTHERS = 0o077
# The largest chains have a few certificates of 2 KiB each; this keeps a wrong path (a device, an
# image of a disk) from filling the memory.
_MAX_READ = 1 << 20
_PIPE_SECONDS = 5.0
_OURS = re.compile(
    r"(ca|clients-ca|server|client-.*)(-key)?\.pem|README\.md|\.gitignore|\..*\.tmp", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written: where, what, and with which mode (0600 unless told)."""

    path: Path
    data: bytes = field(repr=False)
    mode: int = PRIVATE_MODE


def private_directory(path: Path) -> None:
    """Make the directory with mode 0700, or see that the one that is there is private.

    One that is open to others is closed when it is ours and holds nothing but our own files;
    otherwise it is refused, since others may rely on it (``--out .`` in a home, ``--out /etc``).

    :raises StorageError: it can't be made, is no directory, or is open to others.
    """
    try:
        path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_mode & _OPEN_TO_OTHERS:
            _close_to_others(path, found)
    except FileExistsError as error:
        raise StorageError(path, "expected a directory, found a file: name another") from error
    except OSError as error:
        raise StorageError(
            path, f"can't be used ({error.strerror}): name a directory that you may write to"
        ) from error


def _close_to_others(path: Path, found: os.stat_result) -> None:
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
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Some network file systems can't lock a directory. Two at once are rare; each file is
        # still whole then.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_files(files: Sequence[NewFile], *, overwrite: bool) -> None:
    """Write all or none; no reader ever sees half a file, nor a key with a wider mode.

    Each is written under a temporary name first and moved into place when all are on the disk.
    The caller holds :func:`locked`.

    :param overwrite: replace what is there.
    :raises StorageError: one is there already and ``overwrite`` is false, or the disk refuses.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        _check_targets(files, overwrite=overwrite)
        for file in files:
            staged.append((_temporary(file.path), file.path))
            _write_new(staged[-1][0], file)
        for temporary, path in staged:
            temporary.replace(path)
        for directory in {file.path.parent for file in files}:
            _sync(directory)
    except OSError as error:
        path = files[-1].path if not staged else staged[-1][1]
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


def _check_targets(files: Sequence[NewFile], *, overwrite: bool) -> None:
    for file in files:
        if not overwrite:
            refuse_existing(file.path)
        if file.path.is_dir():
            raise StorageError(file.path, "a directory is in the way: move it away and repeat")


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")


def _write_new(path: Path, file: NewFile) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, file.mode), "wb") as stream:
        # The umask can only have taken bits away; this gives them back.
        os.fchmod(stream.fileno(), file.mode)
        stream.write(file.data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def exposure(found: os.stat_result, path: Path) -> str | None:
    """Why a file is no place for a secret, and what to type; None for a private one.

    A pipe or a device, such as a shell's ``<(…)``, has nobody else's eyes on it.
    """
    if not stat.S_ISREG(found.st_mode):
        return None
    if found.st_mode & _OPEN_TO_OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        return (
            f"other users can read this secret (mode {mode:04o}); a key that "
            f"somebody may have read must be replaced. Close it with: chmod 600 {_typed(path)}"
        )
    return foreign_owner(found, path)


def foreign_owner(found: os.stat_result, path: Path) -> str | None:
    """Why a file or directory isn't ours, and what to do; None for this user's or root's.

    Its owner may open it to others at any time, and change what is in it.
    """
    if found.st_uid in (os.geteuid(), 0):
        return None
    owner, us = _user_name(found.st_uid), _user_name(os.geteuid())
    return (
        f"it belongs to the user {owner}, and this runs as {us}: do this as {owner}, or, if it is "
        f"yours, have it given to you with: chown {us} {_typed(path)}"
    )


def _user_name(number: int) -> str:
    """What the system calls the user; the number of one that it doesn't know."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _typed(path: Path) -> str:
    return shlex.quote(str(path))


def _open(path: Path) -> int:
    """Open for reading, without waiting for ever for somebody to write into a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        if pipe and not select.select([descriptor], [], [], _PIPE_SECONDS)[0]:
            raise StorageError(path, "it is a pipe, and nobody writes to it")
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read(path: Path, *, secret: bool = False) -> bytes:
    """The content of a file of at most 1 MiB.

    :param secret: refuse a file that its group or others can read, or that is another user's.
    :raises StorageError: missing, unreadable, too large, or exposed to others.
    """
    try:
        with open(_open(path), "rb") as stream:
            reason = exposure(os.fstat(stream.fileno()), path) if secret else None
            if reason is not None:
                raise StorageError(path, reason)
            data = stream.read(_MAX_READ + 1)
    except FileNotFoundError as error:
        raise StorageError(path, "no such file: check the path") from error
    except OSError as error:
        raise StorageError(path, f"can't be read ({error.strerror})") from error
    if len(data) > _MAX_READ:
        raise StorageError(path, "expected a PEM file of at most 1 MiB, found a larger one")
    return data
