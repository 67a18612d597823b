"""Files: opened without waiting for ever, private from birth, on the disk, replaced as a whole, and
by one at a time; and whether one that is there is private.

What reads or writes raises OSError, whose strerror is fit to be shown. Any thread may call.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import secrets
import select
import shlex
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# The largest chains of certificates have a few KiB, as have configurations. With a limit a wrong
# path (a device, the image of a disk) doesn't fill the memory.
MAX_BYTES = 1 << 20

# How long somebody has to write into a pipe; a shell's `<(…)` does so at once.
PIPE_SECONDS = 5.0

PRIVATE = 0o600

LOCK = ".lock"
"""The file in a directory by which locked() holds it."""

OPEN_TO_OTHERS = 0o077
"""Permission bits of a file's group and of everybody."""


class UnfitFileError(OSError):
    """The system lets us read the file, and we don't: strerror is a sentence that says why."""


# --- reading --------------------------------------------------------------------------------------


def open_named(path: Path) -> int:
    """A descriptor for reading what a person has named: a file, a pipe, a device.

    Raises UnfitFileError for a pipe that nobody writes to.
    """
    # O_NONBLOCK: opening a pipe without a writer would wait for ever. O_NOCTTY: a terminal that is
    # named must not become the one that sends this process its signals.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            _wait_for_writer(handle, path)
        os.set_blocking(handle, True)
    except BaseException:  # Ctrl-C too, while it waits for a writer
        os.close(handle)
        raise
    return handle


def _wait_for_writer(handle: int, path: Path) -> None:
    # A read would not wait: a pipe without a writer reads as one that is at its end.
    ready, _, _ = select.select([handle], [], [], PIPE_SECONDS)
    if not ready:
        raise UnfitFileError(errno.ETIMEDOUT, "it is a pipe, and nobody writes to it", str(path))


def read_named(
    path: Path,
    limit: int = MAX_BYTES,
    check: Callable[[os.stat_result], None] = lambda found: None,
) -> bytes:
    """The whole content. Raises UnfitFileError for a file of more than limit bytes.

    check: raises when the file isn't what it should be.
    """
    with open(open_named(path), "rb") as file:
        # Of the open file: between a look at the path and opening it another could take its place.
        check(os.fstat(file.fileno()))
        # One more byte tells a file that is too large; pipes and devices have no size to ask for.
        data = file.read(limit + 1)
    if len(data) > limit:
        text = f"expected a file of at most {limit >> 20} MiB, found a larger one"
        raise UnfitFileError(errno.EFBIG, text, str(path))
    return data


# --- writing --------------------------------------------------------------------------------------


@contextmanager
def new_file(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A new file with exactly this mode, whatever the umask; on the disk when the block ends well.

    Raises FileExistsError when something has the name already. After an error in the block the
    caller removes what was written. The name is on the disk after sync_directory().
    """
    # O_EXCL: whoever may write to the directory could have put a link there, or a file of theirs.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    # The mode is given with O_CREAT: a chmod() later would leave a moment to open it and keep it.
    with os.fdopen(os.open(path, flags, mode), "wb") as stream:
        if mode & ~os.fstat(stream.fileno()).st_mode:
            os.fchmod(stream.fileno(), mode)  # the umask has taken bits away
        yield stream
        # Before its caller renames or links it: else a power cut could leave the name with no
        # content behind it.
        stream.flush()
        os.fsync(stream.fileno())


def write_new(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """new_file() with this content."""
    with new_file(path, mode) as stream:
        stream.write(data)


def draft_of(path: Path) -> Path:
    """A name beside path, for what is written first and then renamed or linked to it."""
    # Beside it, as neither works from one file system to another. Random, so that a draft which a
    # crash has left, or another process writes, is not in the way.
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")


def replace(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Write a file whole: a reader finds the old one or this, also after a power cut."""
    draft = draft_of(path)
    try:
        write_new(draft, data, mode)
        draft.replace(path)
    except BaseException:  # Ctrl-C too: the draft may hold a secret
        draft.unlink(missing_ok=True)
        raise
    try:
        sync_directory(path.parent)  # or a power cut could bring the old file back
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems know no such thing
            raise


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold a directory while files in it are read, changed and replaced: who else does so by this
    waits, be it another process or a thread.

    Where nothing can be locked it isn't held, as where nobody can write: each file is whole then,
    too.
    """
    with ExitStack() as held:
        with suppress(OSError):
            # A file of its own, as those beside it are replaced, and some network file systems can
            # lock no directory. It stays: another one may wait for its lock.
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(directory / LOCK, flags, PRIVATE)
            held.callback(os.close, handle)  # which lets go of the lock
            if os.geteuid() == 0:  # or who owns the directory could not open it any more
                found = directory.stat()
                os.fchown(handle, found.st_uid, found.st_gid)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def sync_directory(directory: Path) -> None:
    """Return when the names in it are on the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- whose eyes are on a file --------------------------------------------------------------------


def exposure(found: os.stat_result, path: Path) -> str | None:
    """Why a file is no place for a secret, and what to type; None for a private one."""
    if not stat.S_ISREG(found.st_mode):  # a pipe, as of a shell's `<(…)`: it keeps nothing
        return None
    if found.st_mode & OPEN_TO_OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        return (
            f"other users can read this secret (mode {mode:04o}); a key that "
            f"somebody may have read must be replaced. Close it with: chmod 600 {_typed(path)}"
        )
    return foreign_owner(found, path)


def foreign_owner(found: os.stat_result, path: Path) -> str | None:
    """Why a file or directory isn't ours, and what to do; None for this user's or root's."""
    # Any other owner may open it to others at any time, and change what is in it.
    if found.st_uid in (os.geteuid(), 0):
        return None
    owner, us = _user_name(found.st_uid), _user_name(os.geteuid())
    return (
        f"it belongs to the user {owner}, and this runs as {us}: do this as {owner}, or, if it is "
        f"yours, have it given to you with: chown {us} {_typed(path)}"
    )


def _user_name(number: int) -> str:
    """The user's name; the number of one that the system doesn't know."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _typed(path: Path) -> str:
    return shlex.quote(str(path))
