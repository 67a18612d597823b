"""Backups in a thief's hands: forged ones that somebody is to restore, and real ones to be read.

That a forgery is refused means: the command says why in one harmless line, ends with code 1, and
leaves no trace. Digests show damage; whoever forges a whole server, digests and all, has made a
server of their own, which is why SECURITY.md has backups kept as the server itself is.
"""

from __future__ import annotations

import gzip
import json
import os
import tarfile
from pathlib import Path

import pytest

from securechat.store.sqlite.schema import MIGRATIONS
from tests.security.thief.backups import (
    Forgery,
    bare_tar,
    forged,
    genuine,
    plain,
    refusal,
    spoil,
)
from tests.support.admin_cli import AdminCli


def test_a_genuine_one_is_restored(forgery: Forgery, tmp_path: Path) -> None:
    """Put together here as the forgeries are: so what has them refused is what is forged."""
    said = AdminCli(tmp_path / "data")(f"restore {forgery.write(tmp_path / 'b.tar')}")
    assert said.code == 0


# --- the names of its members --------------------------------------------------------------------

ELSEWHERE = [
    "../evil",
    "tls/../../evil",
    "/tmp/evil",
    "./securechat.db",
    "tls//ca.pem",
    "tls",
    "tls/",
    "tls/evil.pem",
    "tls/client-alice.pem",
    "lock",
    "config.toml",
    "securechat.db-wal",
    "securechat.db-journal",  # SQLite would play it back into the database
    "pepper\x1b[2J",
    "",
]


@pytest.mark.parametrize("name", ELSEWHERE)
def test_writing_elsewhere_by_a_members_name(forgery: Forgery, ground: Path, name: str) -> None:
    """Whether the manifest tells of it or not; only known names are ever written to."""
    forgery.extra = [plain(name, b"evil")]
    assert "damaged" in forged(forgery, ground)
    forgery.extra = []
    forgery.members[name] = b"evil"
    assert "damaged" in forged(forgery, ground)


@pytest.mark.parametrize("name", ["pepper", "securechat.db", "securechat-backup.json"])
def test_replacing_a_member_by_a_second_one(forgery: Forgery, ground: Path, name: str) -> None:
    """The first has been checked, the second would be used."""
    forgery.extra = [plain(name, forgery.members.get(name, b"{}"))]
    assert "its manifest doesn't tell of" in forged(forgery, ground)


@pytest.mark.parametrize("name", ["securechat.db", "pepper", "tls/ca.pem", "tls/server-key.pem"])
def test_leaving_a_member_out(forgery: Forgery, ground: Path, name: str) -> None:
    """That the manifest tells of; or the database or the pepper as such."""
    told = forgery.tells()
    del forgery.members[name]
    reasons = {"securechat.db": "there is no database in it", "pepper": "its pepper is missing"}
    if name in reasons:
        assert reasons[name] in forged(forgery, ground)
    forgery.manifest = told
    refused = forged(forgery, ground)
    assert f"{name} is missing" in refused or "cut short" in refused


# --- the kinds of its members --------------------------------------------------------------------

KINDS = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "directory": tarfile.DIRTYPE,
    "pipe": tarfile.FIFOTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "contiguous file": tarfile.CONTTYPE,
    "sparse file": tarfile.GNUTYPE_SPARSE,
    "long name": tarfile.GNUTYPE_LONGNAME,
    "extended header": tarfile.XHDTYPE,
    "global header": tarfile.XGLTYPE,
    "file of an old tar": tarfile.AREGTYPE,
    "unknown kind": b"Z",
}


@pytest.mark.parametrize("kind", KINDS)
def test_planting_something_else_than_a_file(forgery: Forgery, ground: Path, kind: str) -> None:
    """A link by which the next member is written elsewhere, a header that renames it."""
    content = forgery.members.pop("pepper")
    info, _ = plain("pepper", content)
    info.type, info.linkname = KINDS[kind], "/etc/passwd"
    told = forgery.tells()
    forgery.members["pepper"] = content
    forgery.manifest = forgery.tells()
    del forgery.members["pepper"]
    assert forgery.manifest != told
    forgery.extra = [(info, content)]
    assert "is no plain file" in forged(forgery, ground)


def test_making_the_reader_gather_a_long_name(forgery: Forgery, ground: Path) -> None:
    """A name of a gigabyte would be read into memory by a reader that knows such headers."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    path = ground.parent / "evil.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT))
    os.truncate(path, 1 << 30)
    assert "no backup of securechat" in refusal(ground, path)


# --- sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size"), [("pepper", 1025), ("tls/ca.pem", (1 << 20) + 1), ("pepper", 31)]
)
def test_members_of_another_size_than_they_have(
    forgery: Forgery, ground: Path, name: str, size: int
) -> None:
    """A certificate of gigabytes, half a pepper."""
    forgery.members[name] = b"x" * size
    told = forged(forgery, ground)
    assert "no backup holds" in told or "its pepper" in told


@pytest.mark.parametrize("size", [1 << 40, (1 << 62) - 1, 1 << 62, 1 << 70])
def test_filling_the_disk_with_a_bomb(forgery: Forgery, ground: Path, size: int) -> None:
    """A file with a hole takes no room where it lies, and a terabyte where it is unpacked."""
    members = {"securechat.db": {"size": size, "sha256": "0" * 64}}
    forgery.told["members"] = members
    info, _ = plain("securechat.db", b"")
    info.size = min(size, (1 << 62) - 1)
    forgery.members, forgery.extra, forgery.ending = {}, [(info, b"")], b""
    path = forgery.write(ground.parent / "evil.tar")
    told = refusal(ground, path)
    assert "cut short" in told or "no backup holds" in told
    if size == 1 << 40:
        try:
            os.truncate(path, size + 10_000)
        except OSError:
            pytest.skip("no file of a terabyte can lie on this disk, be it a hole")
        assert "MiB are free" in refusal(ground, path)


@pytest.mark.parametrize("difference", [-1, 1, 512])
def test_a_header_that_tells_another_size(forgery: Forgery, ground: Path, difference: int) -> None:
    """Than the manifest: what follows would be read as something else."""
    content = forgery.members.pop("pepper")
    forgery.told["members"] = json.loads(genuine_manifest(forgery, content))
    info, _ = plain("pepper", content)
    info.size += difference
    forgery.extra = [(info, content + bytes(max(difference, 0)))]
    assert "its manifest doesn't tell of 'pepper' as it is" in forged(forgery, ground)


def genuine_manifest(forgery: Forgery, pepper: bytes) -> str:
    whole = Forgery({**forgery.members, "pepper": pepper}, forgery.told)
    return json.dumps(json.loads(whole.tells())["members"])


# --- the manifest --------------------------------------------------------------------------------

MANIFESTS = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe{}",
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "nesting without end": b"[" * 60_000,
    "a number without end": b'{"format": 1' + b"0" * 60_000 + b"}",
    "no format": b'{"members": {}}',
    "a format that is a text": b'{"format": "1"}',
    "a format that is true": b'{"format": true}',
    "a format below the first": b'{"format": 0, "made_ms": 1, "schema": 2, "members": {}}',
    "an infinite format": b'{"format": Infinity}',
    "no members": b'{"format": 1, "made_ms": 1, "schema": 2}',
    "members that are a list": b'{"format": 1, "made_ms": 1, "schema": 2, "members": ["pepper"]}',
    "a member that is a text": b'{"format": 1, "members": {"pepper": "x"}}',
    "a negative size": b'{"format": 1, "members": {"pepper": {"size": -1, "sha256": ""}}}',
    "a size that is a fraction": b'{"format": 1, "members": {"pepper": {"size": 1.5}}}',
}


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_a_manifest_of_nonsense(forgery: Forgery, ground: Path, manifest: str) -> None:
    """No traceback, whatever it holds."""
    forgery.manifest = MANIFESTS[manifest]
    assert "damaged" in forged(forgery, ground)


@pytest.mark.parametrize("made_ms", [1 << 48, 1 << 80, -1, "soon", None])
def test_a_date_that_no_calendar_has(forgery: Forgery, ground: Path, made_ms: object) -> None:
    """It is shown to whoever restores, and stands in the audit."""
    forgery.told["made_ms"] = made_ms
    assert "its manifest can't be read" in forged(forgery, ground)


def test_a_manifest_that_fills_the_memory(forgery: Forgery, ground: Path) -> None:
    """It is not read beyond what manifests have."""
    forgery.manifest = b" " * (64 * 1024 + 1)
    assert "no backup of securechat" in forged(forgery, ground)


def test_driving_the_terminal_by_a_backup(forgery: Forgery, ground: Path, tmp_path: Path) -> None:
    """By the version that it tells: in an error, and when it is restored."""
    forgery.told["version"] = "\x1b[2J\x1b]0;owned\x07\n1"
    forgery.told["format"] = 99
    assert "made by a newer securechat, '\\x1b[2J" in forged(forgery, ground)
    del forgery.told["format"]
    said = AdminCli(tmp_path / "restored")(f"restore {forgery.write(tmp_path / 'b.tar')}")
    assert said.code == 0
    assert "\x1b" not in said.out + said.err
    assert said.out.count("\n") == 1


def test_a_backup_of_the_future(forgery: Forgery, ground: Path) -> None:
    """Of the file's format or the database's: the text says what to install."""
    forgery.told["format"] = 2
    told = forged(forgery, ground)
    assert "'0.1.0' (its format is 2, this one knows up to 1); install that version" in told
    forgery.told["format"] = 1
    spoil(forgery, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    forgery.told["schema"] = len(MIGRATIONS) + 1
    assert "made by a newer securechat" in forged(forgery, ground)


# --- something else ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["empty", "text", "zeros", "tar", "gzip", "database", "cut"])
def test_something_else_in_a_backups_place(real: Path, ground: Path, kind: str) -> None:
    """Each is told for what it isn't."""
    data = real.read_bytes()
    content = {
        "empty": b"",
        "text": b"not a backup\n" * 1000,
        "zeros": bytes(20_480),
        "tar": bare_tar(**{"securechat.db": b"x", "pepper": b"x" * 32}),
        "gzip": gzip.compress(data),
        "database": genuine(real).members["securechat.db"],
        "cut": data[:-12_000],
    }[kind]
    path = ground.parent / "evil.tar"
    path.write_bytes(content)
    told = refusal(ground, path)
    assert ("it is cut short" if kind == "cut" else "it is no backup of securechat") in told


def test_hiding_something_behind_the_end(forgery: Forgery, ground: Path) -> None:
    """A second archive, or a script: nobody would ever look there."""
    path = forgery.write(ground.parent / "evil.tar")
    whole = path.read_bytes()
    for more in (b"x", bytes(512), whole):
        path.write_bytes(whole + more)
        assert "something follows its end" in refusal(ground, path)


def test_a_changed_member(forgery: Forgery, ground: Path) -> None:
    """Each of them has a digest."""
    told = forgery.tells()
    for name in forgery.members:
        changed = Forgery(dict(forgery.members), manifest=told)
        changed.members[name] = bytes(len(changed.members[name]))
        assert "has another digest than its manifest tells" in forged(changed, ground)
