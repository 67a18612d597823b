"""Pages of the log, beside an oracle that says them as simply as it can be said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.core.history.queries import EntryQuery, From, PageQuery, Place, Span, TargetsQuery
from securechat.core.journal.events.channels import Logged
from securechat.store.database import Connection, open_database
from securechat.store.sql.pages import Pages
from securechat.store.sqlite.database import SqliteConnection
from securechat.store.sqlite.schema import MIGRATIONS
from tests.support.found import found_in
from tests.support.postgres import PostgresServer

TARGETS, MOST, STEP_MS = 3, 40, 10
KINDS = ["PRIVMSG", "PRIVMSG", "NOTICE", "CTCP", "CTCPREPLY", "REDACTED", "TAGMSG", "JOIN"]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """One for all examples."""
    if request.param == "sqlite":
        with closing(
            sqlite3.connect(":memory:", isolation_level=None, factory=SqliteConnection)
        ) as made:
            for script in MIGRATIONS:
                made.executescript(script)
            yield cast("Connection", made)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.lent() as location, closing(open_database(location)) as opened:
        yield opened


@st.composite
def logs(draw: st.DrawFn) -> list[Logged]:
    """Numbers have gaps, as where something was erased; several entries may have one time."""
    seqs = sorted(draw(st.sets(st.integers(1, MOST), max_size=30)))
    at_ms, found = 1000, []
    for seq in seqs:
        at_ms += draw(st.sampled_from([0, STEP_MS]))
        kind, target = draw(st.sampled_from(KINDS)), draw(st.integers(1, TARGETS))
        text = draw(st.sampled_from(["", "hi", "ö" * 40]))
        tags = draw(st.sampled_from([None, "+x=y"]))
        found.append(Logged(seq, target, 1, at_ms, kind, text, tags))
    return found


PLACES = st.one_of(
    st.builds(Place, st.integers(0, MOST + 2)),
    st.builds(Place, st.integers(900, 1000 + STEP_MS * 20), st.just(True)),
)
SPANS = st.builds(Span, st.integers(1, TARGETS), st.integers(0, MOST), st.integers(0, MOST + 1))


@st.composite
def page_queries(draw: st.DrawFn) -> PageQuery:
    start = draw(st.sampled_from(From))
    lower, upper = draw(st.none() | PLACES), draw(st.none() | PLACES)
    if start is From.MIDDLE:
        lower = upper = draw(PLACES)
    if start is From.FIRST:
        lower, upper = draw(PLACES), draw(PLACES)
    limit, size = draw(st.integers(1, 8)), draw(st.sampled_from([0, 100, 10_000]))
    return PageQuery(
        draw(SPANS), lower, upper, start, limit, size, line_bytes=10, events=draw(st.booleans())
    )


def filled(connection: Connection, log: list[Logged]) -> Pages:
    connection.execute("DELETE FROM log")
    connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", log)
    return Pages(connection)


@given(log=logs(), query=page_queries())
def test_a_page_is_what_it_says(
    connection: Connection, log: list[Logged], query: PageQuery
) -> None:
    """Bounds, order, number, bytes and kinds, by number and by time."""
    found = [Logged(*row) for row in filled(connection, log).page(*query)]
    assert found == found_in(log, query)


@given(log=logs(), data=st.data())
def test_targets_are_found_by_their_newest_message(
    connection: Connection, log: list[Logged], data: st.DataObject
) -> None:
    """Between two times, which are not among them."""
    spans = tuple(Span(number, 0, MOST) for number in range(1, TARGETS + 1))
    times = st.integers(900, 1000 + STEP_MS * 20)
    limit, newest_first = data.draw(st.integers(1, 3)), data.draw(st.booleans())
    query = TargetsQuery(spans, data.draw(times), data.draw(times), newest_first, limit)
    assert filled(connection, log).targets(*query) == found_in(log, query)


@given(log=logs(), span=SPANS, seq=st.integers(0, MOST + 1))
def test_an_entry_is_found_where_it_may_be_read(
    connection: Connection, log: list[Logged], span: Span, seq: int
) -> None:
    """And nowhere else."""
    query = EntryQuery(span, seq)
    found = [Logged(*row) for row in filled(connection, log).entry(*query)]
    assert found == found_in(log, query)


def test_a_clock_that_was_put_back_gives_a_place_near_by(connection: Connection) -> None:
    """And no error, and no endless search."""
    times = [1000, 2000, 3000, 500, 600, 700, 4000]
    log = [Logged(seq, 1, 1, at, "PRIVMSG", "", None) for seq, at in enumerate(times, 1)]
    pages = filled(connection, log)
    for at_ms in range(0, 5000, 100):
        query = PageQuery(
            Span(1, 0, 9), Place(at_ms, True), None, From.OLDEST, 9, 10_000, 0, events=False
        )
        found = [row[0] for row in pages.page(*query)]
        assert found == sorted(found)
