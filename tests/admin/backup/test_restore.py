"""Restoring a backup; hostile ones are in tests/security/thief/test_backup_file.py."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import stat
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from securechat.admin import moving
from securechat.admin.backup import restore
from securechat.admin.backup.archive import BackupError
from securechat.admin.backup.make import make_backup
from securechat.admin.backup.restore import restore_backup
from securechat.server.data import DataDirectory
from securechat.store.errors import StoreError
from securechat.store.postgres.location import PostgresLocation
from securechat.store.sqlite.copies import adopt_copy, look_over
from securechat.store.sqlite.schema import MIGRATIONS
from tests.support.data_directory import contents, everything, make_directory
from tests.support.postgres import PostgresServer


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    return make_directory(tmp_path / "old/data")


@pytest.fixture
def file(data: DataDirectory) -> Path:
    """A backup."""
    file = data.path.parent / "b.tar"
    make_backup(data, file, by="-")
    return file


@pytest.fixture
def new(tmp_path: Path) -> DataDirectory:
    """Where it is to be restored: a directory that isn't there, in one that is empty."""
    (tmp_path / "new").mkdir()
    return DataDirectory(tmp_path / "new/data")


def refusal(file: Path, new: DataDirectory) -> str:
    with pytest.raises(BackupError) as caught:
        restore_backup(file, new, by="-")
    return str(caught.value)


def pair(row: tuple[object, ...]) -> tuple[object, object]:
    key, value = row
    return key, value


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- what comes back -----------------------------------------------------------------------------


def test_everything_is_as_it_was(data: DataDirectory, new: DataDirectory, tmp_path: Path) -> None:
    """Every row of every table. Only the restoration is told in the audit, and messages have other
    ids.
    """
    before = contents(data.database)
    make_backup(data, tmp_path / "b.tar", by="-")
    done = restore_backup(tmp_path / "b.tar", new, by="os:root")
    assert done.warning == ""
    after = contents(new.database)
    *audit, told = after.pop("audit")
    assert audit == before.pop("audit")
    assert told[2:4] == ("backup restored", "os:root")
    facts, other = (dict(map(pair, tables.pop("meta"))) for tables in (before, after))
    assert facts.pop("instance") != other.pop("instance")
    assert other == facts
    assert after.pop("sqlite_sequence") != before.pop("sqlite_sequence")  # of the audit
    assert after == before
    assert all(before[name] for name in before if name not in ("channel_masks", "sqlite_stat1"))
    for name in ("pepper", *(f"tls/{path.name}" for path in data.tls.glob("*.pem"))):
        assert (new.path / name).read_bytes() == (data.path / name).read_bytes()


def test_it_is_private_and_nothing_else_is_left(file: Path, new: DataDirectory) -> None:
    """Files 0600, directories 0700; whatever the backup's own header says."""
    restore_backup(file, new, by="-")
    assert [*new.path.parent.iterdir()] == [new.path]
    for path in [new.path, *new.path.rglob("*")]:
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path
    names = {path.name for path in new.path.iterdir()}
    assert names == {"securechat.db", "pepper", "tls"}
    new.check_database()


def test_it_can_be_backed_up_again(file: Path, new: DataDirectory, tmp_path: Path) -> None:
    """As often as one likes."""
    restore_backup(file, new, by="-")
    make_backup(new, tmp_path / "again.tar", by="-")
    third = DataDirectory(tmp_path / "third")
    restore_backup(tmp_path / "again.tar", third, by="-")
    assert contents(third.database)["log"] == contents(new.database)["log"]


def test_a_backup_without_certificates_is_one(
    data: DataDirectory, new: DataDirectory, tmp_path: Path
) -> None:
    """Its server has had its own elsewhere."""
    shutil.rmtree(data.tls)
    make_backup(data, tmp_path / "b.tar", by="-")
    restore_backup(tmp_path / "b.tar", new, by="-")
    assert not new.tls.exists()


def test_a_backup_of_an_older_format_is_brought_up_to_date(
    data: DataDirectory, new: DataDirectory, tmp_path: Path
) -> None:
    """Made before there were tokens, a second factor and an audit."""
    before = contents(data.database)
    for path in data.path.glob("securechat.db*"):
        path.unlink()
    data.database.touch(0o600)
    with closing(sqlite3.connect(data.database)) as connection:
        connection.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
        meta = [row for row in before["meta"] if row[0] != "usage_upto"]
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta)
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", before["log"])
        connection.commit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("securechat.admin.backup.make._note", lambda *_: "")  # it would bring it up
        made = make_backup(data, tmp_path / "b.tar", by="-")
    assert made.manifest.schema == 1
    restore_backup(tmp_path / "b.tar", new, by="-")
    assert look_over(new.database).faults == []
    assert contents(new.database)["log"] == contents(data.database)["log"]


# --- where to ------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["there/and/deeper/data", "data"])
def test_missing_directories_are_made(file: Path, new: DataDirectory, place: str) -> None:
    """All of them."""
    deep = DataDirectory(new.path.parent / place)
    restore_backup(file, deep, by="-")
    assert deep.database.exists()


def test_an_empty_directory_is_filled(file: Path, new: DataDirectory) -> None:
    """And closed to others, if it was open."""
    new.path.mkdir(mode=0o755)
    restore_backup(file, new, by="-")
    assert mode(new.path) == 0o700
    assert new.database.exists()


def test_a_link_leads_to_the_directory(file: Path, new: DataDirectory) -> None:
    """And stays one."""
    (new.path.parent / "real").mkdir()
    new.path.symlink_to("real")
    restore_backup(file, new, by="-")
    assert new.path.is_symlink()
    assert (new.path.parent / "real/securechat.db").exists()


def test_nothing_is_ever_replaced(file: Path, data: DataDirectory) -> None:
    """The text tells how to move it out of the way."""
    before = everything(data.path)
    told = refusal(file, data)
    assert f"{data.path} is not empty, and nothing was restored" in told
    assert f"mv {data.path} {data.path}.old" in told
    assert everything(data.path) == before


def test_a_running_server_is_left_alone(file: Path, data: DataDirectory) -> None:
    """The text tells what to do first."""
    data.lock()
    try:
        told = refusal(file, DataDirectory(data.path))
    finally:
        data.unlock()
    assert f"a securechat-server runs on {data.path}, and nothing was restored" in told
    assert "stop the server" in told


def test_a_server_that_starts_meanwhile_is_left_alone(
    file: Path, new: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the directory, and the restoration has not."""
    real = adopt_copy

    def adopt(path: Path, **options: object) -> None:
        real(path, **options)  # type: ignore[arg-type]
        new.create()
        new.lock()

    monkeypatch.setattr(restore, "adopt_copy", adopt)
    told = refusal(file, new)
    new.unlock()
    assert f"{new.path} is not empty" in told
    assert everything(new.path.parent).keys() == {"data", "data/lock"}


def test_a_file_in_its_place_is_refused(file: Path, new: DataDirectory) -> None:
    """And so is a way that leads through one."""
    new.path.write_text("precious")
    assert "can't be a data directory (Not a directory)" in refusal(file, new)
    assert "Not a directory" in refusal(file, DataDirectory(new.path / "deeper"))
    assert everything(new.path.parent) == {"data": b"precious"}


def test_somebody_elses_directory_is_refused(
    file: Path, new: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server could not read what is restored there by another user."""
    new.path.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(restore, "foreign_owner", lambda *_: "it belongs to the user chat")
    told = refusal(file, new)
    assert told == f"nothing was restored to {new.path}: it belongs to the user chat"
    assert [*new.path.iterdir()] == []


@pytest.mark.parametrize("error", [errno.EBUSY, errno.EXDEV, errno.EACCES])
def test_a_directory_that_cannot_be_replaced_is_told(
    file: Path, new: DataDirectory, error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk's own root, such as a container's volume: one within it will do."""
    new.path.mkdir()

    def rename(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(Path, "rename", rename)
    told = refusal(file, new)
    assert f"the directory {new.path} can't be replaced ({os.strerror(error)})" in told
    assert f"such as --data {new.path}/server" in told
    assert everything(new.path.parent) == {"data": b""}


# --- from what -----------------------------------------------------------------------------------


def test_a_missing_backup_is_told(new: DataDirectory, tmp_path: Path) -> None:
    """And so is one that may not be read, or is a directory."""
    assert "can't read" in refusal(tmp_path / "none.tar", new)
    assert "found no file but something else" in refusal(tmp_path, new)
    assert [*new.path.parent.iterdir()] == []


def test_a_pipe_is_not_waited_for(new: DataDirectory, tmp_path: Path) -> None:
    """Nobody may ever write into it."""
    os.mkfifo(tmp_path / "b.tar")
    assert "expected a backup, found no file" in refusal(tmp_path / "b.tar", new)


def test_one_that_others_can_read_is_warned_of(file: Path, new: DataDirectory) -> None:
    """With the command that closes it; it is restored all the same."""
    file.chmod(0o644)
    done = restore_backup(file, new, by="-")
    assert "other users of this machine can read" in done.warning
    assert f"chmod 600 {file}" in done.warning
    assert new.database.exists()


def test_a_disk_without_room_is_told_beforehand(
    file: Path, new: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With how much it takes."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    told = refusal(file, new)
    shown = re.escape(str(new.path.parent))
    assert re.search(rf"it takes 0\.[1-9] MiB on the disk of {shown}, and 0.0 MiB are free", told)
    assert [*new.path.parent.iterdir()] == []


def test_a_database_that_fails_in_the_end_leaves_nothing(
    file: Path, new: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing, up to the last step."""

    def adopt(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(restore, "adopt_copy", adopt)
    assert "nothing was changed: Input/output error" in refusal(file, new)
    assert [*new.path.parent.iterdir()] == []


# --- into PostgreSQL -----------------------------------------------------------------------------


@pytest.fixture
def there(postgres_server: PostgresServer) -> PostgresLocation:
    """A database with nothing in it."""
    return postgres_server.database()


def test_a_database_comes_back_to_postgresql(
    data: DataDirectory, file: Path, new: DataDirectory, there: PostgresLocation
) -> None:
    """Every row of every table; the directory tells where it is, and has none."""
    before = contents(data.database)
    restore_backup(file, new, by="os:root", target=there)
    assert {path.name for path in new.path.iterdir()} == {"store.json", "pepper", "tls"}
    assert all(mode(path) == 0o600 for path in new.path.iterdir() if path.is_file())
    new.check_database()
    assert new.location == there
    make_backup(new, file.with_name("again.tar"), by="-")
    third = DataDirectory(new.path.with_name("third"))
    restore_backup(file.with_name("again.tar"), third, by="-")
    after = contents(third.database)
    audit = after.pop("audit")
    assert [row[2] for row in audit[-2:]] == ["backup restored"] * 2
    assert audit[:-2] == before.pop("audit")[:-1]  # which is of the backup
    others = {"meta", "sqlite_sequence", "sqlite_stat1"}
    assert {name: after[name] for name in after.keys() - others} == {
        name: before[name] for name in before.keys() - others
    }


def test_it_replaces_no_database(
    file: Path, new: DataDirectory, there: PostgresLocation, postgres_server: PostgresServer
) -> None:
    """What to do is told; after that it goes."""
    restore_backup(file, new, by="-", target=there)
    second = DataDirectory(new.path.with_name("second"))
    with pytest.raises(StoreError, match="ALTER SCHEMA securechat RENAME TO securechat_old"):
        restore_backup(file, second, by="-", target=there)
    assert not second.path.exists()
    with psycopg.connect(there.url) as connection:
        connection.execute("ALTER SCHEMA securechat RENAME TO securechat_old")
    restore_backup(file, second, by="-", target=there)
    second.check_database()


def test_a_directory_that_comes_in_the_way_meanwhile(
    file: Path, new: DataDirectory, there: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL has it all by then, which is told."""

    def copy(*places: Path | PostgresLocation) -> None:
        moving.copy_over(*places)
        (new.path / "sub").mkdir(parents=True)

    monkeypatch.setattr(restore, "copy_over", copy)
    with pytest.raises(BackupError, match=r"is not empty.* have its schema securechat dropped"):
        restore_backup(file, new, by="-", target=there)
    assert [path.name for path in new.path.iterdir()] == ["sub"]
