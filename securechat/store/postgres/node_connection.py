"""A node's connection to the database that it shares: whose turn it is, and what turns have told.

A turn begins with the lock of the head, as every transaction that writes does, and holds it to its
commit, so that there is one turn at a time in all of them. It reads first what the turns before it
have told. What it leaves is a row of `turns`, by which the others follow, and by which it is known
whether it was stored when the connection was lost over its commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import TransactionStatus

from securechat.store.errors import DisplacedError, HeldError, StoreError
from securechat.store.postgres.database import (
    CLAIM_SECONDS,
    RUNNING,
    PostgresConnection,
    unconfirmed,
)
from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.nodes import GONE, TABLES, UP, NodeRow, nodes_there

TURNS_CHANNEL = "securechat_turns"
"""On which nodes tell each other of their turns; administrators' programs tell on another one."""

STALLED_TURN = "3s"
"""A node that stands still in the middle of its turn keeps the others waiting for so long."""

MOST_TURNS = 1000
"""That are read at once: a node that is further behind has been gone for long."""

BEGIN = "BEGIN; SET LOCAL lock_timeout = {wait:d}; SELECT turn FROM head FOR UPDATE"

BEGIN_TURN = (
    "; SELECT 1 FROM nodes WHERE epoch = {epoch:d} AND state <> 'gone'"
    "; SELECT turn, node, body FROM turns WHERE turn > {after:d} ORDER BY turn LIMIT 1000"
    "; UPDATE head SET turn = turn + 1"
    "; SAVEPOINT part"
)


HEARD = "UPDATE nodes SET heard_at = clock_timestamp(), turn = {turn:d} WHERE epoch = {epoch:d}"

# A node that stood still while it told PostgreSQL several things at once is not idle to it, so
# idle_in_transaction_session_timeout is nothing to it. Nobody ends what waits for a standby.
END_STALLED = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid IN (SELECT pid FROM pg_locks WHERE relation = 'head'::regclass AND granted)
    AND state = 'active' AND wait_event = 'ClientRead'
    AND query_start < clock_timestamp() - CAST(? AS interval)
"""


class ForeignTurn(NamedTuple):
    """A turn of another node, or of this one. node: its epoch."""

    number: int
    node: int
    body: str


def check_place(location: PostgresLocation, node: str) -> None:
    """Whether a server could begin there now, '' being one that is no node; nothing is changed.
    Raises StoreError where not.
    """
    connection = (
        NodeConnection(location, node, "")
        if node
        else PostgresConnection(location, read_only=False)
    )
    with closing(connection):
        connection.take_place()


class NodeConnection(PostgresConnection):
    """What the nodes of a database share it by. name: of this one. facts: what it says of itself,
    as JSON.
    """

    def __init__(self, location: PostgresLocation, name: str, facts: str) -> None:
        super().__init__(location, read_only=False)
        self._name = name
        self._facts = facts
        self._after: int | None = None
        """Behind which the turns are read with which a turn begins; None where none begins."""
        self._found: list[ForeignTurn] = []
        self._words: list[str] = []
        """What goes to the database with the end of the turn, in one message."""

    @property
    def epoch(self) -> int:
        """Of this node, once it is claimed."""
        if self._epoch is None:
            raise StoreError(f"{self._location}: this connection is no node's")
        return self._epoch

    def take_place(self) -> None:
        """One of those that nodes share, and what has its name alone."""
        if not self._hold(CLAIM_SECONDS):
            self._check_confirmed()
            raise HeldError(
                f"{self._location}: a securechat server that is no node runs on this database; end "
                "it, or give it a name in [cluster]"
            )
        if not self._hold_name(CLAIM_SECONDS):
            self._check_confirmed()
            raise HeldError(
                f"{self._location}: there is a node {self._name!r} already; give this one another "
                "name in [cluster]"
            )

    def claim(self) -> None:
        """By an advisory lock that the nodes share, one on the name, and a row of `nodes`."""
        self.make_tables()
        self.take_place()
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

    def _twin(self) -> NodeConnection:
        return NodeConnection(self._location, self._name, self._facts)

    def _begin(self) -> None:
        """In one message, as all nodes wait for its answer."""
        wait = max(1, round(self._busy_seconds * 1000))
        words = BEGIN.format(wait=wait)
        if self._after is not None:
            # Each statement sees what was committed when it began: first the lock, then all else.
            words += BEGIN_TURN.format(epoch=self.epoch, after=self._after)
        self._in_transaction = True
        try:
            cursor = self._pg.execute(words)
            found = [cursor.fetchall()] if cursor.description else []
            while cursor.nextset():
                if cursor.description:
                    found.append(cursor.fetchall())
        except psycopg.Error:
            self.rollback()
            raise
        ((self._turn,),) = found[0]
        if self._after is not None:
            if not found[1]:
                self.rollback()
                raise self._gone()
            self._turn += 1
            self._found = [ForeignTurn(*row) for row in found[2]]

    def begin_turn(self, after: int) -> list[ForeignTurn]:
        """Begin a turn, and learn what those after a number have told. Raises HeldError where
        another one was waited for in vain.
        """
        self._after = after
        try:
            self.begin()
        except HeldError:
            self.execute(END_STALLED, (STALLED_TURN,))
            raise
        finally:
            self._after = None
        self._words.clear()
        # What is left of a node that was far behind is for its next turn.
        found = self._found
        if len(found) == MOST_TURNS:
            raise self._too_far_behind(found)
        if (found[-1].number if found else after) != self._turn - 1:
            self.rollback()
            raise DisplacedError(
                f"{self._location}: the turns behind {after} are not there any more, or the "
                "database is an older state of what was there, so this node must end"
            )
        return found

    def _gone(self) -> DisplacedError:
        return DisplacedError(
            f"{self._location}: the other nodes have taken this one for dead, so it must end; it "
            "may begin again"
        )

    def _too_far_behind(self, found: Sequence[ForeignTurn]) -> DisplacedError:
        return DisplacedError(
            f"{self._location}: this node is {self._turn - found[0].number} turns behind the "
            "others, so it must end; it may begin again"
        )

    def turns(self, after: int) -> list[ForeignTurn]:
        """Those after a number, in their order."""
        sql = "SELECT turn, node, body FROM turns WHERE turn > ? ORDER BY turn LIMIT ?"
        return [ForeignTurn(*row) for row in self.execute(sql, (after, MOST_TURNS))]

    def savepoint(self) -> None:
        """What follows can be taken back by itself. A turn begins with one."""
        self.script("SAVEPOINT part")

    def to_savepoint(self) -> None:
        """Take back what has followed."""
        if not self._is_lost:
            with suppress(psycopg.Error):
                self._pg.execute("ROLLBACK TO SAVEPOINT part")

    def tell(self, body: str) -> None:
        """What the turn tells the others. Within it."""
        self.later("INSERT INTO turns VALUES (%s, %s, %s)", (self._turn, self.epoch, body))
        self._words.append(f"NOTIFY {TURNS_CHANNEL}")

    def heard(self, turn: int) -> None:
        """It has followed up to a turn. Within one."""
        # With each turn of each node: as a statement with parameters this takes 24 µs of 220.
        self._words.append(HEARD.format(turn=turn, epoch=self.epoch))

    def later(self, sql: str, params: Sequence[Any]) -> None:
        """A statement that goes with the end of the turn. Within it."""
        self._words.append(psycopg.ClientCursor(self._pg).mogrify(sql, params))

    def end_turn(self) -> None:
        """As commit(), with what was to go with it."""
        self._warned = False
        words = "; ".join([*self._words, "COMMIT"])
        try:
            cursor = self._pg.execute(words)
            while cursor.nextset():
                pass
        except psycopg.Error as error:
            # Refused before the COMMIT, or else nobody knows.
            known = self._pg.info.transaction_status is TransactionStatus.INERROR
            if known:
                raise self._fault(error) from error
            self._in_transaction = False
            raise self._unknown(self._fault(error)) from error
        self._in_transaction = False
        if cursor.statusmessage != "COMMIT":
            raise StoreError(f"{self._location}: nothing was stored, as a part of it was refused")
        if self._warned:
            raise self._unknown(unconfirmed(self._location))
        self._stored = max(self._stored, self._turn)

    @property
    def number(self) -> int:
        """Of the turn that is on."""
        return self._turn

    def uncount(self) -> None:
        """The turn tells the others nothing, and so is none. Within it."""
        self._words.append("UPDATE head SET turn = turn - 1")
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
        # The connection that was lost may have it still: then it is held all the same.
        self._hold_name(0.0)
        self._wait_for_lost_commit()
        self._warned = False
        sql = "UPDATE nodes SET heard_at = clock_timestamp() WHERE epoch = %s AND state <> %s"
        done = self._run(lambda: self._pg.execute(sql, (self._epoch, GONE)))
        if done.rowcount != 1:
            raise self._gone()
        self._check_return(self._row("SELECT turn FROM head"))

    def nodes(self) -> list[NodeRow]:
        """All that there are, those that have gone lately included, by their age."""
        return nodes_there(self)


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
