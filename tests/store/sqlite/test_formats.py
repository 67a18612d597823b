"""A server of today opens what servers of every version have left: tests/fixtures/formats."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from securechat.admin.backup.make import make_backup
from securechat.admin.backup.restore import restore_backup
from securechat.server.data import DataDirectory
from securechat.server.loading import load_model
from securechat.store.database import format_of
from securechat.store.errors import StoreError
from securechat.store.passwords import verify_password
from securechat.store.pepper import find_pepper
from securechat.store.sql.mending import mend
from securechat.store.sql.reader import Reader
from securechat.store.sqlite import database
from securechat.store.sqlite.copies import Findings, look_over
from securechat.store.sqlite.database import open_database
from securechat.store.sqlite.schema import MIGRATIONS
from tests.support.formats import FILES, restored
from tests.support.server import PASSWORD, running

NEWEST = len(MIGRATIONS)

SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"

SAID = [
    ("#den", "bob", "PRIVMSG", "good morning"),
    ("#den", "bob", "NOTICE", "a note"),
    (None, "bob", "PRIVMSG", "only for you"),
    ("#den", "bob", "PRIVMSG", "\1ACTION waves\1"),
    ("#den", "bob", "CTCP", "\1VERSION\1"),
    ("#den", "bob", "PRIVMSG", "an answer"),
    (None, "alice", "PRIVMSG", "and for you"),
]
"""In each of them, among other things."""

LOG = (
    "SELECT targets.name, accounts.name, kind, text FROM log JOIN targets ON targets.id = target "
    "JOIN accounts ON accounts.id = sender ORDER BY seq"
)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, ...]]:
    """The schema of a database that is made today."""
    with closing(open_database(tmp_path_factory.mktemp("fresh") / "new.db")) as connection:
        return connection.execute(SCHEMA).fetchall()


def test_there_is_one_of_each_format() -> None:
    """`make fixture` makes that of the newest; tests/fixtures/formats/README.md says how."""
    found = {int(file.stem.partition("-")[0]) for file in FILES}
    assert found == set(range(1, NEWEST + 1))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_database_of_each_format_is_opened(
    file: Path, tmp_path: Path, fresh: list[tuple[str, ...]]
) -> None:
    """It is whole before and after, has a new one's tables, and has lost nobody and nothing."""
    data = restored(file.stem, tmp_path / "data")
    number = int(file.stem.partition("-")[0])
    assert look_over(data.database) == Findings(number, [])
    pepper = find_pepper(data.database, data.pepper)
    connection = open_database(data.database)
    assert connection.execute(SCHEMA).fetchall() == fresh
    mend(connection)
    assert look_over(data.database) == Findings(NEWEST, [])
    with closing(Reader(connection)) as reader:
        model = load_model(reader, pepper)
        [(stored,)] = connection.execute("SELECT password FROM accounts WHERE name = 'alice'")
        assert verify_password(PASSWORD, stored, pepper)
        assert [row for row in connection.execute(LOG).fetchall() if row in SAID] == SAID
    if number > 1:
        assert list(model.by_name["alice"].tokens) == ["laptop"]
        factor = model.by_name["carol"].factor
        assert factor is not None
        assert len(factor.recovery) == 10
    den = model.channels["#den"]
    assert (den.topic, den.key, list(den.bans)) == ("What we build", "sesame", ["eve!*@*"])
    assert sorted(account.name for account in den.members) == ["alice", "bob"]
    assert model.by_name["alice"].admin
    assert model.by_name["dave"].disabled
    assert model.by_name["erin"].deleted


@pytest.mark.parametrize("file", [FILES[0], FILES[-1]], ids=lambda file: file.stem)
def test_a_server_of_today_serves_it(file: Path, tmp_path: Path) -> None:
    """The password of then logs in, twice: the first login may store it anew; history is there.
    Whoever was there before is told once what is kept.
    """
    restored(file.stem, tmp_path / "data")
    with running(tmp_path / "data", history={"tell": True}) as server:
        told = [
            [line for line in server.connect().logs_in("alice") if "is kept on this server" in line]
            for _ in range(2)
        ]
        # By the newest one they have been told already.
        assert [len(lines) for lines in told] == [int(file is FILES[0]), 0]
        alice = server.member("alice", caps="draft/chathistory batch server-time", tags=())
        heard = alice.says("CHATHISTORY LATEST #den * 100")
        assert ":bob!bob@chat.test PRIVMSG #den :good morning" in heard


def test_a_backup_of_an_older_format_is_restored(tmp_path: Path) -> None:
    """It is brought up to date, whatever way its tables were made."""
    for name in ("01-first", "12", "18"):
        data = restored(name, tmp_path / name)
        made = tmp_path / f"{name}.tar"
        make_backup(data, made, by="os:test")
        assert format_of(data.database) == int(name[:2])  # nothing was changed in it
        new = DataDirectory(tmp_path / f"{name}-new")
        restore_backup(made, new, by="os:test")
        assert look_over(new.database) == Findings(NEWEST, [])


def test_the_log_tells_of_a_new_format(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once, before and after: no older version opens the database from then on."""
    caplog.set_level(logging.INFO)
    data = restored("19", tmp_path / "data")
    for _ in range(2):
        open_database(data.database).close()
    assert caplog.messages == [
        f"bringing the database from format 19 to {NEWEST}: wait for it",
        f"the database had format 19 and has {NEWEST} now",
    ]


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk: what came before it stands, and the next start goes on from there."""
    failing = [*MIGRATIONS, "CREATE TABLE halves (id INTEGER); INSERT INTO nowhere VALUES (1);"]
    data = restored("19", tmp_path / "data")
    with monkeypatch.context() as patched:
        patched.setattr(database, "MIGRATIONS", failing)
        with pytest.raises(StoreError, match="nowhere"):
            open_database(data.database)
    assert look_over(data.database) == Findings(NEWEST, [])


def test_what_is_sorted_lies_beside_the_database(tmp_path: Path) -> None:
    """And in no directory for all: a container may have none, and others may read what is there."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA temp_store_directory = ''")
        open_database(tmp_path / "new's.db").close()
        assert connection.execute("PRAGMA temp_store_directory").fetchone() == (str(tmp_path),)


def content(path: Path) -> bytes:
    """What a database's file holds when nobody has it open."""
    assert not path.with_name(path.name + "-wal").exists()
    return path.read_bytes()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_format_is_refused(tmp_path: Path, *, read_only: bool) -> None:
    """Its number is told, and what to do; not a byte of it is changed."""
    path = tmp_path / "newer.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FILES[-1].read_text())
        connection.execute(f"PRAGMA user_version = {NEWEST + 1}")
    before = content(path)
    expected = f"format is {NEWEST + 1}, this one knows up to {NEWEST}"
    if read_only:
        [fault] = look_over(path).faults
        assert expected in fault
    else:
        with pytest.raises(StoreError, match=expected):
            open_database(path)
    assert content(path) == before


@pytest.mark.parametrize("version", [0, 5, NEWEST + 1])
def test_another_program_s_database_is_refused(tmp_path: Path, version: int) -> None:
    """Whatever number it gives its format: no table is made in it."""
    path = tmp_path / "places.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE accounts (id INTEGER)")
        connection.execute(f"PRAGMA user_version = {version}")
    before = content(path)
    with pytest.raises(StoreError, match="another program's database"):
        open_database(path)
    assert content(path) == before
