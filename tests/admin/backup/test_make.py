"""Making a backup; what members notice of it is in test_backup_live.py."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import stat
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat import __version__
from securechat.admin.backup.archive import BackupError
from securechat.admin.backup.make import Breather, make_backup
from securechat.server.data import DataDirectory, DataError
from securechat.store.admin import Admin
from securechat.store.audit import Audit, Wanted
from securechat.store.errors import StoreError
from securechat.store.sqlite.schema import MIGRATIONS
from tests.support.data_directory import contents, everything, make_directory

MEMBERS = ["securechat.db", "pepper", "tls/ca.pem", "tls/ca-key.pem", "tls/server.pem"]
MEMBERS += ["tls/server-key.pem"]


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    return make_directory(tmp_path / "data")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Where backups lie."""
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


@pytest.fixture
def served(data: DataDirectory) -> Iterator[DataDirectory]:
    """A directory that a server holds."""
    data.lock()
    yield data
    data.unlock()


def rests(seconds: float) -> None:
    """No test waits."""


def refusal(data: DataDirectory, file: Path, **options: bool) -> str:
    with pytest.raises((BackupError, DataError, StoreError)) as caught:
        make_backup(data, file, by="-", pause=rests, **options)
    return str(caught.value)


def audited(data: DataDirectory) -> list[tuple[str, str, dict[str, object]]]:
    with closing(Admin(data.database)) as admin:
        wanted = Wanted(event="backup")
        return [(row.account, row.event, row.told()) for row in admin.audit.rows(wanted)]


# --- what is in it -------------------------------------------------------------------------------


def test_a_backup_holds_what_the_server_needs(data: DataDirectory, shelf: Path) -> None:
    """And nothing that it can make anew; the file alone is left, for its owner's eyes."""
    file = shelf / "b.tar"
    before = contents(data.database)
    made = make_backup(data, file, by="os:root", pause=rests)
    assert [*made.manifest.members] == MEMBERS
    assert (made.manifest.version, made.manifest.schema) == (__version__, len(MIGRATIONS))
    assert (made.size, made.warning) == (file.stat().st_size, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [*shelf.iterdir()] == [file]
    out = shelf / "out"
    with tarfile.open(file) as tar:
        tar.extractall(out, filter="data")
    assert contents(out / "securechat.db") == before
    for name in MEMBERS[1:]:
        assert (out / name).read_bytes() == (data.path / name).read_bytes()


def test_a_backup_is_in_the_audit(data: DataDirectory, shelf: Path) -> None:
    """With its place and who made it."""
    make_backup(data, shelf / "b.tar", by="os:root", pause=rests)
    assert audited(data) == [("os:root", "backup made", {"file": str(shelf / "b.tar")})]


def test_what_is_not_there_is_not_in_it(data: DataDirectory, shelf: Path) -> None:
    """A CA's key may be kept elsewhere, and so may the whole certificate."""
    (data.tls / "ca-key.pem").unlink()
    made = make_backup(data, shelf / "1.tar", by="-", pause=rests)
    assert [*made.manifest.members] == [name for name in MEMBERS if name != "tls/ca-key.pem"]
    for path in [*data.tls.iterdir()]:
        path.unlink()
    data.tls.rmdir()
    made = make_backup(data, shelf / "2.tar", by="-", pause=rests)
    assert [*made.manifest.members] == ["securechat.db", "pepper"]
    assert not data.tls.exists()


def test_certificates_of_members_are_theirs(data: DataDirectory, shelf: Path) -> None:
    """A file that gencerts made for somebody is not the server's."""
    (data.tls / "client-alice.pem").touch(0o600)
    made = make_backup(data, shelf / "b.tar", by="-", pause=rests)
    assert [*made.manifest.members] == MEMBERS


def test_a_relative_name_is_where_one_stands(
    data: DataDirectory, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the audit tells the whole of it."""
    monkeypatch.chdir(shelf)
    make_backup(data, Path("b.tar"), by="-", pause=rests)
    assert (shelf / "b.tar").exists()
    assert audited(data)[0][2] == {"file": str(shelf / "b.tar")}


# --- beside a running server ---------------------------------------------------------------------


def test_a_running_server_has_half_of_the_disks_time(served: DataDirectory, shelf: Path) -> None:
    """There are rests between the pieces; without a server there are none."""
    times: list[float] = []
    make_backup(served, shelf / "1.tar", by="-", pause=times.append)
    assert len(times) >= 2
    served.unlock()
    times.clear()
    make_backup(served, shelf / "2.tar", by="-", pause=times.append)
    assert times == []


def test_a_rest_is_as_long_as_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """To a limit, and the rest itself doesn't count."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    rested: list[float] = []

    def pause(seconds: float) -> None:
        rested.append(seconds)
        clock[0] += 100.0

    breather = Breather(pause)
    for worked in (0.25, 0.5, 30.0):
        clock[0] += worked
        breather()
    assert rested == [0.25, 0.5, 1.0]


# --- never over another file ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_what_is_there_is_not_overwritten(data: DataDirectory, shelf: Path, kind: str) -> None:
    """Not even a link to nowhere."""
    file = shelf / "b.tar"
    file.write_text("precious") if kind == "file" else file.symlink_to("nowhere")
    told = refusal(data, file)
    assert f"{file} is there already and was not overwritten" in told
    assert "give --force" in told
    assert [*shelf.iterdir()] == [file]
    assert kind != "file" or file.read_text() == "precious"
    assert audited(data) == []


def test_force_replaces_a_file(data: DataDirectory, shelf: Path) -> None:
    """Of a link the link itself, and not what it leads to. The new one is private too."""
    (shelf / "precious").write_text("precious")
    file = shelf / "b.tar"
    file.symlink_to("precious")
    make_backup(data, file, by="-", force=True, pause=rests)
    assert (shelf / "precious").read_text() == "precious"
    assert not file.is_symlink()
    file.chmod(0o644)
    make_backup(data, file, by="-", force=True, pause=rests)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert tarfile.is_tarfile(file)


@pytest.mark.parametrize("force", [False, True])
def test_a_directory_is_never_replaced(data: DataDirectory, shelf: Path, force: bool) -> None:
    """The text says what to name."""
    assert "is a directory: name a file in it" in refusal(data, shelf, force=force)


@pytest.mark.parametrize("links", [True, False])
def test_what_comes_there_meanwhile_is_not_overwritten(
    served: DataDirectory, shelf: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a disk that has no links, such as a memory stick's."""
    file = shelf / "b.tar"
    without_links(monkeypatch, links=links)
    with pytest.raises(BackupError, match="is there already"):
        make_backup(served, file, by="-", pause=lambda _: file.write_text("faster"))
    assert everything(shelf) == {"b.tar": b"faster"}


def without_links(monkeypatch: pytest.MonkeyPatch, *, links: bool) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", link)


def test_a_disk_without_links_will_do(
    data: DataDirectory, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename puts it in place then."""
    without_links(monkeypatch, links=False)
    make_backup(data, shelf / "b.tar", by="-", pause=rests)
    assert tarfile.is_tarfile(shelf / "b.tar")
    assert [*shelf.iterdir()] == [shelf / "b.tar"]


# --- what can't be backed up ---------------------------------------------------------------------


def test_without_a_server_there_is_nothing_to_back_up(tmp_path: Path, shelf: Path) -> None:
    """And a mistyped directory is not made."""
    told = refusal(DataDirectory(tmp_path / "nowhere"), shelf / "b.tar")
    assert "no securechat server has run on" in told
    assert not (tmp_path / "nowhere").exists()
    assert [*shelf.iterdir()] == []


@pytest.mark.parametrize("content", [None, b"x" * 32, b"short"])
def test_without_the_pepper_there_is_no_backup(
    data: DataDirectory, shelf: Path, content: bytes | None
) -> None:
    """It would be worthless, and somebody would learn that too late."""
    if content is None:
        data.pepper.unlink()
    else:
        data.pepper.write_bytes(content)
    told = refusal(data, shelf / "b.tar")
    assert str(data.pepper) in told
    assert "backup" in told
    assert [*shelf.iterdir()] == []


def test_a_damaged_database_replaces_no_good_backup(data: DataDirectory, shelf: Path) -> None:
    """Not even with --force: the last good one is what is needed now."""
    file = shelf / "b.tar"
    make_backup(data, file, by="-", pause=rests)
    good = file.read_bytes()
    with closing(sqlite3.connect(data.database, isolation_level=None)) as connection:
        connection.execute("DROP INDEX log_messages")
    told = refusal(data, file, force=True)
    assert f"no backup was made of {data.path}, as nobody could restore it" in told
    assert "index log_messages is missing" in told
    assert everything(shelf) == {"b.tar": good}


def test_a_place_that_is_not_there_is_told(data: DataDirectory, shelf: Path) -> None:
    """Backups are not scattered into directories that nobody has made."""
    told = refusal(data, shelf / "missing/b.tar")
    assert "there is no directory" in told
    assert [*shelf.iterdir()] == []


def test_a_full_disk_is_told(
    data: DataDirectory, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left of the attempt, and the audit tells of no backup."""

    def fdatasync(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    told = refusal(data, shelf / "b.tar")
    assert f"{shelf}/b.tar can't be written, and nothing was changed: No space left" in told
    assert [*shelf.iterdir()] == []
    assert audited(data) == []


def test_the_servers_full_disk_is_no_hindrance(
    data: DataDirectory, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it can't be noted is a warning: just then somebody needs a backup."""

    def note(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Audit, "note", note)
    made = make_backup(data, shelf / "b.tar", by="-", pause=rests)
    assert made.warning == (
        "the backup is made, but the audit doesn't tell of it: the disk is full"
    )
    assert tarfile.is_tarfile(shelf / "b.tar")


def test_the_audit_tells_of_it_before_it_is_there(
    data: DataDirectory, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no backup is made unnoticed, whenever somebody pulls the plug."""
    seen: list[bool] = []
    real = Audit.note

    def note(audit: Audit, event: str, **facts: str | int) -> None:
        seen.append((shelf / "b.tar").exists())
        real(audit, event, **facts)

    monkeypatch.setattr(Audit, "note", note)
    make_backup(data, shelf / "b.tar", by="-", pause=rests)
    assert seen == [False]


def test_one_that_is_ended_leaves_nothing(served: DataDirectory, shelf: Path) -> None:
    """By a timer that has run out."""
    with pytest.raises(KeyboardInterrupt):
        make_backup(
            served, shelf / "b.tar", by="-", pause=lambda _: signal.raise_signal(signal.SIGTERM)
        )
    assert [*shelf.iterdir()] == []
