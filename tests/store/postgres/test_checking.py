"""What a check finds in a database on PostgreSQL."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from securechat.store.checking import look_for_alike, look_for_leftovers, look_over
from securechat.store.database import FORMAT, open_database
from securechat.store.postgres.location import PostgresLocation
from securechat.store.sqlite.copies import Findings
from tests.support.postgres import PostgresServer


@pytest.fixture
def there(there: PostgresLocation) -> PostgresLocation:
    """With its tables."""
    open_database(there).close()
    return there


def change(there: PostgresLocation, sql: str) -> None:
    """As somebody who gets at the database."""
    with psycopg.connect(there.url, autocommit=True) as connection:
        connection.execute("SET search_path = securechat")
        connection.execute(sql)


def test_a_whole_one_has_no_fault(there: PostgresLocation) -> None:
    """And nothing is left behind by the look."""
    assert look_over(there) == look_over(there, thoroughly=False) == Findings(FORMAT, [])
    with closing(open_database(there, read_only=True)) as connection:
        schemas = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
    assert [name for (name,) in schemas if name.startswith("securechat")] == ["securechat"]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("ALTER TABLE accounts ADD COLUMN extra text", "'column accounts.extra' is foreign"),
        ("ALTER TABLE accounts DROP COLUMN metadata", "column accounts.metadata is missing"),
        ("DROP INDEX log_untold", "index log_untold is missing"),
        ("ALTER TABLE audit DISABLE TRIGGER audit_is_not_deleted", "audit_is_not_deleted"),
        (
            "CREATE TRIGGER spy AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            "'trigger spy' is foreign",
        ),
        (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NEW; END $$",
            "'function refuse_change' is foreign",
        ),
        ("CREATE VIEW spy AS SELECT text FROM log", "'column spy.text' is foreign"),
        ("CREATE RULE spy AS ON DELETE TO audit DO INSTEAD NOTHING", "'rule spy' is foreign"),
    ],
)
def test_what_somebody_has_changed_is_found(
    postgres_server: PostgresServer, sql: str, told: str
) -> None:
    """A table, an index, or what would run with the server's next write."""
    there = postgres_server.database()
    open_database(there).close()
    change(there, sql)
    assert told in str(look_over(there).faults)


def test_an_empty_one_is_none(postgres_server: PostgresServer) -> None:
    """Nor is one of a newer version ours to judge."""
    there = postgres_server.database()
    assert look_over(there) == Findings(0, ["nothing of securechat is in it"])
    open_database(there).close()
    change(there, "UPDATE meta SET value = '999' WHERE key = 'format'")
    assert "was made by a newer securechat" in str(look_over(there).faults)


def test_leftovers_and_look_alikes(there: PostgresLocation) -> None:
    """What the next start mends."""
    assert (look_for_leftovers(there), look_for_alike(there)) == ([], [])
    change(there, "INSERT INTO read_markers VALUES (7, '#den', 0)")
    assert look_for_leftovers(there) == ["1 read_markers of accounts or channels that are gone"]
    change(there, "DELETE FROM read_markers")
