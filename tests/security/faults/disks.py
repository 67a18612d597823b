"""Disks that fill up under a server: a small file system, or a limit to the size of files."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from securechat.store.sqlite.database import FILE_NAME
from tests.support.process import ServerProcess

SIZE = "3m"
BALLAST = "ballast"

# Its input ends with the block or with this process; in a session of its own, as Ctrl-C is for all
# of one.
UNMOUNT = 'cat; exec umount -l "$1"'


class Disk:
    """directory: on it. why: what a server says of a write that it has no room for."""

    why = "the disk is full; free some space (database or disk is full)"

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def fill(self, server: ServerProcess) -> None:
        """Leave no room for a page."""
        raise NotImplementedError

    def free(self, server: ServerProcess) -> None:
        """There is room again."""
        raise NotImplementedError


class SmallDisk(Disk):
    """A file system of its own, of some megabytes."""

    def fill(self, server: ServerProcess | None = None) -> None:
        with (self.directory / BALLAST).open("ab", buffering=0) as file:
            for size in (65536, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def free(self, server: ServerProcess | None = None) -> None:
        (self.directory / BALLAST).unlink()


class ShortFiles(Disk):
    """Where no file of the server's may grow: for Linux, and without any rights."""

    why = "the disk reports an error; check it (disk I/O error)"

    def fill(self, server: ServerProcess) -> None:
        log = server.data.database.with_name(FILE_NAME + "-wal")
        self._limit(server, log.stat().st_size)

    def free(self, server: ServerProcess) -> None:
        self._limit(server, resource.RLIM_INFINITY)

    def _limit(self, server: ServerProcess, size: int) -> None:
        hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def mounted(directory: Path) -> Iterator[SmallDisk]:
    """A file system of SIZE for the time of a block, also where this process is killed in it: else
    nobody could remove the directory that it is in. Skips where that isn't allowed.
    """
    directory.mkdir()
    options = f"size={SIZE},mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "securechat-tests", str(directory)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system, and not in every container")
    with subprocess.Popen(
        ["sh", "-c", UNMOUNT, "watch", str(directory)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    ) as watch:
        yield SmallDisk(directory)
    assert watch.returncode == 0, "the small file system is still there"


def read_only(disk: SmallDisk) -> None:
    """Let nobody write to it any more; nobody may have a file open for that."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk.directory)], check=True)
