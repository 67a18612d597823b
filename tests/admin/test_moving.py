"""`securechat-admin move`: to PostgreSQL and back."""

from __future__ import annotations

import json
import stat
from contextlib import closing
from pathlib import Path

import pytest

from securechat.server.data import DataDirectory
from securechat.store.database import open_database
from securechat.store.postgres.location import PostgresLocation
from tests.support.admin_cli import AdminCli
from tests.support.data_directory import contents, make_directory
from tests.support.postgres import PostgresServer


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    """On a directory with something in every table."""
    return AdminCli(make_directory(tmp_path / "data").path)


@pytest.fixture
def there(postgres_server: PostgresServer) -> PostgresLocation:
    return postgres_server.database()


def without_the_move(found: dict[str, list[tuple[object, ...]]]) -> dict[str, object]:
    """The audit tells of each move, and counts it."""
    audit = [row for row in found["audit"] if row[2] != "database moved"]
    rest = {name: rows for name, rows in found.items() if not name.startswith("sqlite_")}
    return {**rest, "audit": audit}


def test_there_and_back(cli: AdminCli, there: PostgresLocation) -> None:
    """Every row is what it was; the old database is kept each time, where no server finds it."""
    database = cli.data / "securechat.db"
    before = contents(database)
    said = cli(f"move {there.url}")
    assert said.code == 0
    assert said.out == f"The database is at {there} now.\n"
    assert f'Put url = "{there.url}" into [store] of the configuration.' in said.err
    assert not database.exists()
    [kept] = cli.data.glob("securechat.db.moved_*")
    assert str(kept) in said.err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert contents(kept) == before
    store = cli.data / "store.json"
    assert json.loads(store.read_text()) == {"url": there.url, "password_file": ""}
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert "alice" in cli("user list").out

    said = cli("move --to-file")
    assert said.code == 0
    assert said.out == f"The database is at {database} now.\n"
    assert not store.exists()
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert without_the_move(contents(database)) == without_the_move(before)
    assert [event for _, event, _ in cli.audited("database moved")] == ["database moved"] * 2
    assert "alice" in cli("user list").out


def test_the_old_schema_is_out_of_the_way(cli: AdminCli, there: PostgresLocation) -> None:
    """So that the same database can be used again."""
    assert cli(f"move {there.url}").code == 0
    assert "schema securechat_moved_" in cli("move --to-file").err
    for old in cli.data.glob("securechat.db.moved_*"):
        old.unlink()
    assert cli(f"move {there.url}").code == 0


def test_a_backup_holds_what_is_on_postgresql(
    cli: AdminCli, there: PostgresLocation, tmp_path: Path
) -> None:
    """As a file, like any other backup; restored, it is a server with a file."""
    before = contents(cli.data / "securechat.db")
    assert cli(f"move {there.url}").code == 0
    file = tmp_path / "chat.tar"
    said = cli(f"backup {file}")
    assert (said.code, "securechat.db" in said.out) == (0, True)
    other = AdminCli(tmp_path / "other")
    assert other(f"restore {file}").code == 0
    found = contents(other.data / "securechat.db")
    assert found["log"] == before["log"]
    assert found["accounts"] == before["accounts"]
    assert DataDirectory(other.data).location == other.data / "securechat.db"
    assert "alice" in other("user list").out


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ("move", 2, "Name a URL, or give --to-file."),
        ("move mysql://x/y", 2, "got 'mysql'"),
        ("move postgresql://a:geheim@/y", 2, "there is a password in the URL"),
        ("move --to-file", 1, "is a file already"),
        ("move postgresql://a@/y?host=/nowhere", 1, "can't be reached"),
    ],
)
def test_what_can_t_be_done_is_told(cli: AdminCli, words: str, code: int, text: str) -> None:
    """And nothing has changed."""
    before = contents(cli.data / "securechat.db")
    said = cli(words)
    assert said.code == code
    assert text in said.err
    assert "geheim" not in said.err
    assert contents(cli.data / "securechat.db") == before
    assert not (cli.data / "store.json").exists()


def test_nothing_is_moved_under_a_running_server(cli: AdminCli, there: PostgresLocation) -> None:
    """It would go on writing into the old one."""
    running = DataDirectory(cli.data)
    running.lock()
    try:
        said = cli(f"move {there.url}")
    finally:
        running.unlock()
    assert said.code == 1
    assert "a securechat-server runs on" in said.err
    assert not (cli.data / "store.json").exists()


def test_a_database_that_is_in_use_is_not_written_over(
    cli: AdminCli, there: PostgresLocation, tmp_path: Path
) -> None:
    """It is another server's; the directory goes on with its own."""
    other = AdminCli(make_directory(tmp_path / "other").path)
    assert other(f"move {there.url}").code == 0
    said = cli(f"move {there.url}")
    assert said.code == 1
    assert "has something of a server in it" in said.err
    assert (cli.data / "securechat.db").exists()
    with closing(open_database(there, read_only=True)) as connection:
        assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (2,)


def test_a_file_in_the_way_stays(cli: AdminCli, there: PostgresLocation) -> None:
    """It may be somebody's only copy."""
    assert cli(f"move {there.url}").code == 0
    (cli.data / "securechat.db").write_bytes(b"something")
    (cli.data / "securechat.db").chmod(0o600)
    said = cli("move --to-file")
    assert said.code == 1
    assert "is in the way" in said.err
    assert (cli.data / "securechat.db").read_bytes() == b"something"
    assert (cli.data / "store.json").exists()
