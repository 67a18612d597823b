"""Whether there is room for more: on the disk, and in what the database may take. Any thread."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MIB = 1024 * 1024

SPARE = 1.25
"""What is short is mended when there is so much more than the least: it must not come and go."""


class Space:
    """database: its path. free_bytes: the least that is to be left free on its disk. most_bytes:
    what it may take with its write-ahead log, 0 for any size.
    """

    def __init__(self, database: Path, *, free_bytes: int, most_bytes: int) -> None:
        self._database = database
        self._free = free_bytes
        self._most = most_bytes
        self._short = ""

    def shortage(self) -> str:
        """Why nothing more is to be stored; '' while there is room."""
        spare = SPARE if self._short else 1.0
        self._short = self._disk(self._free * spare) or self._size(self._most / spare)
        return self._short

    def _disk(self, wanted: float) -> str:
        with suppress(OSError):
            disk = os.statvfs(self._database.parent)
            if disk.f_bavail * disk.f_frsize < wanted:
                return f"less than {self._free // MIB} MiB of its disk are free"
        return ""

    def _size(self, most: float) -> str:
        wal = self._database.with_name(self._database.name + "-wal")
        if self._most and sum(map(_size, (self._database, wal))) > most:
            return f"its database has reached {self._most // MIB} MiB, as much as it may take"
        return ""


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
