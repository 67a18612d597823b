"""Several servers on one database of PostgreSQL, each a node: whose turn it is, what each turn has
told the others, and which nodes there are.

A turn begins with the lock of the head, as every transaction that writes does, and holds it to its
commit, so that there is one turn at a time in all of them. It reads first what the turns before it
have told. What it leaves is a row of `turns`, by which the others follow, and by which it is known
whether it was stored when the connection was lost over its commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import psycopg

from securechat.store.errors import DisplacedError, HeldError, StoreError
from securechat.store.pepper import Pepper
from securechat.store.postgres.database import (
    CLAIM_SECONDS,
    RUNNING,
    PostgresConnection,
    migrate,
)
from securechat.store.postgres.location import PostgresLocation
from securechat.store.sql.journal import Journal

Result = TypeVar("Result")

TURNS_CHANNEL = "securechat_turns"
"""On which nodes tell each other of their turns; administrators' programs tell on another one."""

SILENT_SECONDS = 10.0
"""A node that has not been heard of for so long is gone."""

REPLACED_SECONDS = 1e6
"""A node that was silent for so long is one whose name another one has now."""

STALLED_TURN = "3s"
"""A node that stands still in the middle of its turn keeps the others waiting for so long."""

MOST_TURNS = 1000
"""That are read at once: a node that is further behind has been gone for long."""

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


class ForeignTurn(NamedTuple):
    """A turn of another node, or of this one. node: its epoch."""

    number: int
    node: int
    body: str


class NodeRow(NamedTuple):
    """A node. facts: what it says of itself, as JSON. silent: seconds since it was last heard of.
    turn: up to which it has followed then. sessions: so many are logged in there.
    """

    epoch: int
    name: str
    facts: str
    state: str
    running: float
    silent: float
    turn: int
    sessions: int

    @property
    def is_dead(self) -> bool:
        """Whether it is to be taken for gone."""
        return self.state != GONE and self.silent > SILENT_SECONDS


NODES = """
SELECT epoch, name, facts, state,
    extract(epoch FROM clock_timestamp() - began_at)::float8,
    extract(epoch FROM clock_timestamp() - heard_at)::float8,
    turn, (SELECT count(*) FROM sessions WHERE node = epoch)
FROM nodes ORDER BY epoch
"""


class NodeConnection(PostgresConnection):
    """What the nodes of a database share it by. name: of this one. facts: what it says of itself,
    as JSON.
    """

    def __init__(self, location: PostgresLocation, name: str, facts: str) -> None:
        super().__init__(location, read_only=False)
        self._name = name
        self._facts = facts
        self._stale = False

    @property
    def epoch(self) -> int:
        """Of this node, once it is claimed."""
        if self._epoch is None:
            raise StoreError(f"{self._location}: this connection is no node's")
        return self._epoch

    def claim(self) -> None:
        """By an advisory lock that the nodes share, one on the name, and a row of `nodes`."""
        self.make_tables()
        if not self._hold(CLAIM_SECONDS):
            raise HeldError(
                f"{self._location}: a securechat server that is no node runs on this database; end "
                "it, or give it a name in [cluster]"
            )
        if not self._hold_name(CLAIM_SECONDS):
            raise HeldError(
                f"{self._location}: there is a node {self._name!r} already; give this one another "
                "name in [cluster]"
            )
        self.begin()
        try:
            words = "UPDATE head SET epoch = epoch + 1 RETURNING epoch, turn"
            epoch, turn = self._row(words)
            # The name's lock was free: what had it before has ended.
            sql = "UPDATE nodes SET heard_at = to_timestamp(0) WHERE name = %s"
            self._pg.execute(sql, (self._name,))
            sql = "INSERT INTO nodes (epoch, name, facts, state, turn) VALUES (%s, %s, %s, %s, %s)"
            self._pg.execute(sql, (epoch, self._name, self._facts, UP, turn))
        except psycopg.Error as error:
            self.rollback()
            raise self._fault(error) from error
        self.commit()
        self._epoch, self._stored = epoch, turn

    def make_tables(self) -> None:
        """Those of the nodes, where they are missing."""
        self.execute("SELECT pg_advisory_lock(?)", (RUNNING + 1,))
        try:
            self.script(TABLES)
        finally:
            self.execute("SELECT pg_advisory_unlock(?)", (RUNNING + 1,))

    def _hold(self, seconds: float) -> bool:
        self.script(f"SET idle_in_transaction_session_timeout = '{STALLED_TURN}'")
        return self._hold_lock("SELECT pg_try_advisory_lock_shared(%s)", (RUNNING,), seconds)

    def _hold_name(self, seconds: float) -> bool:
        sql = "SELECT pg_try_advisory_lock(hashtextextended(%s, %s))"
        return self._hold_lock(sql, (self._name, RUNNING), seconds)

    def _begin(self) -> None:
        """As the base has it, without counting: that is for turns, which begin_turn() begins."""
        epoch, self._epoch = self._epoch, None
        try:
            super()._begin()
        finally:
            self._epoch = epoch

    def begin_turn(self, after: int) -> list[ForeignTurn]:
        """Begin a turn, and learn what those after a number have told. Raises HeldError where
        another one was waited for in vain.
        """
        self.begin()
        try:
            self._pg.execute("UPDATE head SET turn = turn + 1")
            if not self._is_up():
                raise self._gone()
            found = self.turns(after)
        except psycopg.Error as error:
            self.rollback()
            raise self._fault(error) from error
        except StoreError:
            self.rollback()
            raise
        # Ours is the next one.
        self._turn += 1
        if (found[-1].number if found else after) != self._turn - 1:
            self.rollback()
            raise DisplacedError(
                f"{self._location}: the turns behind {after} are not there any more, or the "
                "database is an older state of what was there, so this node must end"
            )
        return found

    def _is_up(self) -> bool:
        sql = "SELECT 1 FROM nodes WHERE epoch = %s AND state <> %s"
        return self._row(sql, (self._epoch, GONE)) is not None

    def _gone(self) -> DisplacedError:
        return DisplacedError(
            f"{self._location}: the other nodes have taken this one for dead, so it must end; it "
            "may begin again"
        )

    def turns(self, after: int) -> list[ForeignTurn]:
        """Those after a number, in their order."""
        sql = "SELECT turn, node, body FROM turns WHERE turn > ? ORDER BY turn LIMIT ?"
        return [ForeignTurn(*row) for row in self.execute(sql, (after, MOST_TURNS))]

    def savepoint(self) -> None:
        """What follows can be taken back by itself."""
        self.script("SAVEPOINT part")

    def to_savepoint(self) -> None:
        """Take back what has followed."""
        if not self._is_lost:
            with suppress(psycopg.Error):
                self._pg.execute("ROLLBACK TO SAVEPOINT part")

    def tell(self, body: str) -> None:
        """What the turn tells the others. Within it."""
        sql = "INSERT INTO turns (turn, node, body) VALUES (?, ?, ?)"
        self.execute(sql, (self._turn, self.epoch, body))
        self.script(f"NOTIFY {TURNS_CHANNEL}")

    @property
    def number(self) -> int:
        """Of the turn that is on."""
        return self._turn

    def uncount(self) -> None:
        """The turn tells the others nothing, and so is none. Within it."""
        self.script("UPDATE head SET turn = turn - 1")
        self._turn -= 1

    def seen(self, turn: int) -> None:
        """So far this node has followed: a database that has less is an older one."""
        self._stored = max(self._stored, turn)

    def _was_stored(self, turn: int) -> bool:
        super()._was_stored(turn)  # which waits until the commit has come to its end
        sql = "SELECT 1 FROM turns WHERE turn = %s AND node = %s"
        return self._row(sql, (turn, self._epoch)) is not None

    def _come_back(self) -> None:
        """It is a node still only if the others have not taken it for dead meanwhile. What it says
        of itself here is a commit, for which standbys are waited for: what it reads next is
        everything that was acknowledged.
        """
        if not self._hold(CLAIM_SECONDS):
            raise HeldError(f"{self._location}: a server that is no node runs on this database")
        self._wait_for_lost_commit()
        self._warned = False
        sql = "UPDATE nodes SET heard_at = clock_timestamp() WHERE epoch = %s AND state <> %s"
        done = self._run(lambda: self._pg.execute(sql, (self._epoch, GONE)))
        if done.rowcount != 1:
            raise self._gone()
        self._check_return(self._row("SELECT turn FROM head"))

    def nodes(self) -> list[NodeRow]:
        """All that there are, those that have gone lately included, by their age."""
        return [NodeRow(*row) for row in self.execute(NODES)]


class NodeJournal(Journal):
    """The journal of a node: what it commits lies within a turn. Raises StoreError. name, facts: as
    of a NodeConnection. The hub thread only, once it runs.
    """

    connection: NodeConnection

    def __init__(self, location: PostgresLocation, pepper: Pepper, name: str, facts: str) -> None:
        connection = NodeConnection(location, name, facts)
        try:
            migrate(connection, location)
            super().__init__(location, pepper, connection)
        except BaseException:
            connection.close()
            raise
        self.in_turn = self.wrote = False
        """Whether a turn is on, and whether it has written something."""

    @property
    def number(self) -> int:
        """Of the turn that is on."""
        return self.connection.number

    def begin_loading(self) -> int:
        """Read one state, in which nobody writes, until abandon(): which turn it is of."""
        self.connection.begin()
        return self.connection.number

    def begin_turn(self, after: int) -> list[ForeignTurn]:
        """See NodeConnection."""
        self.wrote = False
        try:
            found = self.connection.begin_turn(after)
        except DisplacedError as error:
            self.displaced = error
            raise
        self.in_turn = True
        return found

    def _write(self, action: Callable[..., Result], *arguments: object) -> Result:
        """Within a turn it can be taken back by itself, and is on no disk before its end."""
        if not self.in_turn:
            return super()._write(action, *arguments)
        self.connection.savepoint()
        try:
            self.wrote = True
            return action(*arguments)
        except BaseException:
            self.connection.to_savepoint()
            raise

    def end_turn(self, body: str | None, presence: PresenceChange, upto: int) -> None:
        """Store the turn. body: what it tells the others, if anything. upto: the turn up to which
        this node has followed. Raises StoreError, of which one is UnknownOutcomeError.
        """
        connection = self.connection
        self.in_turn = False
        try:
            put_presence(connection, presence)
            sql = "UPDATE nodes SET heard_at = clock_timestamp(), turn = ? WHERE epoch = ?"
            connection.execute(sql, (upto, connection.epoch))
            if body is not None:
                connection.tell(body)
            else:
                connection.uncount()
            connection.commit()
        except DisplacedError as error:
            self.displaced = error
            raise
        finally:
            if connection.in_transaction:
                connection.rollback()

    def abandon(self) -> None:
        """End a turn that has nothing to store."""
        self.in_turn = False
        self.connection.rollback()

    def end_nodes(self, epochs: Sequence[int]) -> None:
        """Within a turn: these nodes are gone, and can store nothing any more."""

        def end() -> None:
            execute = self.connection.execute
            execute("UPDATE nodes SET state = ? WHERE epoch = ANY(?)", (GONE, [*epochs]))
            execute("DELETE FROM sessions WHERE node = ANY(?)", ([*epochs],))

        self._write(end)

    @property
    def is_first(self) -> bool:
        """Whether no other node is there."""
        own = self.connection.epoch
        return not any(
            node.epoch != own and node.state != GONE and not node.is_dead
            for node in self.connection.nodes()
        )

    def tidy(self) -> None:
        """Within a turn: forget what every node has followed, and nodes that have long gone."""

        def forget() -> None:
            execute = self.connection.execute
            execute(
                "DELETE FROM turns WHERE turn < (SELECT min(turn) FROM nodes WHERE state <> ?)",
                (GONE,),
            )
            execute(
                "DELETE FROM nodes WHERE state = ? AND heard_at < "
                "clock_timestamp() - interval '1 hour'",
                (GONE,),
            )

        self._write(forget)


class PresenceChange(NamedTuple):
    """Rows of `sessions`. put: of sessions that are new, or other than they were: node, number,
    account, facts for JSON. gone: node and number of those that there are no more.
    """

    put: Sequence[tuple[int, int, int, object]] = ()
    gone: Sequence[tuple[int, int]] = ()


def put_presence(connection: NodeConnection, change: PresenceChange) -> None:
    """Within a turn."""
    if change.put:
        sql = (
            "INSERT INTO sessions VALUES (?, ?, ?, ?) "
            "ON CONFLICT (node, number) DO UPDATE SET facts = excluded.facts"
        )
        rows = [(*row[:3], json.dumps(row[3], separators=(",", ":"))) for row in change.put]
        connection.executemany(sql, rows)
    if change.gone:
        connection.executemany("DELETE FROM sessions WHERE node = ? AND number = ?", change.gone)


def sessions_there(connection: NodeConnection) -> Iterable[tuple[int, int, int, Any]]:
    """All that are logged in, with facts that have been JSON, by the age of their nodes."""
    sql = "SELECT node, number, account, facts FROM sessions ORDER BY node, number"
    for node, number, account, facts in connection.execute(sql):
        yield node, number, account, json.loads(facts)


class TurnListener:
    """Hears of what others write, for a thread of its own. Raises StoreError."""

    def __init__(self, location: PostgresLocation) -> None:
        self._connection = PostgresConnection(location, read_only=True)
        self._connection.script(f"LISTEN securechat; LISTEN {TURNS_CHANNEL}")

    def wait(self, seconds: float) -> bool:
        """Whether somebody has told of something within so long."""
        return self._connection.hear(seconds)

    def close(self) -> None:
        self._connection.close()
