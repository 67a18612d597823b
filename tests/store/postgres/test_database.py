"""Connections that are lost: what is made anew, what is settled, and what must end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from threading import Event
from typing import Any

import psycopg
import pytest

from securechat.store.database import Transaction
from securechat.store.errors import (
    ConflictError,
    DisplacedError,
    HeldError,
    StoreError,
    UnknownOutcomeError,
)
from securechat.store.postgres import database as module
from securechat.store.postgres.database import PostgresConnection, open_database
from securechat.store.postgres.faults import fault
from securechat.store.postgres.location import PostgresLocation, parse_location
from securechat.store.sql.fragments import KEEP_FACT
from securechat.store.sql.journal import TRIAL_BYTES, Journal
from tests.support.links import PATIENCE
from tests.support.pepper import PEPPER
from tests.support.waiting import until


@pytest.fixture
def ours(there: PostgresLocation) -> Iterator[PostgresConnection]:
    """A server's own connection."""
    with closing(open_database(there)) as connection:
        connection.claim()
        yield connection


def cut(connection: PostgresConnection) -> None:
    """Its other end is gone, and nobody has noticed."""
    with psycopg.connect(connection._location.url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (connection._pg.info.backend_pid,))


def keep(connection: PostgresConnection, value: str) -> None:
    with Transaction(connection):
        connection.execute(KEEP_FACT, ("fact", value))


def half(connection: PostgresConnection) -> None:
    """Lost in the middle."""
    with Transaction(connection):
        connection.execute(KEEP_FACT, ("fact", "half"))
        cut(connection)
        connection.execute(KEEP_FACT, ("other", "half"))


def fact(connection: PostgresConnection) -> object:
    return connection.execute("SELECT value FROM meta WHERE key = 'fact'").fetchone()


def test_one_that_was_lost_unnoticed_is_made_anew(ours: PostgresConnection) -> None:
    """For the next transaction, and for what is read outside of one; and it hears others again."""
    before = ours.data_version()
    cut(ours)
    keep(ours, "one")
    assert ours.data_version() != before  # something may have been told meanwhile
    cut(ours)
    assert fact(ours) == ("one",)
    cut(ours)
    assert ours.cut_log()


def test_what_a_lost_one_had_begun_is_not_stored(ours: PostgresConnection) -> None:
    """The transaction fails as a whole, and the next one is another."""
    with pytest.raises(StoreError):
        half(ours)
    assert fact(ours) is None
    keep(ours, "whole")
    assert fact(ours) == ("whole",)


def break_off(connection: PostgresConnection, *, before: bool) -> None:
    """The next COMMIT's answer never comes. before: neither does the COMMIT."""
    execute: Callable[..., Any] = connection._pg.execute

    def broken(words: str, *params: Any) -> Any:
        if words == "COMMIT":
            if before:
                cut(connection)
            execute(words)
            connection._pg.pgconn.finish()
            raise psycopg.OperationalError("the connection was lost")
        return execute(words, *params)

    connection._pg.execute = broken  # type: ignore[assignment, method-assign]


@pytest.mark.parametrize("stored", [True, False])
def test_a_commit_without_an_answer_is_settled(ours: PostgresConnection, stored: bool) -> None:
    """By the number of the turn, once the connection is there again."""
    keep(ours, "before")
    break_off(ours, before=not stored)
    with pytest.raises(UnknownOutcomeError) as unknown:
        keep(ours, "after")
    assert unknown.value.settle() is stored
    assert fact(ours) == ("after" if stored else "before",)
    keep(ours, "on")


def test_what_cannot_be_learned_is_told(
    ours: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while, and by no answer that might be wrong."""
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.0)
    break_off(ours, before=True)
    with pytest.raises(UnknownOutcomeError) as unknown:
        keep(ours, "lost")
    monkeypatch.setattr(ours, "_location", PostgresLocation("postgresql://chat@127.0.0.1:1/chat"))
    with pytest.raises(StoreError, match="can't be reached"):
        unknown.value.settle()


def test_who_is_no_server_is_told_to_look(there: PostgresLocation) -> None:
    """An administrator's command has nobody who would settle it."""
    with closing(open_database(there)) as connection:
        break_off(connection, before=False)
        with pytest.raises(UnknownOutcomeError, match="look whether it was done"):
            keep(connection, "perhaps")


def test_one_server_at_a_time(
    ours: PostgresConnection, there: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one is refused, and gets it when the first one has ended."""
    with closing(open_database(there)) as second:
        with monkeypatch.context() as patch:
            patch.setattr(module, "CLAIM_SECONDS", 0.0)
            with pytest.raises(HeldError, match="another securechat server runs on this database"):
                second.claim()
        ours.close()
        second.claim()
        keep(second, "theirs")


def test_who_was_displaced_stores_nothing_more(
    ours: PostgresConnection, there: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another server has taken the database while the connection was lost: even after its end."""
    monkeypatch.setattr(module, "LEAVE_SECONDS", 0.0)
    cut(ours)
    with closing(open_database(there)) as second:
        second.claim()
        with pytest.raises(DisplacedError, match="has taken over"):  # while it is there, too
            keep(ours, "ours")
        keep(second, "theirs")
    with pytest.raises(DisplacedError, match="has taken over"):
        keep(ours, "ours")
    with pytest.raises(DisplacedError):
        ours.data_version()


def test_an_older_state_is_not_gone_on_with(ours: PostgresConnection) -> None:
    """A standby that was behind, or a backup: what this server knows is not in it."""
    keep(ours, "one")
    keep(ours, "two")
    with psycopg.connect(ours._location.url) as other:
        other.execute("UPDATE securechat.head SET turn = turn - 1")
    cut(ours)
    with pytest.raises(DisplacedError, match="lacks what was stored there"):
        keep(ours, "three")


def test_who_cannot_be_reached_is_not_waited_for_all_the_time(
    there: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try that took long is followed by as long a rest, in which the answer comes at once."""
    now, tries = [1000.0], list[float]()

    def connect(_: PostgresConnection) -> psycopg.Connection[Any]:
        tries.append(now[0])
        now[0] += 4.0
        raise StoreError("nobody answers")

    with closing(open_database(there)) as reader:
        cut(reader)
        monkeypatch.setattr(PostgresConnection, "_connect", connect)
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        for _ in range(8):
            with pytest.raises(StoreError, match="nobody answers"):
                keep(reader, "lost")
            now[0] += 1.0
    assert tries == [1000.0, 1008.0]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Whoever connects waits for it."""
    connect, answer = PostgresConnection._connect, Event()

    def later(self: PostgresConnection) -> psycopg.Connection[Any]:
        assert answer.wait(PATIENCE)
        return connect(self)

    monkeypatch.setattr(PostgresConnection, "_connect", later)
    return answer


def test_a_server_waits_once_for_who_does_not_answer(
    ours: PostgresConnection, answer: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a moment, as all chat waits with it; then nothing waits until the connection is there."""
    monkeypatch.setattr(module, "RETURN_SECONDS", 0.01)
    cut(ours)
    with pytest.raises(StoreError, match="there is no answer yet"):
        keep(ours, "one")
    monkeypatch.setattr(module, "RETURN_SECONDS", None)  # who waited now would do so for ever
    for action in (partial(keep, ours, "two"), ours.data_version, partial(fact, ours)):
        with pytest.raises(StoreError, match="there is no answer yet"):
            action()
    answer.set()
    until(lambda: comes(ours))
    keep(ours, "three")
    assert fact(ours) == ("three",)


def comes(connection: PostgresConnection) -> bool:
    """Whether it is there again."""
    try:
        connection.data_version()
    except StoreError:
        return False
    return True


def test_a_connection_that_comes_too_late_holds_nothing(
    ours: PostgresConnection,
    there: PostgresLocation,
    answer: Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When the server has ended meanwhile the next one begins."""
    monkeypatch.setattr(module, "RETURN_SECONDS", 0.0)
    cut(ours)
    with pytest.raises(StoreError, match="there is no answer yet"):
        keep(ours, "one")
    assert ours._return is not None
    ours.close()
    answer.set()
    ours._return.result(PATIENCE)
    with closing(open_database(there)) as second:
        second.claim()
        keep(second, "theirs")


def test_a_trial_takes_room(there: PostgresLocation) -> None:
    """As much as some messages do, though PostgreSQL compresses what it can."""
    journal = Journal(there, PEPPER)
    size = "SELECT pg_total_relation_size('meta')"
    before = journal.connection.execute(size).fetchone()[0]
    journal.try_out()
    assert journal.connection.execute(size).fetchone()[0] - before >= TRIAL_BYTES
    journal.close()


def test_only_we_tell_of_what_is_refused(
    ours: PostgresConnection, caplog: pytest.LogCaptureFixture
) -> None:
    """Not psycopg beside us, which names the host as well."""
    rows = [("fact", "a"), ("fact", "b")] * 100
    with pytest.raises(ConflictError), Transaction(ours):
        ours.executemany("INSERT INTO meta VALUES (?, ?)", rows)
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('FATAL: database "chat" does not exist', "has no database of that name"),
        ('FATAL: role "chat" does not exist', "knows no such user"),
        ('FATAL: password authentication failed for user "chat"', "doesn't take the password"),
        ("server does not support SSL, but SSL was required", "no encrypted connection"),
        ("FATAL: sorry, too many clients already", "no connection left"),
        ("SSL error: unexpected eof while reading", "or has ended; see that"),
        ("Connection refused", "see that it runs and is reachable"),
        ('invalid integer value "x" for connection option "port"', "a mistake in the URL"),
        ('connection is bad: invalid target_session_attrs value: "x"', "a mistake in the URL"),
        ("could not match 3 port numbers to 2 hosts", "a mistake in the URL"),
        ("connection failed: session is read-only", "make one of them the primary"),
        ("failed to resolve host 'db'", "nobody knows the name of the database's host"),
    ],
)
def test_why_there_is_no_connection(text: str, told: str) -> None:
    """In words that say what to do."""
    found = fault(psycopg.OperationalError(text), "postgresql://chat@db/chat")
    assert told in str(found)
    assert text in str(found)


@pytest.mark.parametrize("option", ["bad=1", "sslmode=strange", "port=1,2,3"])
def test_what_libpq_does_not_take_is_a_mistake(option: str) -> None:
    """Nobody is asked for anything then."""
    with pytest.raises(StoreError, match="there is a mistake in the URL of the database"):
        open_database(parse_location(f"postgresql://chat@127.0.0.1:1/chat?{option}"))
