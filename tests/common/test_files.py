"""Files that a person has named, and files that are private from birth and whole."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securechat.common import files
from securechat.common.files import (
    LOCK,
    PRIVATE,
    UnfitFileError,
    locked,
    new_file,
    open_named,
    read_named,
    replace,
    sync_directory,
    write_new,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def kind(handle: int) -> str:
    return "directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"


# --- reading --------------------------------------------------------------------------------------


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
        with pytest.raises(UnfitFileError, match="found a larger one"):
            read_named(large, 100)


def test_a_pipe_that_nobody_writes_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while; and its descriptor isn't left open."""
    monkeypatch.setattr(files, "PIPE_SECONDS", 0.01)
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(UnfitFileError, match="nobody writes to it"):
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


def test_the_file_that_is_looked_at_is_the_one_that_is_read(tmp_path: Path) -> None:
    """A file that is put in its place comes too late; and what is refused isn't read."""
    (tmp_path / "file").write_text("right")
    (tmp_path / "other").write_text("wrong, and larger")

    def swapped(found: os.stat_result) -> None:
        assert found.st_size == len("right")
        (tmp_path / "other").replace(tmp_path / "file")

    assert read_named(tmp_path / "file", check=swapped) == b"right"

    def refuse(found: os.stat_result) -> None:
        raise LookupError(found.st_size)

    with pytest.raises(LookupError):
        read_named(tmp_path / "file", limit=0, check=refuse)


# --- writing --------------------------------------------------------------------------------------


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277], ids=lambda mask: f"umask {mask:03o}")
def umask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Run the test under each umask, in a directory that was made before."""
    assert tmp_path.is_dir()
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("wanted", [PRIVATE, 0o644])
def test_a_file_has_its_mode_from_birth(tmp_path: Path, wanted: int) -> None:
    """Whatever the umask: never more, and in the end not less."""
    path = tmp_path / "file"
    with new_file(path, wanted) as stream:
        assert mode(path) == wanted
        stream.write(b"secret")
    assert mode(path) == wanted
    assert path.stat().st_size == 6


def test_it_is_private_in_the_moment_in_which_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no program that is started meanwhile gets its descriptor."""
    made: list[int] = []
    really_open: Callable[..., int] = os.open

    def watched(path: Path, flags: int, mode: int) -> int:
        handle = really_open(path, flags, mode)
        made.append(stat.S_IMODE(os.fstat(handle).st_mode))
        assert not os.get_inheritable(handle)
        return handle

    monkeypatch.setattr(os, "open", watched)
    before = os.umask(0)
    try:
        write_new(tmp_path / "file", b"secret")
    finally:
        os.umask(before)
    assert made == [PRIVATE]


def test_a_new_file_takes_no_place_of_another(tmp_path: Path) -> None:
    """Neither a file's nor that of what a dangling link stands for."""
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            write_new(tmp_path / name, b"new")
    assert (tmp_path / "file").read_text() == "old"
    assert not (tmp_path / "nowhere").exists()


def test_a_new_file_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that was written to it."""
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: sizes.append(os.fstat(handle).st_size))
    with new_file(tmp_path / "file") as stream:
        stream.write(b"one")
        stream.write(b"two")
    assert sizes == [6]


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is made safe, in its order."""
    done: list[str] = []
    really_fsync, really_replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        done.append(kind(handle))
        really_fsync(handle)

    def moved(path: Path, target: Path) -> Path:
        done.append("moved")
        return really_replace(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", moved)
    return done


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, syncs: list[str]) -> None:
    """Its content is safe before it takes the old one's place, its name afterwards. A link is
    replaced and not followed, and who reads the old file reads it to its end.
    """
    (tmp_path / "target").write_text("old")
    (tmp_path / "file").symlink_to(tmp_path / "target")
    with (tmp_path / "file").open() as reader:
        replace(tmp_path / "file", b"new")
        assert reader.read() == "old"
    assert syncs == ["file", "moved", "directory"]
    assert (tmp_path / "target").read_text() == "old"
    assert (tmp_path / "file").read_text() == "new"
    assert mode(tmp_path / "file") == PRIVATE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "target"]


@pytest.mark.parametrize("failing", ["file", "moved"])
def test_a_full_disk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """The old file stays, and no draft."""
    (tmp_path / "file").write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if failing == "file":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        replace(tmp_path / "file", b"new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_directory_that_cannot_be_made_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Where the file system knows no such thing, a replaced file is replaced all the same."""
    really_fsync = os.fsync

    def fsync(handle: int) -> None:
        if kind(handle) == "directory":
            raise OSError(number, os.strerror(number))
        really_fsync(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=os.strerror(number)):
        sync_directory(tmp_path)
    if number == errno.EINVAL:
        replace(tmp_path / "file", b"new")
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            replace(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_text() == "new"


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Of what is written, moved and made safe."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    replace(tmp_path / "file", b"new")
    sync_directory(tmp_path)
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", b"new")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# --- one at a time --------------------------------------------------------------------------------


def test_a_directory_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    """By a private file, which stays there, and belongs to who has the directory."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 54321, 54321)
    with locked(tmp_path), (tmp_path / LOCK).open() as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = (tmp_path / LOCK).stat()
    assert stat.S_IMODE(found.st_mode) == PRIVATE
    assert found.st_uid == tmp_path.stat().st_uid
    with (tmp_path / LOCK).open() as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_fails_while_a_directory_is_held_is_told(tmp_path: Path) -> None:
    """Only that it can't be held isn't."""
    with pytest.raises(PermissionError), locked(tmp_path / "missing"):
        raise PermissionError
