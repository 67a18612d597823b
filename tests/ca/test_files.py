"""Files are private from birth, whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.ca import files
from securechat.ca.errors import StorageError
from securechat.ca.files import NewFile
from tests.ca.support import mode, modes_at_birth, tree


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277], ids=lambda mask: f"umask {mask:03o}")
def umask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Run the test under each umask, in a directory that was made before."""
    assert tmp_path.is_dir()
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def write(path: Path, data: bytes = b"secret", *, overwrite: bool = False) -> None:
    files.write_files([NewFile(path, data)], overwrite=overwrite)


@pytest.mark.usefixtures("umask")
def test_a_key_is_private_from_its_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No umask leaves it open, not even before the first byte is written."""
    born = modes_at_birth(monkeypatch)
    write(tmp_path / "key.pem")
    assert mode(tmp_path / "key.pem") == 0o600
    assert [bits & 0o077 for _, bits in born] == [0]


@pytest.mark.usefixtures("umask")
def test_a_certificate_is_readable_by_all(tmp_path: Path) -> None:
    """Under every umask, so that a server of another user can have it."""
    files.write_files([NewFile(tmp_path / "ca.pem", b"x", files.PUBLIC_MODE)], overwrite=False)
    assert mode(tmp_path / "ca.pem") == 0o644


def test_a_new_directory_is_private(tmp_path: Path) -> None:
    """Under umask 0 too; its parents are made as usual."""
    before = os.umask(0)
    try:
        files.private_directory(tmp_path / "a" / "certs")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "certs") == 0o700


def test_an_open_directory_with_only_our_files_is_closed(tmp_path: Path) -> None:
    """As the one of a fresh checkout, which git made."""
    directory = tmp_path / "certs"
    directory.mkdir(mode=0o755)
    directory.chmod(0o755)
    for name in ("README.md", ".gitignore", "ca.pem", "ca-key.pem", "client-Иван.pem"):
        (directory / name).touch()
    files.private_directory(directory)
    assert mode(directory) == 0o700


def test_an_open_directory_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Closing a home or /etc would break what relies on it."""
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(StorageError, match=r"other users can look into .*mode 0755.*chmod 700"):
        files.private_directory(tmp_path)
    assert mode(tmp_path) == 0o755


def test_a_shared_directory_is_never_closed(tmp_path: Path) -> None:
    """The sticky bit marks a place for everybody, though it be empty."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(StorageError, match="a directory of its own"):
        files.private_directory(shared)


def test_a_private_directory_may_hold_anything(tmp_path: Path) -> None:
    """Nothing is changed in it."""
    tmp_path.chmod(0o700)
    (tmp_path / "thesis.tex").touch()
    files.private_directory(tmp_path)
    assert list(tree(tmp_path)) == ["thesis.tex"]


def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    """Whether it is the directory itself or one above it."""
    (tmp_path / "certs").touch()
    with pytest.raises(StorageError, match="expected a directory, found a file"):
        files.private_directory(tmp_path / "certs")
    with pytest.raises(StorageError, match=r"can't be used .Not a directory.: name a directory"):
        files.private_directory(tmp_path / "certs" / "below")


def test_an_unwritable_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write everywhere, so the refusal is staged."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match=r"Permission denied.: name a directory that you may"):
        files.private_directory(tmp_path / "certs")


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    """Neither a file nor what a dangling link stands for; and then nothing at all is written."""
    (tmp_path / "b.pem").write_bytes(b"old")
    (tmp_path / "link.pem").symlink_to(tmp_path / "nowhere")
    for taken in ("b.pem", "link.pem"):
        batch = [NewFile(tmp_path / "a.pem", b"new"), NewFile(tmp_path / taken, b"new")]
        with pytest.raises(StorageError, match=f"{taken}: is there already .*--force"):
            files.write_files(batch, overwrite=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.pem", "link.pem"]
    assert (tmp_path / "b.pem").read_bytes() == b"old"


def test_overwriting_replaces_the_file_and_its_mode(tmp_path: Path) -> None:
    """A key that lay open is private afterwards; a link is replaced, not followed."""
    (tmp_path / "open.pem").write_bytes(b"old")
    (tmp_path / "open.pem").chmod(0o666)
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "link.pem").symlink_to(tmp_path / "target")
    write(tmp_path / "open.pem", b"new", overwrite=True)
    write(tmp_path / "link.pem", b"new", overwrite=True)
    assert (tmp_path / "open.pem").read_bytes() == b"new"
    assert mode(tmp_path / "open.pem") == 0o600
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert not (tmp_path / "link.pem").is_symlink()


@pytest.mark.parametrize("failing", [1, 2])
def test_a_full_disk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """Whichever file it hits: both old ones stay, and no temporary file is left behind."""
    batch = [NewFile(tmp_path / "a.pem", b"new"), NewFile(tmp_path / "b.pem", b"new")]
    for file in batch:
        file.path.write_bytes(b"old")
    before, calls = tree(tmp_path), iter(range(1, 100))
    really_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StorageError, match=r"No space left on device.: nothing was changed"):
        files.write_files(batch, overwrite=True)
    assert tree(tmp_path) == before


def test_a_directory_in_the_way_changes_nothing(tmp_path: Path) -> None:
    """It is found before the first file is moved into place."""
    (tmp_path / "b.pem").mkdir()
    batch = [NewFile(tmp_path / "a.pem", b"new"), NewFile(tmp_path / "b.pem", b"new")]
    with pytest.raises(StorageError, match=r"b\.pem: a directory is in the way"):
        files.write_files(batch, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b.pem"]


def test_a_kill_in_the_middle_leaves_no_half_file(tmp_path: Path) -> None:
    """A process that dies between writing and renaming leaves the old file whole."""
    (tmp_path / "a.pem").write_bytes(b"old")
    program = (
        "import os, sys; from pathlib import Path; from securechat.ca import files\n"
        "os.fsync = lambda fd: os.kill(os.getpid(), 9)\n"
        "files.write_files([files.NewFile(Path(sys.argv[1]), b'new')], overwrite=True)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.pem")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -9
    assert (tmp_path / "a.pem").read_bytes() == b"old"
    [left] = [path for path in tmp_path.iterdir() if path.name != "a.pem"]
    assert re.fullmatch(r"\.a\.pem\.[0-9a-f]{16}\.tmp", left.name)
    assert mode(left) == 0o600


def test_a_new_file_shows_no_content() -> None:
    """Its repr may end in a log."""
    assert "secret" not in repr(NewFile(Path("a.pem"), b"secret"))


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """The second waits until the first has left the directory."""
    tmp_path.chmod(0o700)
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        with files.locked(tmp_path):
            order.append("second")

    thread = threading.Thread(target=second)
    with files.locked(tmp_path):
        thread.start()
        assert waiting.wait(10)
        thread.join(0.05)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_directory_that_cannot_be_locked_is_still_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems refuse."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with files.locked(tmp_path / "certs"):
        write(tmp_path / "certs" / "a.pem")
    assert tree(tmp_path / "certs") == {"a.pem": b"secret"}


@pytest.mark.parametrize(
    ("name", "explained"),
    [
        ("missing", "no such file: check the path"),
        ("directory", "can't be read .Is a directory"),
        ("huge", "at most 1 MiB, found a larger one"),
        ("open", "other users can read this secret .mode 0640.; .* chmod 600 /.*/open$"),
    ],
)
def test_what_cannot_be_read_is_explained(tmp_path: Path, name: str, explained: str) -> None:
    """With the path in front."""
    (tmp_path / "directory").mkdir()
    (tmp_path / "huge").write_bytes(bytes((1 << 20) + 1))
    (tmp_path / "huge").chmod(0o600)
    (tmp_path / "open").touch()
    (tmp_path / "open").chmod(0o640)
    with pytest.raises(StorageError, match=explained) as caught:
        files.read(tmp_path / name, secret=True)
    assert caught.value.path == tmp_path / name
