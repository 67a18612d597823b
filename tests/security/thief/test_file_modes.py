"""Another user of the machine reads what files and directories let them read."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.ca.errors import StorageError
from securechat.server import cli
from securechat.server.data import DataDirectory, DataError
from securechat.server.service import Service
from tests.support.admin_cli import AdminCli
from tests.support.certificates import Authority
from tests.support.server import config, running

SECRETS = [
    *("securechat.db", "securechat.db-wal", "securechat.db-shm", "pepper", "lock"),
    *("tls/server-key.pem", "tls/ca-key.pem"),
]
PUBLIC = {"ca.pem", "server.pem"}
"""What clients are shown or given anyway."""


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a server that has run."""
    directory = tmp_path_factory.mktemp("used") / "data"
    with running(directory, "alice"):
        pass
    for end in ("-wal", "-shm"):  # as a crash leaves them
        (directory / f"securechat.db{end}").touch(0o600)
    return directory


@pytest.fixture
def data(used: Path, tmp_path: Path) -> DataDirectory:
    """One of the test's own."""
    shutil.copytree(used, tmp_path / "data")
    return DataDirectory(tmp_path / "data")


def start(data: DataDirectory) -> None:
    service = Service(config(), data)
    service.start()
    service.stop("over")


def start_refused(data: DataDirectory) -> str:
    with pytest.raises(DataError) as caught:
        start(data)
    return str(caught.value)


def typed(told: str) -> None:
    """Do what the text says is to be typed."""
    command = shlex.split(told.strip().rpartition("Close it with: ")[2])
    assert command[0] == "chmod"
    subprocess.run(command, check=True)


@pytest.mark.parametrize("name", SECRETS)
def test_reading_a_secret_that_was_left_open(data: DataDirectory, name: str) -> None:
    """The server doesn't start on it, and says what to type; when that is done it starts."""
    path = data.path / name
    path.chmod(0o644)
    told = start_refused(data)
    assert told.startswith(f"{path}: other users can read this secret (mode 0644)")
    typed(told)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    start(data)


def test_looking_into_a_directory_that_was_left_open(data: DataDirectory) -> None:
    """As well; the directories of the keys are closed again without a word, as they are ours."""
    data.tls.chmod(0o755)
    data.path.chmod(0o750)
    typed(start_refused(data))
    start(data)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (data.path, data.tls)] == [0o700, 0o700]


@pytest.mark.parametrize("name", SECRETS)
def test_waiting_for_the_administrator_to_overlook_it(data: DataDirectory, name: str) -> None:
    """`--check` tells it before a start would, and so does every command of `securechat-admin`."""
    path = data.path / name
    path.chmod(0o640)
    with pytest.raises(DataError) as caught:
        cli.check_all(config(), data)
    said = AdminCli(data.path)("user list")
    assert said.code == 1
    for told in (str(caught.value), said.err.strip()):
        assert f"{path}: other users can read this secret (mode 0640)" in told
        assert told.endswith(f"chmod 600 {path}")


def test_reading_the_key_of_a_configured_certificate(tmp_path: Path) -> None:
    """It need not lie in the data directory."""
    certificate, key = Authority().server("localhost").write(tmp_path, "mine")
    key.chmod(0o640)
    tls = {"cert": str(certificate), "key": str(key)}
    with pytest.raises(StorageError, match=f"{key}: other users can read .* chmod 600 {key}$"):
        Service(config(tls=tls), DataDirectory(tmp_path / "data")).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", SECRETS)
def test_owning_a_secret_of_the_server(data: DataDirectory, name: str) -> None:
    """The owner of a file can open it at any time, or put another one in its place."""
    os.chown(data.path / name, 54321, -1)
    told = start_refused(data)
    assert told.startswith(f"{data.path / name}: it belongs to the user 54321")
    os.chown(data.path / name, 0, -1)
    start(data)


@pytest.fixture
def careless() -> Iterator[None]:
    """A umask that lets everybody read and write what is made."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless")
def test_reading_what_a_careless_administrator_s_server_makes(tmp_path: Path) -> None:
    """Whatever the umask, while it runs and afterwards: only certificates are for all."""
    with running(tmp_path / "data", "alice") as server:
        server.member("alice").hears()
        seen = open_to_others(tmp_path / "data")
        assert {path.name for path in (tmp_path / "data").iterdir()} >= {"pepper", "lock", "tls"}
    assert seen | open_to_others(tmp_path / "data") <= PUBLIC


def open_to_others(directory: Path) -> set[str]:
    paths = [directory, *directory.rglob("*")]
    return {path.name for path in paths if path.stat().st_mode & 0o077}
