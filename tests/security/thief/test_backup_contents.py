"""Backups in a thief's hands: what is in a forged one, and a real one while it is made.

How a forged file is built is in test_backup_file.py; here it is built as it should be.
"""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest

from securechat.admin.backup.make import make_backup
from securechat.server.data import DataDirectory
from tests.security.thief.backups import Forgery, forged, spoil
from tests.support.admin_cli import AdminCli
from tests.support.data_directory import make_directory

# --- the database in it --------------------------------------------------------------------------


HOSTILE = {
    "a trigger that makes administrators": (
        "CREATE TRIGGER evil AFTER INSERT ON audit BEGIN UPDATE accounts SET admin = 1; END",
    ),
    "a trigger by the name of another": (
        "DROP TRIGGER factor_removed",
        "CREATE TRIGGER factor_removed AFTER INSERT ON log BEGIN DELETE FROM log; END",
    ),
    "a view in a table's place": (
        "DROP TABLE channel_masks",
        "CREATE VIEW channel_masks AS "
        "SELECT 1 AS channel, 'b' AS kind, name AS mask, '' AS by, 0 AS at_ms FROM accounts",
    ),
    "an audit that can be cut": ("DROP TRIGGER audit_is_not_deleted",),
    "an index over a function": ("CREATE INDEX evil ON log (hex(text))",),
    "a virtual table": (
        "PRAGMA writable_schema = ON",
        "INSERT INTO sqlite_master VALUES "
        "('table', 'evil', 'evil', 0, 'CREATE VIRTUAL TABLE evil USING fts5(a)')",
    ),
    "a name that drives the terminal": ('CREATE TABLE "\x1b[2J" (a)',),
    "a schema that can't be read": (
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = 'CREATE \x1b[2J' WHERE name = 'channel_masks'",
    ),
    "a page that two tables share": (
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master "
        "WHERE name = 'log') WHERE name = 'accounts'",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_database_that_does_more_than_hold_rows(
    forgery: Forgery, ground: Path, kind: str
) -> None:
    """What would run with the server's next write; the digests all agree."""
    spoil(forgery, *HOSTILE[kind])
    assert "its database is no good" in forged(forgery, ground)


def test_a_database_of_rubbish(forgery: Forgery, ground: Path) -> None:
    """In its beginning, its middle, or all of it."""
    database = forgery.members["securechat.db"]
    for rubbish in (
        b"no database, " * 1000,
        b"",
        database[:100] + bytes(len(database) - 100),
        database[:8192] + b"\xff" * 4096 + database[12288:],
        database[:-4096],
    ):
        forgery.members["securechat.db"] = rubbish
        assert "its database" in forged(forgery, ground)


def test_a_database_with_anothers_pepper(forgery: Forgery, ground: Path) -> None:
    """Nobody could log in any more, and a new pepper would be known to the thief."""
    forgery.members["pepper"] = b"known to the thief: 32 bytes ..."
    assert "its pepper is missing, or not that of its database" in forged(forgery, ground)
    del forgery.members["pepper"]
    assert "its pepper is missing, or not that of its database" in forged(forgery, ground)


def test_a_manifest_of_another_database(forgery: Forgery, ground: Path) -> None:
    """It must tell the format that the database has."""
    forgery.told["schema"] = 1
    assert "its manifest tells of another database" in forged(forgery, ground)


# --- a backup while it is made -------------------------------------------------------------------


def modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.lstat().st_mode) for path in directory.rglob("*")}


def test_reading_a_backup_while_it_is_made(tmp_path: Path) -> None:
    """On a shelf that everybody may read, by an umask that closes nothing: at no moment is any of
    it open to others.
    """
    data = make_directory(tmp_path / "data")
    shelf = tmp_path / "shelf"
    shelf.mkdir(mode=0o777)
    shelf.chmod(0o777)
    seen: dict[str, int] = {}
    before = os.umask(0)
    data.lock()
    try:
        make_backup(data, shelf / "b.tar", by="-", pause=lambda _: seen.update(modes(shelf)))
    finally:
        data.unlock()
        os.umask(before)
    seen.update(modes(shelf))
    assert {"securechat.db", "pepper", "packed", "b.tar"} <= seen.keys()
    assert {name: oct(mode) for name, mode in seen.items() if mode & 0o077} == {}


def test_planting_a_link_in_a_backups_place(tmp_path: Path) -> None:
    """In a directory where a thief may write too: nothing is written through it, also by force."""
    data = make_directory(tmp_path / "data")
    shelf, target = tmp_path / "shelf", tmp_path / "target"
    shelf.mkdir()
    target.write_text("precious")
    for force in ("", " --force"):
        (shelf / "b.tar").unlink(missing_ok=True)
        (shelf / "b.tar").symlink_to(target)
        said = AdminCli(data.path)(f"backup {shelf / 'b.tar'}{force}")
        assert said.code == (0 if force else 1)
        assert target.read_text() == "precious"
    assert not (shelf / "b.tar").is_symlink()


def test_two_backups_into_one_place(tmp_path: Path) -> None:
    """One is made, one is refused, and none is a mixture."""
    data = make_directory(tmp_path / "data")
    file = tmp_path / "b.tar"
    cli = AdminCli(DataDirectory(data.path).path)
    codes = [cli(f"backup {file}").code for _ in range(2)]
    assert codes == [0, 1]
    assert tarfile.is_tarfile(file)
