"""Reads files that a person has named, whatever they are: a device, a pipe, the image of a disk.

Any thread may call.
"""

from __future__ import annotations

import errno
import os
import select
import stat
from pathlib import Path

MAX_BYTES = 1 << 20
"""The largest chains of certificates have a few KiB, as have configurations."""

PIPE_SECONDS = 5.0
"""How long somebody has to write into a pipe; a shell's `<(…)` does so at once."""


def open_named(path: Path) -> int:
    """A descriptor for reading. Opening a pipe that nobody writes to would else wait for ever.

    Raises OSError, whose strerror is fit to be shown.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            _wait_for_writer(handle, path)
        os.set_blocking(handle, True)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _wait_for_writer(handle: int, path: Path) -> None:
    ready, _, _ = select.select([handle], [], [], PIPE_SECONDS)
    if not ready:
        raise OSError(errno.ETIMEDOUT, "it is a pipe, and nobody writes to it", str(path))


def read_named(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The whole content, of at most limit bytes. Raises OSError as open_named() does."""
    with open(open_named(path), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        text = f"expected a file of at most {limit >> 20} MiB, found a larger one"
        raise OSError(errno.EFBIG, text, str(path))
    return data
