"""Databases of PostgreSQL: whose turns are stored, how tables are made, what others are told; lost
connections: test_database.py, test_lost_connections.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from securechat.store.database import Connection, Transaction, open_database
from securechat.store.errors import ConflictError, DisplacedError, StoreError
from securechat.store.postgres.database import PostgresConnection
from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.schema import FIRST_FORMAT, MIGRATIONS
from tests.support.cutter import Cutter
from tests.support.postgres import PostgresServer

KEEP = "INSERT INTO meta VALUES (?, ?)"


@pytest.fixture
def server(database: PostgresLocation) -> Iterator[Connection]:
    """The connection of the one that runs on the database."""
    with closing(open_database(database)) as opened:
        opened.claim()
        yield opened


def keep(connection: Connection, key: str, value: str = "x") -> None:
    with Transaction(connection):
        connection.execute(KEEP, (key, value))


def kept(location: PostgresLocation) -> set[str]:
    with closing(open_database(location, read_only=True)) as connection:
        return {key for (key,) in connection.execute("SELECT key FROM meta")}


def head(location: PostgresLocation) -> tuple[int, int]:
    with closing(open_database(location, read_only=True)) as connection:
        found: tuple[int, int] = connection.execute("SELECT epoch, turn FROM head").fetchone()
        return found


def backend(connection: Connection) -> int:
    """The number of the process at the other end."""
    found: int = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    return found


def terminate(location: PostgresLocation, pid: int) -> None:
    with psycopg.connect(location.url) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


# --- the one server ------------------------------------------------------------------------------


def test_servers_of_two_databases_are_not_in_each_others_way(
    server: Connection, postgres_server: PostgresServer
) -> None:
    """Though one server of PostgreSQL has both."""
    with postgres_server.lent() as other, closing(open_database(other)) as second:
        second.claim()
        keep(second, "a")
    keep(server, "a")


@pytest.mark.parametrize("how", ["end", "death"])
def test_the_next_server_comes_after_the_last_one(
    database: PostgresLocation, cutter: Cutter, how: str
) -> None:
    """However that has ended; each has an epoch of its own."""
    first = open_database(cutter.through(database))
    first.claim()
    keep(first, "first")
    if how == "end":
        first.close()
    else:
        cutter.close()
        cutter.cut_at_next("word")
        with pytest.raises(StoreError, match="can't be reached, or has ended"):
            first.execute("SELECT 1")
    with closing(open_database(database)) as second:
        second.claim()
        keep(second, "second")
    assert {"first", "second"} <= kept(database)
    assert head(database) == (2, 2)


def test_one_whose_epoch_is_over_stores_nothing(
    server: Connection, database: PostgresLocation
) -> None:
    """Also where its connection has lived on."""
    keep(server, "in time")
    with closing(open_database(database)) as other:
        other.execute("UPDATE head SET epoch = epoch + 1")
    with pytest.raises(DisplacedError, match="has taken over"):
        keep(server, "late")
    assert not server.in_transaction
    assert "late" not in kept(database)


def test_turns_are_counted(server: Connection, database: PostgresLocation) -> None:
    """Those of the server that were stored."""
    keep(server, "a")
    with pytest.raises(ConflictError):
        keep(server, "a")
    keep(server, "b")
    with closing(open_database(database)) as other:
        keep(other, "c")
    assert head(database) == (1, 2)


def test_what_failed_in_part_is_not_said_to_be_stored(
    server: Connection, database: PostgresLocation
) -> None:
    """Where somebody goes on after an error, PostgreSQL takes all back and calls that well."""
    server.begin()
    server.execute(KEEP, ("a", "x"))
    with pytest.raises(StoreError):
        server.execute("SELECT 1/0")
    with pytest.raises(StoreError, match="nothing was stored"):
        server.commit()
    assert "a" not in kept(database)
    keep(server, "a")


def test_a_text_with_a_nul_is_refused(server: Connection, database: PostgresLocation) -> None:
    """As one that can't stand there; and so is a number that has no room."""
    with pytest.raises(ConflictError):
        keep(server, "a", "x\0y")
    with pytest.raises(ConflictError), Transaction(server):
        server.execute("INSERT INTO log VALUES (?, 1, 1, 1, 'JOIN', '', NULL)", (1 << 70,))
    with pytest.raises(ConflictError):
        keep(server, "a", "\udcff")
    keep(server, "a", "xy")
    assert "a" in kept(database)


# --- the tables ----------------------------------------------------------------------------------


def format_of(location: PostgresLocation) -> int:
    with closing(open_database(location, read_only=True)) as connection:
        return connection.format()


def test_two_that_start_at_once_make_the_tables_once(postgres_server: PostgresServer) -> None:
    """A server and `securechat-admin` may both be the first."""
    location = postgres_server.database()
    assert format_of(location) == 0
    with ThreadPoolExecutor(3) as pool:
        for made in pool.map(lambda _: open_database(location), range(3)):
            keep(made, str(id(made)))
            made.close()
    assert format_of(location) == max(MIGRATIONS)
    with closing(open_database(location)) as connection:
        sql = "SELECT count(*) FROM meta WHERE key IN ('instance', 'format', 'usage_upto')"
        assert connection.execute(sql).fetchone() == (3,)


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> int:
    """This program is a newer one, of this format."""
    number = max(MIGRATIONS) + 1
    monkeypatch.setitem(MIGRATIONS, number, "CREATE TABLE extra (id bigint); SELECT 1;")
    return number


def test_an_older_one_is_brought_to_today(
    database: PostgresLocation, newer: int, caplog: pytest.LogCaptureFixture
) -> None:
    """And it is said, so that nobody takes it for hung."""
    with caplog.at_level(logging.INFO), closing(open_database(database)) as connection:
        assert connection.execute("SELECT count(*) FROM extra").fetchone() == (0,)
    assert f"from format {newer - 1} to {newer}" in caplog.text
    assert format_of(database) == newer


def test_what_fails_leaves_it_as_it_was(
    database: PostgresLocation, newer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not half of a migration."""
    monkeypatch.setitem(MIGRATIONS, newer, "CREATE TABLE extra (id bigint); SELECT 1/0;")
    with pytest.raises(StoreError):
        open_database(database)
    assert format_of(database) == newer - 1
    with psycopg.connect(database.url) as connection:
        found = connection.execute("SELECT to_regclass('securechat.extra')")
        assert found.fetchone() == (None,)


def test_one_of_a_newer_program_is_refused(database: PostgresLocation) -> None:
    """Nothing is changed in it."""
    with closing(open_database(database)) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    with pytest.raises(StoreError, match=r"made by a newer securechat \(its format is 99"):
        open_database(database)
    assert format_of(database) == 99


def test_one_of_another_program_is_refused(postgres_server: PostgresServer) -> None:
    """Where it has taken the name of our schema; an empty one its owner may have made for us."""
    location = postgres_server.database()
    with psycopg.connect(location.url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA securechat")
        connection.execute("CREATE TABLE securechat.theirs (id int)")
        with pytest.raises(StoreError, match=r"another program's database: .*name another"):
            open_database(location)
        connection.execute("DROP TABLE securechat.theirs")
    open_database(location).close()
    assert format_of(location) == FIRST_FORMAT


# --- what others are told ------------------------------------------------------------------------


def test_what_others_commit_is_told(server: Connection, database: PostgresLocation) -> None:
    """Neither what they take back, nor what they read, nor what the server writes itself."""
    before = server.data_version()
    with closing(open_database(database)) as other:
        other.begin()
        other.execute(KEEP, ("a", "x"))
        other.rollback()
        other.execute("SELECT * FROM meta").fetchall()
        keep(server, "b")
        assert _told(server) == before
        keep(other, "a")
        assert _told(server) == before + 1
        assert _told(server) == before + 1


def _told(connection: Connection) -> int:
    connection.execute("SELECT 1")  # with whose answer comes what was told before
    return connection.data_version()


def test_what_was_told_while_nobody_listened_is_not_overlooked(
    server: Connection, database: PostgresLocation
) -> None:
    """A connection that is made anew looks like news."""
    before = server.data_version()
    terminate(database, backend(server))
    with closing(open_database(database)) as other:
        keep(other, "a")
    server.execute("SELECT 1")
    assert server.data_version() > before


def test_what_was_prepared_is_prepared_anew(server: Connection, database: PostgresLocation) -> None:
    """On a new connection the server knows nothing of the statements of the old one."""
    assert isinstance(server, PostgresConnection)
    for round_ in range(3):
        for number in range(8):
            sql = "SELECT value FROM meta WHERE key = ?"
            assert server.execute(sql, ("usage_upto",)).fetchone() == ("0",)
            keep(server, f"{round_} {number}")
        terminate(database, backend(server))
    assert head(database) == (1, 24)
