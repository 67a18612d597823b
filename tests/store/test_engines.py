"""Both engines have the same tables, and rows in them have the same effects."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from securechat.store.database import FAULTS, Connection, Transaction, open_database
from securechat.store.errors import StoreError
from securechat.store.moving import PRIMARY_KEYS
from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.schema import MIGRATIONS as OF_POSTGRES
from securechat.store.sqlite.schema import MIGRATIONS as OF_SQLITE
from tests.support.postgres import PostgresServer
from tests.support.stored import tables

TYPES = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}


@pytest.fixture(scope="module")
def lite() -> Iterator[sqlite3.Connection]:
    """A database of SQLite after all migrations."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in OF_SQLITE:
            connection.executescript(script)
        yield connection


@pytest.fixture(scope="module")
def post(postgres_server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    """One of PostgreSQL, likewise."""
    with postgres_server.lent() as location, psycopg.connect(location.url) as connection:
        connection.execute("SET search_path = securechat")
        yield connection


# --- what the tables are like --------------------------------------------------------------------


def test_a_migration_is_one_of_both() -> None:
    """The numbers of formats are the same, so that a backup of one fits the other."""
    assert max(OF_POSTGRES) == len(OF_SQLITE)


def test_the_tables_are_the_same(lite: sqlite3.Connection, post: psycopg.Connection[Any]) -> None:
    """PostgreSQL's has one more, of who may write."""
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ours = {name for (name,) in lite.execute(sql)}
    theirs = post.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'securechat'")
    assert {name for (name,) in theirs} == ours | {"head"}
    assert ours == set(PRIMARY_KEYS)


@pytest.mark.parametrize("table", PRIMARY_KEYS)
def test_the_columns_are_the_same(
    lite: sqlite3.Connection, post: psycopg.Connection[Any], table: str
) -> None:
    """Their names, in their order, types, whether they may be NULL, and what they begin with."""
    found = [
        (name, TYPES[kind], not (required or key), (default or "").strip("'"))
        for _, name, kind, required, default, key in lite.execute(f"PRAGMA table_info({table})")
    ]
    rows = post.execute(
        "SELECT column_name, data_type, is_nullable = 'YES', coalesce(column_default, ''), "
        "is_identity FROM information_schema.columns "
        "WHERE table_schema = 'securechat' AND table_name = %s ORDER BY ordinal_position",
        (table,),
    )
    assert found == [
        (name, kind, may_be_null, re.sub(r"^'(.*)'::\w+$", r"\1", default))
        for name, kind, may_be_null, default, _ in rows
    ]


@pytest.mark.parametrize("table", PRIMARY_KEYS)
def test_what_is_unique_is_the_same(
    lite: sqlite3.Connection, post: psycopg.Connection[Any], table: str
) -> None:
    """By itself, or with others."""
    indexes = [
        name for _, name, unique, *_ in lite.execute(f"PRAGMA index_list({table})") if unique
    ]
    found = {
        tuple(row[2] for row in lite.execute(f"PRAGMA index_info({name})")) for name in indexes
    } | {PRIMARY_KEYS[table]}
    rows = post.execute(
        "SELECT array(SELECT attname::text FROM unnest(indkey) WITH ORDINALITY "
        "AS k (number, place) "
        "JOIN pg_attribute ON attrelid = indrelid AND attnum = number ORDER BY place) "
        "FROM pg_index WHERE indrelid = %s::regclass AND indisunique",
        (table,),
    )
    assert {tuple(columns) for (columns,) in rows} == found


def test_texts_are_compared_by_their_bytes(post: psycopg.Connection[Any]) -> None:
    """As SQLite does, and not as some country sorts them, in an order that an update may change."""
    rows = post.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'text' "
        "AND table_schema = 'securechat' AND collation_name IS DISTINCT FROM 'C'"
    )
    assert rows.fetchall() == []


def test_the_triggers_are_on_the_same(
    lite: sqlite3.Connection, post: psycopg.Connection[Any]
) -> None:
    """Tables, with the columns of an update."""
    found = set()
    for sql, table in lite.execute(
        "SELECT sql, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    ):
        match = re.search(r"(DELETE|INSERT|UPDATE)( OF ([a-z_, ]+))? ON", sql)
        assert match
        found.add((table, match[1], match[3] or ""))
    rows = post.execute(
        "SELECT relname, pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger "
        "JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE relnamespace = 'securechat'::regnamespace AND NOT tgisinternal"
    )
    theirs = set()
    for table, sql in rows:
        match = re.search(r"(DELETE|INSERT|UPDATE)( OF ([a-z_, ]+))? ON", sql)
        assert match
        theirs.add((table, match[1], match[3] or ""))
    assert theirs == found


# --- what they do --------------------------------------------------------------------------------

BEFORE = [
    *[
        "INSERT INTO accounts (id, name, folded, skeleton, password, created_ms, chosen_name, "
        f"metadata) VALUES ({n}, '{name}', '{name}', '{name}', 'hash', 1, 'Real', 'about')"
        for n, name in ((1, "alice"), (2, "bob"))
    ],
    *[
        "INSERT INTO targets (id, name, folded, skeleton, founder, metadata) "
        f"VALUES ({n}, '{name}', '{name}', '{name}', 1, 'about')"
        for n, name in ((10, "#den"), (11, "#lab"))
    ],
    "INSERT INTO memberships VALUES (10, 1, 'q', 0), (10, 2, '', 0), (11, 2, 'q', 0)",
    "INSERT INTO invitations VALUES (10, 3, 'alice'), (11, 3, 'bob')",
    "INSERT INTO channel_masks VALUES (10, 'b', 'x!*@*', 'a', 1), (11, 'b', 'x!*@*', 'a', 1)",
    "INSERT INTO read_markers VALUES (1, '#den', 5), (2, '#den', 6), (3, '#den', 7)",
    "INSERT INTO read_markers VALUES (1, '#new', 1), (3, '#new', 2), (1, 'bob', 3), (2, 'zoe', 4)",
    "INSERT INTO read_markers VALUES (1, 'zoe', 4)",
    "INSERT INTO tokens VALUES (?, 1, 'laptop', 1, NULL)",
    "INSERT INTO certificates VALUES (?, 1, 'laptop', 1, NULL)",
    "INSERT INTO devices VALUES (1, 'token:laptop', 7, 1), (1, 'certificate:laptop', 9, 1)",
    "INSERT INTO devices VALUES (1, '', 3, 1), (2, 'token:laptop', 7, 1)",
    "INSERT INTO factors VALUES (1, 'sealed', 1, 1), (2, 'sealed', 1, 1)",
    "INSERT INTO recovery_codes VALUES (?, 1)",
    "INSERT INTO former_names VALUES ('zoe', 'zoe', 'Zoe', 2), ('old', 'old', 'Old', 1)",
    "INSERT INTO log VALUES (1, 10, 1, 1, 'PRIVMSG', 'héllo', '+a=b'), "
    "(2, 10, 2, 1, 'PRIVMSG', 'hi', NULL), (70000, 10, 1, 1, 'JOIN', '', NULL)",
    "INSERT INTO usage VALUES (1, 500), (2, 10)",
    "UPDATE meta SET value = '60000' WHERE key = 'usage_upto'",
    "INSERT INTO audit (at_ms, event, account, address, result, facts) "
    "VALUES (1, 'login', 'alice', '', 'ok', '{}')",
]
ACTS = {
    "deleted": "UPDATE accounts SET deleted = 1 WHERE id = 1",
    "disabled": "UPDATE accounts SET disabled = 1 WHERE id = 1",
    "renamed": "UPDATE accounts SET name = 'Zoe', folded = 'zoe', skeleton = 'zoe' WHERE id = 2",
    "renamed again": "UPDATE accounts SET folded = 'rob' WHERE id = 2",
    "respelled": "UPDATE accounts SET name = 'BOB', folded = 'bob' WHERE id = 2",
    "takes a name of another's": "UPDATE accounts SET folded = 'old' WHERE id = 2",
    "token ended": "DELETE FROM tokens",
    "certificate ended": "DELETE FROM certificates",
    "device forgotten": "DELETE FROM devices WHERE name = ''",
    "devices forgotten": "DELETE FROM devices",
    "factor removed": "DELETE FROM factors WHERE account = 1",
    "another factor removed": "DELETE FROM factors WHERE account = 2",
    "channel closed": "UPDATE targets SET folded = NULL, skeleton = NULL WHERE id = 10",
    "channels closed": "UPDATE targets SET folded = NULL, skeleton = NULL",
    "channel renamed": "UPDATE targets SET name = '#New', folded = '#new' WHERE id = 10",
    "channel respelled": "UPDATE targets SET name = '#Den', folded = '#den' WHERE id = 10",
    "founder removed": "UPDATE targets SET founder = NULL",
    "message erased": "DELETE FROM log WHERE seq = 1",
    "all erased": "DELETE FROM log",
    "message redacted": "UPDATE log SET kind = 'REDACTED', text = '', tags = NULL WHERE seq = 1",
    "redacted twice": "UPDATE log SET text = '' WHERE seq = 2",
    "redacted, not counted yet": "UPDATE log SET text = 'more' WHERE seq = 70000",
    "tags taken": "UPDATE log SET tags = NULL WHERE seq = 1",
    "moved": "UPDATE log SET target = 11, sender = 2 WHERE seq = 2",
    "time changed": "UPDATE log SET at_ms = 2",
    "audit changed": "UPDATE audit SET event = 'x'",
    "audit deleted": "DELETE FROM audit",
    "taken name": "UPDATE accounts SET folded = 'alice' WHERE id = 2",
    "no use left": "INSERT INTO invites VALUES (?, -1, 1, 0, 1, '')",
    "no text": "INSERT INTO meta VALUES ('a', NULL)",
}


def effects(connection: Connection, act: str) -> tuple[str, dict[str, list[tuple[object, ...]]]]:
    """Whether it was refused, and what all tables have then."""
    for sql in BEFORE:
        connection.execute(sql, (b"\1",) * sql.count("?"))
    refused = ""
    try:
        with Transaction(connection):
            connection.execute(act, (b"\1",) * act.count("?"))
    except (StoreError, *FAULTS):
        refused = "refused"
    found = tables(connection)
    found["meta"] = [row for row in found["meta"] if row[0] == "usage_upto"]
    return refused, found


@pytest.mark.parametrize("act", ACTS)
def test_what_is_done_has_the_same_effects(
    postgres_server: PostgresServer, tmp_path: Path, act: str
) -> None:
    """Those of triggers, and of constraints."""
    found = []
    with postgres_server.lent() as location:
        places: tuple[Path | PostgresLocation, ...] = (tmp_path / "a.db", location)
        for place in places:
            with closing(open_database(place)) as connection:
                found.append(effects(connection, ACTS[act]))
    assert found[0] == found[1]
    assert (found[0][0] == "refused") == (act in REFUSED)


REFUSED = {"audit changed", "audit deleted", "taken name", "no use left", "no text"}
