"""The log's own file, for who keeps no journal: what rotates it just moves it away.

No signal and no copying is needed, and no line is lost: before the log's thread writes, it looks
whether the file of that name is still the one that it has open. Main thread, then the log's own.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from securechat.common.files import PRIVATE, UnfitFileError


class LogFile:
    """path: lines are put to the end of what is there; 0600 when it is new. fd: of the file that is
    open now.

    Raises OSError, UnfitFileError for what is no file: a device or a pipe can't be rotated.
    """

    def __init__(self, path: Path) -> None:
        # So that a later change of the working directory changes nothing.
        self._path = path.absolute()
        self.fd, self._file = self._open()

    def current(self) -> int:
        """The descriptor to write to now: of a new file where the old one has been moved away. If
        none can be made, lines go on into the old one. The log's thread only.
        """
        with suppress(OSError):
            if not self._is_there():
                before = self.fd
                self.fd, self._file = self._open()
                os.close(before)
        return self.fd

    def close(self) -> None:
        """Nothing is written any more."""
        os.close(self.fd)

    def _is_there(self) -> bool:
        try:
            return _which(self._path.stat()) == self._file
        except FileNotFoundError:
            return False

    def _open(self) -> tuple[int, tuple[int, int]]:
        # O_APPEND: two servers, or one that copies and truncates, write over nobody's lines.
        # O_NONBLOCK: opening a pipe that nobody reads would wait for ever.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
        fd = os.open(self._path, flags, PRIVATE)
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(fd)
            raise UnfitFileError(
                errno.EINVAL, "it is no file, so the log can't be kept in it", str(self._path)
            )
        return fd, _which(found)


def _which(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
