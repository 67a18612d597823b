"""What an administrator sees and changes of the nodes of a database. The thread that made the Admin
may call.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from securechat.store.database import Connection, Transaction
from securechat.store.errors import ConflictError, UnknownError
from securechat.store.postgres.nodes import (
    GONE,
    LEAVING,
    OVERDUE_SECONDS,
    UP,
    NodeRow,
    has_tables,
    nodes_there,
)
from securechat.store.sql.fragments import own_key


class NodeSeen(NamedTuple):
    """row: as the node has last told of itself. behind: so many turns it had to take up at once, at
    most, within the two or three seconds before that; where it is overdue, so many were stored
    since.
    """

    row: NodeRow
    behind: int

    @property
    def state(self) -> str:
        """UP, LEAVING or GONE; one that was silent for too long is gone, whoever has said so."""
        return GONE if self.row.is_dead else self.row.state


class NodeStates:
    """connection: an administrator's. note: has the audit know of an event, within a transaction;
    takes its facts. All methods raise StoreError.
    """

    def __init__(self, connection: Connection, note: Callable[..., object]) -> None:
        self._connection = connection
        self._note = note

    def all(self) -> list[NodeSeen]:
        """Those that there are and those that are gone and not forgotten, by name; of each name the
        last one.
        """
        if not has_tables(self._connection):
            return []
        [[turn]] = self._connection.execute("SELECT turn FROM head").fetchall()
        # By their age, so that of one name the last one stays.
        rows = {row.name: row for row in nodes_there(self._connection)}
        return [NodeSeen(rows[name], _behind(rows[name], turn)) for name in sorted(rows)]

    def there(self) -> list[NodeSeen]:
        """Those that are not gone."""
        return [node for node in self.all() if node.state != GONE]

    def find(self, name: str) -> NodeSeen:
        """One that is not gone. Raises UnknownError."""
        there = {node.row.name: node for node in self.there()}
        if name not in there:
            shown = ", ".join(there) or "none"
            raise UnknownError(f"there is no node {name!r} that runs; those that do: {shown}")
        return there[name]

    def drain(self, name: str, *, force: bool = False) -> NodeSeen:
        """Have a node go out of service: it ends when its people have left. force: even if no other
        one is up. Returns it. Raises UnknownError, ConflictError.
        """
        with Transaction(self._connection):
            node = self.find(name)
            others = [one for one in self.there() if one.state == UP and one.row.name != name]
            if not others and not force:
                raise ConflictError(
                    f"{name} is the only node that is up, so its people could go nowhere: start "
                    "another one first, or say --force to end it all the same"
                )
            if node.state == UP:
                self._put(node, LEAVING)
                self._note("node drained", node=name)
        return node

    def undrain(self, name: str) -> NodeSeen:
        """Have a node that is leaving stay. Returns it as it was. Raises UnknownError."""
        with Transaction(self._connection):
            node = self.find(name)
            if node.state == LEAVING:
                self._put(node, UP)
                self._note("node kept in service", node=name)
        return node

    def own_facts(self) -> dict[str, dict[str, str]]:
        """What each node keeps of itself beside the others, by its name."""
        found: dict[str, dict[str, str]] = {}
        for key, value in self._connection.execute("SELECT key, value FROM meta"):
            name, _, node = key.partition("@")
            if node:
                found.setdefault(node, {})[name] = value
        return found

    def forget(self, name: str) -> None:
        """Keep nothing more of a node that is gone. Raises UnknownError, ConflictError."""
        execute = self._connection.execute
        with Transaction(self._connection):
            known = {node.row.name: node for node in self.all()}
            facts = self.own_facts().get(name, {})
            if name in known and known[name].state != GONE:
                raise ConflictError(
                    f"{name} is in service: end it first, by `securechat-admin nodes drain {name}`"
                )
            if name not in known and not facts:
                shown = ", ".join(one for one in known if known[one].state == GONE) or "none"
                raise UnknownError(f"there is no node {name!r}; those that are gone: {shown}")
            for key in facts:
                execute("DELETE FROM meta WHERE key = ?", (own_key(key, name),))
            sql = "DELETE FROM sessions WHERE node IN (SELECT epoch FROM nodes WHERE name = ?)"
            execute(sql, (name,))
            execute("DELETE FROM nodes WHERE name = ?", (name,))
            self._note("node forgotten", node=name)

    def _put(self, node: NodeSeen, state: str) -> None:
        sql = "UPDATE nodes SET state = ? WHERE epoch = ?"
        self._connection.execute(sql, (state, node.row.epoch))


def _behind(node: NodeRow, turn: int) -> int:
    """As of NodeSeen. turn: the newest there is."""
    if node.silent > OVERDUE_SECONDS:
        return max(0, turn - node.turn)
    # Within the time of a heartbeat what has been stored since says how busy the others are.
    behind: int = json.loads(node.facts).get("behind", 0)
    return behind
