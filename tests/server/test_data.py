"""The data directory: private, and one server's at a time."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from securechat.server.data import DataDirectory, DataError, default_directory
from securechat.store.database import FORMAT
from tests.support.server import running


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    """One that isn't made yet."""
    return DataDirectory(tmp_path / "a" / "b")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refusal(data: DataDirectory, method: str) -> str:
    with pytest.raises(DataError) as caught:
        getattr(data, method)()
    return str(caught.value)


def test_naming_one_makes_nothing(data: DataDirectory) -> None:
    """Its parts have their places."""
    assert not data.path.exists()
    assert data.database == data.path / "securechat.db"
    assert data.pepper == data.path / "pepper"
    assert data.tls == data.path / "tls"


def test_it_may_have_a_configuration_in_it(data: DataDirectory) -> None:
    """Which a start goes by that is told no other."""
    assert data.own_configuration() is None
    data.create()
    assert data.own_configuration() is None
    data.configuration.touch()
    assert data.own_configuration() == data.path / "securechat.toml"


def test_a_relative_path_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may change its working directory."""
    monkeypatch.chdir(tmp_path)
    assert DataDirectory(Path("here")).path == tmp_path / "here"


def test_the_default_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this system keeps an application's data."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if sys.platform.startswith("linux"):
        assert default_directory() == tmp_path / "securechat" / "server"
    assert default_directory().name == "server"


def test_it_is_private_from_birth(data: DataDirectory) -> None:
    """With its missing parents; a second time changes nothing."""
    data.create()
    assert mode(data.path) == 0o700
    data.create()
    assert mode(data.path) == 0o700


@pytest.mark.parametrize("open_to", [0o710, 0o704, 0o755, 0o777])
@pytest.mark.parametrize("method", ["create", "check_database"])
def test_one_that_others_can_enter_is_refused(
    data: DataDirectory, method: str, open_to: int
) -> None:
    """And left as it is: the person who opened it must know."""
    data.create()
    data.database.touch(0o600)
    data.path.chmod(open_to)
    told = refusal(data, method)
    assert f"{data.path} can be read by others (mode {open_to:04o})" in told
    assert f"chmod 700 {data.path}" in told
    assert mode(data.path) == open_to


SECRETS = [
    *("securechat.db", "securechat.db-wal", "securechat.db-shm", "pepper", "lock"),
    *("tls/server-key.pem", "tls/ca-key.pem", "tls/client-bob-key.pem"),
]


@pytest.fixture
def full(data: DataDirectory) -> DataDirectory:
    """One with every file of secrets that there may be, and with public ones."""
    data.create()
    data.tls.mkdir(0o700)
    for name in SECRETS:
        (data.path / name).touch(0o600)
    for name in ("tls/server.pem", "tls/ca.pem"):
        (data.path / name).touch(0o644)
    return data


@pytest.mark.parametrize("method", ["check_files", "check_database"])
@pytest.mark.parametrize("open_to", [0o640, 0o604, 0o620, 0o666])
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_others_can_read_is_refused(
    full: DataDirectory, name: str, open_to: int, method: str
) -> None:
    """Or write; with what to type, and left as it is."""
    getattr(full, method)()
    path = full.path / name
    path.chmod(open_to)
    told = refusal(full, method)
    assert told.startswith(f"{path}: other users can read this secret (mode {open_to:04o})")
    assert told.endswith(f"Close it with: chmod 600 {path}")
    assert mode(path) == open_to


def test_what_is_not_there_is_not_missed(data: DataDirectory) -> None:
    """A first start has no secrets yet."""
    data.create()
    data.check_files()


def test_what_is_typed_survives_a_shell(tmp_path: Path) -> None:
    """A directory's name may have a space in it."""
    data = DataDirectory(tmp_path / "my data")
    data.create()
    data.pepper.touch(0o644)
    assert refusal(data, "check_files").endswith(f"chmod 600 '{data.pepper}'")
    data.path.chmod(0o755)
    assert refusal(data, "create").endswith(f"chmod 700 '{data.path}'")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", ["", *SECRETS])
def test_a_secret_of_another_user_is_refused(full: DataDirectory, name: str) -> None:
    """Its owner may open it to others at any time; root's is as good as our own."""
    path = full.path / name
    os.chown(path, 54321, -1)
    told = refusal(full, "check_database")
    assert told.startswith(f"{path}: it belongs to the user 54321, and this runs as root")
    assert told.endswith(f"chown root {path}")
    assert name or refusal(full, "create") == told


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    """The text names the way on."""
    (tmp_path / "file").touch()
    told = refusal(DataDirectory(tmp_path / "file"), "create")
    assert "can't make the data directory" in told
    assert "choose another with --data" in told
    assert "no securechat server has run on" in refusal(
        DataDirectory(tmp_path / "file"), "check_database"
    )


def test_a_missing_database_is_told(data: DataDirectory) -> None:
    """Whether the directory is there or not; afterwards it isn't, either."""
    told = refusal(data, "check_database")
    assert f"no securechat server has run on {data.path} yet: start securechat-server" in told
    assert not data.path.exists()
    data.create()
    assert refusal(data, "check_database") == told
    data.database.touch(0o600)
    data.check_database()


def test_somebody_elses_is_told(data: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose work it is."""

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", denied)
    told = refusal(data, "check_database")
    assert told == (
        f"can't look into {data.path}: Permission denied; do this as the user that the server "
        "runs as"
    )


def test_one_server_at_a_time(data: DataDirectory) -> None:
    """The second one is told who holds it; after the first has let go it may."""
    data.create()
    other = DataDirectory(data.path)
    assert not data.running()
    data.lock()
    assert data.running()
    assert other.running()
    told = refusal(other, "lock")
    assert "a securechat-server runs on" in told
    assert "end it; a second server takes another --data and --port" in told
    data.unlock()
    assert not other.running()
    other.lock()
    assert data.running()
    other.unlock()


def test_a_look_at_the_lock_keeps_no_server_from_starting(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`running()` holds it for an instant, so a start tries again for a while."""
    data.create()
    other = DataDirectory(data.path)
    other.lock()
    monkeypatch.setattr(time, "sleep", lambda _: other.unlock())
    data.lock()
    assert other.running()
    data.unlock()


def test_who_looks_takes_nobody_else_that_looks_for_a_server(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands of an administrator may look at the same instant."""
    data.create()
    data.lock()
    data.unlock()
    seen = []
    real = fcntl.flock

    def flock(handle: int, how: int) -> None:
        real(handle, how)
        monkeypatch.setattr(fcntl, "flock", real)
        seen.append(DataDirectory(data.path).running())

    monkeypatch.setattr(fcntl, "flock", flock)
    assert not data.running()
    assert seen == [False]


def test_the_lock_dies_with_its_process(data: DataDirectory) -> None:
    """Killed, not ended: no stale lock is left to be removed by hand."""
    data.create()
    script = (
        "import sys, pathlib; from securechat.server.data import DataDirectory\n"
        "data = DataDirectory(pathlib.Path(sys.argv[1])); data.lock()\n"
        "print('locked', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(data.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        assert data.running()
        assert f"(process {process.pid})" in refusal(data, "lock")
        process.kill()
        process.wait(20)
    assert not data.running()
    data.lock()
    data.unlock()


def test_the_lock_file_is_private(data: DataDirectory) -> None:
    """It stays; that it is there means nothing."""
    data.create()
    data.lock()
    data.unlock()
    assert mode(data.path / "lock") == 0o600
    assert not data.running()


def test_letting_go_twice_is_no_harm(data: DataDirectory) -> None:
    """A stop after a failed start does so."""
    data.create()
    data.unlock()
    data.lock()
    data.unlock()
    data.unlock()


def test_a_lock_that_cannot_be_made_is_told(data: DataDirectory) -> None:
    """As an error of the directory."""
    told = refusal(data, "lock")
    assert f"can't write in the data directory {data.path}: No such file or directory" in told


def test_the_tables_of_an_older_server_are_not_changed_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would store nothing any more; once it has stopped, the next program brings them up."""
    with running(tmp_path / "data", "alice") as server:
        monkeypatch.setattr("securechat.server.data.FORMAT", FORMAT + 1)
        with pytest.raises(DataError, match="is of an older version than this program"):
            server.data.check_database()
        monkeypatch.undo()
        server.data.check_database()
    monkeypatch.setattr("securechat.server.data.FORMAT", FORMAT + 1)
    server.data.check_database()
