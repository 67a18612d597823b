"""How PostgreSQL finds what is asked for: by indexes, however long the log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from securechat.store.database import Connection, Transaction, open_database
from securechat.store.sql import export, journal, pages, reader, retention
from tests.support.postgres import PostgresServer

# 200 channels, in turn; each tenth entry is an event, each tenth what programs say.
FILL = (
    "INSERT INTO targets (id, name, folded, skeleton) "
    "SELECT n, '#' || n, '#' || n, '#' || n FROM generate_series(1, 200) AS g (n)",
    "INSERT INTO log SELECT n, mod(n, 200) + 1, 1, n, CASE mod(n / 200, 10) WHEN 0 THEN 'JOIN' "
    "WHEN 1 THEN 'CTCP' ELSE 'PRIVMSG' END, 'some text', NULL "
    "FROM generate_series(1, 20000) AS g (n)",
)

ASKED: dict[str, tuple[str, object]] = {
    "missed": (reader._MISSED, (1, 2, 15_000, 5)),
    "the newest of channels": (reader._CHANNELS, ()),
    "the newest of conversations": (reader._DIRECTS, ()),
    "a time": (pages.NEXT, (1,)),
    "the newest of all": ("SELECT max(seq) FROM log", ()),
    "too old": (
        retention.OLD,
        {"target": 3, "after": 0, "border": 15_000, "before": 9000, "limit": 50},
    ),
    "exported": (export.OF_CHANNEL, {"target": 3, "after": 0, "upto": 15_000}),
    "redacted": (journal.STATEMENTS["Redacted"], (5, 1, 1, "x", None)),
    **{
        f"page {events} {newest}": (sql, (1, 2, 15_000, 5))
        for (events, newest), sql in pages.SQL.items()
    },
}


@pytest.fixture(scope="module", params=[False, True], ids=["new", "analysed"])
def connection(
    request: pytest.FixtureRequest, postgres_server: PostgresServer
) -> Iterator[Connection]:
    """To a long log; PostgreSQL knows nothing of it yet, or all."""
    with postgres_server.lent() as location, closing(open_database(location)) as opened:
        with Transaction(opened):
            for sql in FILL:
                opened.execute(sql)
        if request.param:
            opened.execute("ANALYZE")
        yield opened
        opened.execute("SET plan_cache_mode = auto")


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_the_log_is_not_walked_through(connection: Connection, what: str, mode: str) -> None:
    """Neither where the plan is of these values, nor where it is of any."""
    sql, params = ASKED[what]
    connection.execute(f"SET plan_cache_mode = {mode}")
    plan = [row for (row,) in connection.execute(f"EXPLAIN {sql}", params)]  # type: ignore[arg-type]
    assert [row for row in plan if re.search(r"Seq Scan on log\b", row)] == []
    assert [row for row in plan if re.search(r"(Index|Bitmap Heap) .*on log\b", row)]
