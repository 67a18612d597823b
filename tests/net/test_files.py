"""Files that a person has named: open_named(), read_named()."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from securechat.net import files
from securechat.net.files import open_named, read_named


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Up to the limit, which still fits."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert read_named(path, 100) == b"x" * 100


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    """Without reading it to its end: it may have none."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 101)
    for large in (path, Path("/dev/zero")):
        with pytest.raises(OSError, match="found a larger one"):
            read_named(large, 100)


def test_a_pipe_that_nobody_writes_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while; and its descriptor isn't left open."""
    monkeypatch.setattr(files, "PIPE_SECONDS", 0.01)
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="nobody writes to it"):
        open_named(tmp_path / "pipe")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_pipe_that_is_written_to_is_read(tmp_path: Path) -> None:
    """As a shell's `<(…)` is, to the writer's end."""
    os.mkfifo(tmp_path / "pipe")

    def write() -> None:
        with (tmp_path / "pipe").open("wb") as pipe:
            pipe.write(b"one")
            pipe.flush()
            pipe.write(b" two")

    writer = threading.Thread(target=write)
    writer.start()
    assert read_named(tmp_path / "pipe") == b"one two"
    writer.join()


def test_a_file_that_is_none_is_told_by_the_system(tmp_path: Path) -> None:
    """In its own words."""
    with pytest.raises(FileNotFoundError):
        read_named(tmp_path / "nowhere")
    with pytest.raises(IsADirectoryError):
        read_named(tmp_path)
