"""A connection that is lost: what was stored then, what wasn't, and how that is learned."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import psycopg
import pytest

from securechat.store.database import Connection, Transaction, open_database
from securechat.store.errors import HeldError, StoreError, UnknownOutcomeError
from securechat.store.postgres import database as postgres
from securechat.store.postgres.location import PostgresLocation
from tests.support.cutter import Cutter
from tests.support.postgres import USER, PostgresServer
from tests.support.waiting import until

KEEP = "INSERT INTO meta VALUES (?, 'x')"


@pytest.fixture
def server(database: PostgresLocation, cutter: Cutter) -> Iterator[Connection]:
    """The connection of the one that runs on the database; somebody may cut it."""
    with closing(open_database(cutter.through(database))) as opened:
        opened.claim()
        yield opened


def keep(connection: Connection, key: str) -> None:
    with Transaction(connection):
        connection.execute(KEEP, (key,))


def kept(location: PostgresLocation) -> set[str]:
    with closing(open_database(location, read_only=True)) as connection:
        return {key for (key,) in connection.execute("SELECT key FROM meta")}


# --- between turns, and in one -------------------------------------------------------------------


@pytest.mark.parametrize("what", ["word", "answer"])
def test_between_turns_nobody_notices(
    server: Connection, database: PostgresLocation, cutter: Cutter, what: str
) -> None:
    """What reads, or begins, does so on a new connection."""
    cutter.cut_at_next(what)
    assert server.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
    cutter.cut_at_next(what)
    keep(server, "a")
    cutter.cut_at_next(what)
    server.begin_reading()
    server.rollback()
    keep(server, "b")
    assert {"a", "b"} <= kept(database)


@pytest.mark.parametrize("what", ["word", "answer"])
def test_in_a_turn_nothing_is_stored(
    server: Connection, database: PostgresLocation, cutter: Cutter, what: str
) -> None:
    """It is no turn without its first part; the next one is on a new connection."""
    server.begin()
    server.execute(KEEP, ("a",))
    cutter.cut_at_next(what)
    with pytest.raises(StoreError, match="can't be reached, or has ended") as caught:
        server.execute(KEEP, ("b",))
    server.rollback()
    assert not isinstance(caught.value, UnknownOutcomeError)
    assert not server.in_transaction
    keep(server, "c")
    assert {"a", "b", "c"} & kept(database) == {"c"}


def test_a_turn_goes_on_on_no_other_connection(
    server: Connection, database: PostgresLocation, cutter: Cutter
) -> None:
    """Where it looks for changes, too: what follows there would be stored by itself."""
    server.begin()
    cutter.cut_at_next("word")
    with pytest.raises(StoreError):
        server.execute(KEEP, ("a",))
    with pytest.raises(StoreError, match="lost amid a transaction"):
        server.data_version()
    with pytest.raises(StoreError):
        server.execute(KEEP, ("b",))
    server.rollback()
    server.data_version()
    keep(server, "c")
    assert {"a", "b", "c"} & kept(database) == {"c"}


def test_a_row_too_many_for_the_line(server: Connection, cutter: Cutter) -> None:
    """What goes by the thousand is no turn either."""
    rows = [(n, 1, 1, 1, "PRIVMSG", "x" * 100, None) for n in range(2000)]
    server.begin()
    cutter.cut_at_next("word")
    with pytest.raises(StoreError):
        server.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    with pytest.raises(StoreError):  # known to be lost now
        server.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    server.rollback()
    assert server.execute("SELECT count(*) FROM log").fetchone() == (0,)


def test_a_server_that_is_started_again_is_found_again(postgres_server: PostgresServer) -> None:
    """As after a crash: by who reads, who is between turns, and who is in one."""
    with (
        postgres_server.lent() as one,
        postgres_server.lent() as two,
        closing(open_database(one)) as between,
        closing(open_database(two)) as within,
        closing(open_database(one, read_only=True)) as reader,
    ):
        between.claim()
        within.claim()
        keep(between, "before")
        reader.execute("SELECT 1").fetchall()
        within.begin()
        within.execute(KEEP, ("a",))
        postgres_server.stop("immediate")
        for action in (between.begin, between.data_version, lambda: reader.execute("SELECT 1")):
            with pytest.raises(StoreError, match="can't be reached, or has ended"):
                action()
        postgres_server.start()
        with pytest.raises(StoreError):
            within.execute(KEEP, ("b",))
        within.rollback()
        assert reader.execute("SELECT count(*) FROM meta WHERE key = 'before'").fetchone() == (1,)
        keep(between, "after")
        keep(within, "c")
        assert {"before", "after"} <= kept(one)
        assert {"a", "b", "c"} & kept(two) == {"c"}


# --- over a commit -------------------------------------------------------------------------------


def lose(server: Connection, cutter: Cutter, what: str, key: str = "a") -> UnknownOutcomeError:
    """Lose the connection over a commit."""
    server.begin()
    server.execute(KEEP, (key,))
    cutter.cut_at_next(what)
    with pytest.raises(UnknownOutcomeError) as caught:
        server.commit()
    return caught.value


@pytest.mark.parametrize(("what", "stored"), [("word", False), ("answer", True)])
def test_what_has_become_of_it_is_learned(
    server: Connection, database: PostgresLocation, cutter: Cutter, what: str, stored: bool
) -> None:
    """Whichever way it went, and again later; then the server goes on."""
    keep(server, "before")
    unknown = lose(server, cutter, what)
    assert "can't be reached, or has ended" in str(unknown)
    assert not server.in_transaction
    assert unknown.settle() is stored
    assert ("a" in kept(database)) is stored
    keep(server, "b")
    assert "b" in kept(database)


def test_it_is_learned_as_soon_as_that_is_possible(
    server: Connection, cutter: Cutter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over tries that fail."""
    monkeypatch.setattr(postgres, "RETRY_SECONDS", 0.01)
    unknown = lose(server, cutter, "answer")
    cutter.cut_at_next("word")
    assert unknown.settle() is True


def test_what_cannot_be_learned_is_not_said(
    server: Connection, cutter: Cutter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error in the end, and whoever asked must end as well."""
    monkeypatch.setattr(postgres, "SETTLE_SECONDS", 0.05)
    monkeypatch.setattr(postgres, "RETRY_SECONDS", 0.01)
    unknown = lose(server, cutter, "answer")
    cutter.close()
    with pytest.raises(StoreError, match="can't be reached"):
        unknown.settle()


def test_where_another_server_has_come_it_is_not_learned(
    server: Connection, database: PostgresLocation, cutter: Cutter
) -> None:
    """Its turns are counted with ours: so no wrong answer is given."""
    unknown = lose(server, cutter, "word")
    with closing(open_database(database)) as second:
        second.claim()
        keep(second, "theirs")
    with pytest.raises(StoreError, match="has taken over"):
        unknown.settle()


# --- a standby that doesn't answer ---------------------------------------------------------------


def waiting(postgres_server: PostgresServer) -> list[int]:
    """The processes that wait for a standby."""
    sql = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with psycopg.connect(postgres_server.url(USER), autocommit=True) as connection:
        return [pid for (pid,) in connection.execute(sql)]


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
def test_who_no_longer_waits_for_a_standby_has_no_success(
    postgres_server: PostgresServer, database: PostgresLocation, how: str
) -> None:
    """PostgreSQL says that all is well then; but it is on one disk alone, until a standby comes."""
    tried: list[str] = []
    told: list[Exception] = []
    settled: list[bool] = []

    def act(server: Connection) -> None:
        try:
            for number in count():  # until the setting is in force
                tried.append(f"a{number}")
                keep(server, tried[-1])
        except UnknownOutcomeError as error:
            told.append(error)
            settled.append(error.settle())

    with closing(open_database(database)) as server:
        server.claim()
        with postgres_server.configured(synchronous_standby_names="nobody"):
            thread = threading.Thread(target=act, args=(server,))
            thread.start()
            until(lambda: bool(waiting(postgres_server)))
            postgres_server.execute(f"SELECT {how}({waiting(postgres_server)[0]})")
            until(lambda: bool(told))
            # It asks, and what it asks waits for the standby as well.
            until(lambda: bool(waiting(postgres_server)))
            assert settled == []
        thread.join()
        assert settled == [True]
        keep(server, "b")
    assert {*tried, "b"} <= kept(database)


def test_a_start_that_no_standby_confirms_is_none(
    postgres_server: PostgresServer, database: PostgresLocation
) -> None:
    """What it would go on with may stand on one disk alone."""
    told: list[StoreError] = []

    def act(server: Connection) -> None:
        try:
            while True:  # until the setting is in force
                server.claim()
        except StoreError as error:
            told.append(error)

    with (
        closing(open_database(database)) as server,
        postgres_server.configured(synchronous_standby_names="nobody"),
    ):
        thread = threading.Thread(target=act, args=(server,))
        thread.start()
        until(lambda: bool(waiting(postgres_server)))
        postgres_server.execute(f"SELECT pg_cancel_backend({waiting(postgres_server)[0]})")
        thread.join()
    assert "no standby has confirmed it" in str(told[0])


def test_who_waits_for_a_standby_is_told(
    postgres_server: PostgresServer, database: PostgresLocation, caplog: pytest.LogCaptureFixture
) -> None:
    """A start that waited for one would say nothing else."""
    warned = f"none is connected to {postgres_server.place}: this waits until one is"
    open_database(database).close()
    assert warned not in caplog.text

    def says() -> bool:
        open_database(database).close()
        return warned in caplog.text

    with postgres_server.configured(synchronous_standby_names="nobody"):
        until(says)  # the setting is in force


def test_who_comes_after_what_waits_for_a_standby_is_told(
    postgres_server: PostgresServer, database: PostgresLocation
) -> None:
    """There is no program that holds it, and that could be ended."""

    def act(server: Connection) -> None:
        for number in count():  # until the setting is in force
            if told:
                return
            keep(server, f"a{number}")

    told: list[str] = []
    with closing(open_database(database)) as server, closing(open_database(database)) as other:
        other.wait_at_most(1.0)
        with postgres_server.configured(synchronous_standby_names="nobody"):
            thread = threading.Thread(target=act, args=(server,))
            thread.start()
            until(lambda: bool(waiting(postgres_server)))
            with pytest.raises(HeldError) as caught:
                keep(other, "b")
            told.append(str(caught.value))
        thread.join()
        assert f"have one connect to {postgres_server.place} again, or, where" in told[0]
        keep(other, "b")
    assert "b" in kept(database)
