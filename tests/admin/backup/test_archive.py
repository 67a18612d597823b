"""The file of a backup, written and read; hostile ones are in tests/security/thief."""

from __future__ import annotations

import io
import json
import stat
import tarfile
from pathlib import Path

import pytest

from securechat.admin.backup import archive
from securechat.admin.backup.archive import BackupError, Manifest, Member

FILES = {
    "securechat.db": b"SQLite" * 700_000,  # of more than one piece
    "pepper": b"p" * 32,
    "tls/ca.pem": b"",
    "tls/server-key.pem": b"k" * 512,  # a whole block
}
MADE_MS = 1_767_312_000_500


def nothing() -> None:
    """Between two pieces."""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A directory with members, and something that is none."""
    directory = tmp_path / "rules"
    (directory / "tls").mkdir(parents=True)
    for name, content in FILES.items():
        (directory / name).write_bytes(content)
    (directory / "tls/client-alice.pem").write_bytes(b"hers")
    return directory


@pytest.fixture
def packed(rules: Path, tmp_path: Path) -> Path:
    file = tmp_path / "b.tar"
    archive.pack(rules, manifest(rules), file, nothing)
    return file


def manifest(rules: Path) -> Manifest:
    return Manifest(MADE_MS, "0.1.0", 2, archive.survey(rules))


def unpack(data: bytes, directory: Path) -> Manifest:
    directory.mkdir()
    stream = io.BytesIO(data)
    found = archive.read_manifest(stream)
    archive.extract(stream, found, directory)
    return found


def test_the_members_are_found_by_their_names(rules: Path) -> None:
    """Whatever else lies there stays there."""
    found = archive.survey(rules)
    assert {name: member.size for name, member in found.items()} == {
        name: len(content) for name, content in FILES.items()
    }
    assert found["tls/ca.pem"].sha256.startswith("e3b0c44298fc1c149afbf4c8996fb924")


def test_what_is_packed_is_unpacked(rules: Path, packed: Path, tmp_path: Path) -> None:
    """Byte for byte, each file 0600 and each directory 0700."""
    out = tmp_path / "out"
    assert unpack(packed.read_bytes(), out) == manifest(rules)
    for name, content in FILES.items():
        assert (out / name).read_bytes() == content
        assert stat.S_IMODE((out / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((out / "tls").stat().st_mode) == 0o700
    assert not (out / "tls/client-alice.pem").exists()


def test_every_size_is_restored(rules: Path, tmp_path: Path) -> None:
    """Also where the first of the two blocks of zeros at the end fills a record of the tar."""
    for blocks in range(tarfile.RECORDSIZE // tarfile.BLOCKSIZE):
        (rules / "securechat.db").write_bytes(b"x" * blocks * tarfile.BLOCKSIZE)
        file = tmp_path / f"{blocks}.tar"
        archive.pack(rules, manifest(rules), file, nothing)
        assert unpack(file.read_bytes(), tmp_path / str(blocks)) == manifest(rules)


def test_any_tar_program_can_look_into_it(packed: Path) -> None:
    """Plain files of nobody in particular; the manifest comes first and can be read by people."""
    with tarfile.open(packed) as tar:
        members = tar.getmembers()
        told = tar.extractfile(members[0])
        assert told is not None
        manifest = json.load(told)
    assert [member.name for member in members] == ["securechat-backup.json", *FILES]
    assert all(member.isreg() and member.mode == 0o600 for member in members)
    assert {(member.uid, member.uname, member.mtime) for member in members} == {
        (0, "", MADE_MS // 1000)
    }
    assert (manifest["format"], manifest["version"], manifest["schema"]) == (1, "0.1.0", 2)
    assert manifest["members"]["pepper"]["size"] == 32


def test_a_file_is_private_from_birth_and_replaces_nothing(rules: Path, packed: Path) -> None:
    """Whoever has put something in its place."""
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    before = packed.read_bytes()
    with pytest.raises(FileExistsError):
        archive.pack(rules, manifest(rules), packed, nothing)
    assert packed.read_bytes() == before


def test_the_disk_is_left_to_others_between_the_pieces(rules: Path, tmp_path: Path) -> None:
    """At least after each MiB."""
    times: list[int] = []
    archive.pack(rules, manifest(rules), tmp_path / "b.tar", lambda: times.append(1))
    assert len(times) >= len(FILES["securechat.db"]) >> 20


def test_a_size_beyond_eight_gib_has_its_place_in_the_header(rules: Path) -> None:
    """A plain tar's number would end there."""
    size = 1 << 40
    header = archive._header("securechat.db", size, manifest(rules))
    assert [*archive._headers(io.BytesIO(header + bytes(512)))] == [("securechat.db", size)]


@pytest.mark.parametrize("length", [0, 1, 511, 512, 700, 1500, -1, -512, -10_000, -3_000_000])
def test_one_that_is_cut_short_is_refused(packed: Path, tmp_path: Path, length: int) -> None:
    """Wherever: nothing of it is taken for whole."""
    data = packed.read_bytes()[:length]
    with pytest.raises(BackupError, match=r"cut short|damaged|no backup of securechat"):
        unpack(data, tmp_path / "out")


@pytest.mark.parametrize("offset", [0, 100, 156, 600, 1024, 1600, 5000, 3_000_000, -9000, -1])
def test_one_that_is_damaged_is_refused(packed: Path, tmp_path: Path, offset: int) -> None:
    """Wherever a bit has changed."""
    data = bytearray(packed.read_bytes())
    data[offset] ^= 4
    with pytest.raises(BackupError, match=r"damaged|no backup of securechat|newer"):
        unpack(bytes(data), tmp_path / "out")


def test_what_cannot_be_read_is_told(packed: Path) -> None:
    """A disk that fails is no damaged backup."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(BackupError, match="it can't be read: Input/output error"):
        archive.extract(Failing(), Manifest(0, "", 2, {"pepper": Member(1, "")}), Path())
