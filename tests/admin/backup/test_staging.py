"""The private directory in which backups are put together and taken apart."""

from __future__ import annotations

import signal
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import pytest

from securechat.admin.backup.archive import BackupError
from securechat.admin.backup.staging import staging, verify
from securechat.server.data import DataDirectory
from securechat.store.sqlite.schema import MIGRATIONS
from tests.support.data_directory import make_directory


def test_it_is_private_and_lies_beside_its_goal(tmp_path: Path) -> None:
    """On the same disk, so that a rename is enough; hidden, and gone afterwards."""
    with staging(tmp_path / "b.tar") as rules:
        assert rules.parent == tmp_path
        assert rules.name.startswith(".b.tar.")
        assert stat.S_IMODE(rules.stat().st_mode) == 0o700
        (rules / "tls").mkdir()
        (rules / "tls/key").touch()
    assert [*tmp_path.iterdir()] == []


def test_it_lies_on_the_nearest_ground(tmp_path: Path) -> None:
    """Directories that are missing yet are not made by who may have to give up."""
    with staging(tmp_path / "a/b/c/data") as rules:
        assert rules.parent == tmp_path
        assert [*tmp_path.iterdir()] == [rules]


def works(beside: Path, last: Callable[[], object]) -> None:
    """Write a secret and then do something else."""
    with staging(beside) as rules:
        (rules / "pepper").touch()
        last()


@pytest.mark.parametrize("error", [BackupError("x"), KeyboardInterrupt(), ValueError("x")])
def test_nothing_is_left_when_something_is_wrong(tmp_path: Path, error: BaseException) -> None:
    """Whatever it is."""
    with pytest.raises(type(error)):
        works(tmp_path / "b.tar", Mock(side_effect=error))
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_when_somebody_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    """A timer that has run out, a terminal that is closed; afterwards they do what they did."""
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        works(tmp_path / "b.tar", lambda: signal.raise_signal(number))
    assert [*tmp_path.iterdir()] == []
    assert signal.getsignal(number) == before


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    """With what was to be written, and that nothing has changed."""
    full = OSError(28, "No space left on device")
    with pytest.raises(BackupError) as caught:
        works(tmp_path / "b.tar", Mock(side_effect=full))
    assert str(caught.value) == (
        f"{tmp_path}/b.tar can't be written, and nothing was changed: No space left on device; "
        "check the disk and the owner and mode of its directory"
    )
    (tmp_path / "file").touch()
    with pytest.raises(BackupError, match="Not a directory"):
        works(tmp_path / "file/b.tar", Mock())


# --- verifying -----------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    return make_directory(tmp_path / "data")


def refusal(data: DataDirectory) -> str:
    with pytest.raises(BackupError) as caught:
        verify(data.path)
    assert str(data.path) not in str(caught.value), "of a directory that nobody has seen"
    return str(caught.value)


def test_what_a_server_could_start_on_is_good(data: DataDirectory) -> None:
    """Its format is returned."""
    assert verify(data.path) == len(MIGRATIONS)


def test_a_database_without_its_pepper_is_refused(data: DataDirectory) -> None:
    """Nobody could log in: whether it is missing, another one or none at all."""
    for change in (b"x" * 32, b"short", None):
        if change is None:
            data.pepper.unlink()
        else:
            data.pepper.write_bytes(change)
        assert refusal(data) == "its pepper is missing, or not that of its database"


def test_a_database_of_before_there_were_peppers_needs_none(data: DataDirectory) -> None:
    """It gets one with its first start."""
    data.pepper.unlink()
    with closing(sqlite3.connect(data.database, isolation_level=None)) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'pepper_id'")
    assert verify(data.path) == len(MIGRATIONS)


def test_a_faulty_database_is_refused(data: DataDirectory) -> None:
    """With its faults."""
    with closing(sqlite3.connect(data.database, isolation_level=None)) as connection:
        connection.execute("DROP TABLE channel_masks")
    assert (
        "its database is no good: its schema is not securechat's: table channel_masks is missing"
        in (refusal(data))
    )


def test_what_is_no_database_is_refused(data: DataDirectory) -> None:
    """Or isn't there."""
    data.database.write_bytes(b"no database, " * 1000)
    assert "its database" in refusal(data)
    data.database.unlink()
    assert "its database can't be read: unable to open database file" in refusal(data)
