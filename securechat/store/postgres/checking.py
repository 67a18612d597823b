"""What state a database on PostgreSQL is in: its tables, and whether all of them can be read."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from securechat.store.errors import DamagedError, StoreError
from securechat.store.postgres import nodes
from securechat.store.postgres.database import PostgresConnection
from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.schema import FIRST_FORMAT, MIGRATIONS, NAME
from securechat.store.sqlite.copies import MOST_FAULTS, Findings, foreign_parts, unknown_format

_MODEL = f"{NAME}_as_it_should_be"
"""A schema that is made to compare with, and never committed."""

# Columns in their order, as rows are written by it; triggers with whether they are switched on.
_PARTS: Final = """
SELECT 'column ' || relname || '.' || attname, concat_ws(' ', relkind, attnum,
    format_type(atttypid, atttypmod), collname, attnotnull, attidentity,
    pg_get_expr(adbin, adrelid))
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
LEFT JOIN pg_collation ON pg_collation.oid = attcollation
WHERE relnamespace = current_schema()::regnamespace AND relkind NOT IN ('i', 'S')
AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT 'index ' || relname, pg_get_indexdef(oid) FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'i'
UNION ALL SELECT 'constraint ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace
UNION ALL SELECT 'trigger ' || tgname, tgenabled::text || pg_get_triggerdef(pg_trigger.oid)
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal
UNION ALL SELECT 'rule ' || rulename, pg_get_ruledef(pg_rewrite.oid)
FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class
WHERE relnamespace = current_schema()::regnamespace
UNION ALL SELECT 'function ' || proname, pg_get_functiondef(oid) FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace
"""


def look_over(location: PostgresLocation, *, thoroughly: bool) -> Findings:
    """As of a file. thoroughly: reads all rows, which finds what the disk has lost."""
    with closing(PostgresConnection(location, read_only=False)) as connection:
        version = connection.format()
        if unknown := unknown_format(version, max(MIGRATIONS)):
            return Findings(version, unknown)
        found = foreign_parts(_parts(connection, NAME), _expected(connection, version))
        return Findings(version, found or (_damages(connection) if thoroughly else []))


def _parts(connection: PostgresConnection, schema: str) -> set[tuple[str, str]]:
    rows = connection.execute(_PARTS).fetchall()
    return {(what, how.replace(f"{schema}.", "")) for what, how in rows}


def _expected(connection: PostgresConnection, version: int) -> set[tuple[str, str]]:
    has_nodes = nodes.has_tables(connection)
    connection.script("BEGIN")
    try:
        connection.script(f"CREATE SCHEMA {_MODEL}; SET LOCAL search_path = {_MODEL}")
        for number in range(FIRST_FORMAT, version + 1):
            connection.script(MIGRATIONS[number])
        if has_nodes:
            connection.script(nodes.TABLES)
        return _parts(connection, _MODEL)
    finally:
        connection.rollback()


def _damages(connection: PostgresConnection) -> list[str]:
    found = []
    sql = "SELECT tablename FROM pg_tables WHERE schemaname = ?"
    for (table,) in connection.execute(sql, (NAME,)).fetchall():
        try:
            # The text of a row is made from all that is in it.
            connection.execute(f"SELECT sum(length(one::text)) FROM {table} AS one")  # noqa: S608
        except StoreError as error:
            found.append(_damage(table, error))
    return found[:MOST_FAULTS]


def _damage(table: str, error: StoreError) -> str:
    line = str(error)
    return f"it is damaged: {line}" if isinstance(error, DamagedError) else f"{table}: {line}"
