"""Which nodes share a database of PostgreSQL: what stands of each in the table of nodes, who is
taken for gone, and what one that is to begin finds.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import NamedTuple

from securechat.store.database import Connection
from securechat.store.postgres.database import IS_HELD, RUNNING, PostgresConnection
from securechat.store.postgres.location import PostgresLocation

SILENT_SECONDS = 10.0
"""A node that has not been heard of for so long is gone."""

UNHELD_SECONDS = 3.0
"""The same, where its process has ended, or has lost its connection: one that goes on is heard of
again by then.
"""

OVERDUE_SECONDS = 4.0
"""A node that was silent for so long has missed a heartbeat."""

REPLACED_SECONDS = 1e6
"""A node that was silent for so long is one whose name another one has now."""

UP, LEAVING, GONE = "up", "leaving", "gone"

TABLES = """
CREATE TABLE IF NOT EXISTS nodes (
    epoch bigint PRIMARY KEY,
    name text NOT NULL,
    facts text NOT NULL,
    state text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    heard_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    turn bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    turn bigint PRIMARY KEY,
    node bigint NOT NULL,
    body text NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
    node bigint NOT NULL,
    number bigint NOT NULL,
    account bigint NOT NULL,
    facts text NOT NULL,
    PRIMARY KEY (node, number)
);
"""
"""They hold nothing that outlives the nodes' running, so they are no part of a format, of a backup,
or of what is moved to another database. In heard_at and began_at is the database's time.
"""


class NodeRow(NamedTuple):
    """A node. facts: what it says of itself, as JSON. is_held: whether its process holds the lock
    of its name, which ends with its connection to the database. running, silent: seconds since it
    began, and since it was last heard of. turn: up to which it has followed then. sessions: so many
    are logged in there.
    """

    epoch: int
    name: str
    facts: str
    state: str
    is_held: bool
    running: float
    silent: float
    turn: int
    sessions: int

    @property
    def is_dead(self) -> bool:
        """Whether it is to be taken for gone."""
        most = SILENT_SECONDS if self.is_held else UNHELD_SECONDS
        return self.state != GONE and self.silent > most


NODES = """
SELECT epoch, name, facts, state, {is_held},
    extract(epoch FROM clock_timestamp() - began_at)::float8,
    extract(epoch FROM clock_timestamp() - heard_at)::float8,
    turn, (SELECT count(*) FROM sessions WHERE node = epoch)
FROM nodes ORDER BY epoch
""".format(is_held=IS_HELD.format(key="hashtextextended(name, ?)"))  # noqa: S608 - no input in it


class Surroundings(NamedTuple):
    """What a node finds that is to begin. format: of the database, 0 for none. facts: what it
    remembers. nodes: that run. clock: seconds since 1970 (UTC), as this machine had them before the
    database was asked, as the database has them, and as this machine had them then. is_alone: no
    other machine confirms what is stored.
    """

    format: int
    facts: dict[str, str]
    nodes: list[NodeRow]
    clock: tuple[float, float, float]
    is_alone: bool


def look_around(location: PostgresLocation) -> Surroundings:
    """Nothing is changed. Raises StoreError."""
    with closing(PostgresConnection(location, read_only=True)) as connection:
        version, facts, nodes = connection.format(), {}, []
        if version:
            facts = dict(connection.execute("SELECT key, value FROM meta"))
        if has_tables(connection):
            nodes = nodes_there(connection)
        clock = clocks(connection)
        is_alone = connection.lacks_standby()
    alive = [node for node in nodes if node.state != GONE and not node.is_dead]
    return Surroundings(version, facts, alive, clock, is_alone)


def nodes_there(connection: Connection) -> list[NodeRow]:
    """All that there are, those that have gone lately included, by their age."""
    return [NodeRow(*row) for row in connection.execute(NODES, (RUNNING,))]


def clocks(connection: PostgresConnection) -> tuple[float, float, float]:
    """As Surroundings has them."""
    before = time.time()
    [(database,)] = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
    return before, database, time.time()


def has_tables(connection: Connection) -> bool:
    """Whether a database has had nodes."""
    [(found,)] = connection.execute("SELECT to_regclass('nodes') IS NOT NULL").fetchall()
    return bool(found)
