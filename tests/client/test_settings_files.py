"""Small private files: read_private(), write_private(), remove_private()."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from securechat.client.exits import SettingsError
from securechat.client.settings import read_private, remove_private, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    """And so are the two directories that are made for it."""
    path = tmp_path / "a" / "b" / "file"
    before = os.umask(0)
    try:
        write_private(path, "text")
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)
    assert read_private(path, 0o077, "too open") == "text"


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """The new one is another file: who reads the old one reads it to its end. No draft is left."""
    path = tmp_path / "a" / "file"
    write_private(path, "old")
    with path.open() as reader:
        write_private(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_line_ends_of_another_system(tmp_path: Path) -> None:
    """Count as ours."""
    (tmp_path / "file").write_bytes(b"one\r\ntwo\n")
    assert read_private(tmp_path / "file", 0o000, "") == "one\ntwo\n"


def test_what_is_not_there(tmp_path: Path) -> None:
    """Reads as None, and removing it is done."""
    assert read_private(tmp_path / "file", 0o077, "too open") is None
    remove_private(tmp_path / "file")


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o602])
def test_a_file_that_is_too_open(tmp_path: Path, bits: int) -> None:
    """Is refused, with the advice and its name; its content isn't told."""
    path = tmp_path / "a" / "file"
    write_private(path, "content")
    path.chmod(bits)
    with pytest.raises(SettingsError, match="file: close it") as refused:
        read_private(path, 0o077, "close it")
    assert "content" not in str(refused.value)


@pytest.mark.parametrize("forbidden", [0o022, 0o077])
def test_a_file_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forbidden: int
) -> None:
    """Whoever owns it may change it, and so say whom we trust; root may in any case."""
    path = tmp_path / "file"
    write_private(path, "content")
    if os.geteuid() == 0:
        os.chown(path, 54321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(SettingsError, match="file: it belongs to the user") as refused:
        read_private(path, forbidden, "close it")
    assert "content" not in str(refused.value)


def test_what_cannot_be_read_written_or_removed(tmp_path: Path) -> None:
    """Is told by its name, with the reason."""
    (tmp_path / "file").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="file: it is not UTF-8"):
        read_private(tmp_path / "file", 0o077 & 0, "")
    with pytest.raises(SettingsError, match="can't write"):
        write_private(tmp_path / "file" / "x" / "y", "text")
    with pytest.raises(SettingsError, match="can't delete"):
        remove_private(tmp_path)
