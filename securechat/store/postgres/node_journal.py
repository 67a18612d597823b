"""What a node stores: a turn with what it tells the others, and who is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from securechat.store.errors import DisplacedError
from securechat.store.pepper import Pepper
from securechat.store.postgres.database import migrate
from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.node_connection import ForeignTurn, NodeConnection
from securechat.store.postgres.nodes import GONE
from securechat.store.sql.journal import Journal

Result = TypeVar("Result")


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
        self._facts: dict[str, object] = json.loads(facts)
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
        self.wrote, self.waited = False, 0.0
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
        if self.wrote:
            self.connection.savepoint()
        self.wrote = True
        try:
            return action(*arguments)
        except BaseException:
            self.connection.to_savepoint()
            raise

    def _wait_at_most(self, seconds: float) -> None:
        """A turn of another node is waited for as long as ever: it is no program that holds the
        database, and whoever waits for less comes to no turn while the others have any.
        """

    def end_turn(
        self, body: str | None, presence: PresenceChange, upto: int, behind: int | None = None
    ) -> None:
        """Store the turn. body: what it tells the others, if anything. upto: the turn up to which
        this node has followed. behind: so many turns it has lately had to take up at once; None for
        as many as it has told last. Raises StoreError, of which one is UnknownOutcomeError.
        """
        connection = self.connection
        self.in_turn = False
        try:
            put_presence(connection, presence)
            connection.heard(upto)
            if behind is not None:
                # In no column of its own: to add one takes a lock on the table, behind which all
                # nodes would wait while somebody like pg_dump reads it.
                facts = json.dumps({**self._facts, "behind": behind})
                sql = "UPDATE nodes SET facts = %s WHERE epoch = %s"
                connection.later(sql, (facts, connection.epoch))
            if body is not None:
                connection.tell(body)
            else:
                connection.uncount()
            connection.end_turn()
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
        """Within a turn: forget what every node has followed, and nodes that have begun anew."""

        def forget() -> None:
            execute = self.connection.execute
            execute(
                "DELETE FROM turns WHERE turn < (SELECT min(turn) FROM nodes WHERE state <> ?)",
                (GONE,),
            )
            execute(
                "DELETE FROM nodes WHERE state = ? AND EXISTS (SELECT 1 FROM nodes AS later "
                "WHERE later.name = nodes.name AND later.epoch > nodes.epoch)",
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
            f"INSERT INTO sessions VALUES {', '.join(['(%s, %s, %s, %s)'] * len(change.put))} "  # noqa: S608 - no input in it
            "ON CONFLICT (node, number) DO UPDATE SET facts = excluded.facts"
        )
        rows = [(*row[:3], json.dumps(row[3], separators=(",", ":"))) for row in change.put]
        connection.later(sql, [value for row in rows for value in row])
    for key in change.gone:
        connection.later("DELETE FROM sessions WHERE node = %s AND number = %s", key)


def sessions_there(connection: NodeConnection) -> Iterable[tuple[int, int, int, Any]]:
    """All that are logged in, with facts that have been JSON, by the age of their nodes."""
    sql = "SELECT node, number, account, facts FROM sessions ORDER BY node, number"
    for node, number, account, facts in connection.execute(sql):
        yield node, number, account, json.loads(facts)
