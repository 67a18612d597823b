"""The turns of nodes, as the database has them."""

from __future__ import annotations

import json
import threading
from contextlib import closing

import psycopg

from securechat.store.admin import Admin
from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.node_journal import NodeJournal, PresenceChange
from securechat.store.postgres.node_states import NodeSeen
from tests.support.pepper import PEPPER
from tests.support.waiting import until

WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def test_another_nodes_turn_is_waited_for_after_a_trial(database: PostgresLocation) -> None:
    """What tries out whether messages can be stored again does that within a turn, and waits for
    nobody: the next turns do.
    """
    found: list[int] = []
    with (
        closing(NodeJournal(database, PEPPER, "a", "{}")) as node,
        psycopg.connect(database.url, autocommit=True) as other,
    ):
        applied = node.begin_loading()
        node.abandon()
        node.begin_turn(applied)
        node.try_out()
        node.end_turn("{}", PresenceChange(), applied, 0)
        applied = applied + 1

        def begin() -> None:
            found.extend(turn.number for turn in node.begin_turn(applied))
            found.append(node.number)
            node.abandon()

        other.execute("BEGIN")
        other.execute("SELECT turn FROM securechat.head FOR UPDATE")
        waiting = threading.Thread(target=begin)
        waiting.start()
        until(lambda: somebody_waits(database))
        other.execute("ROLLBACK")
        waiting.join()
    assert found == [applied + 1]


def test_how_far_a_node_is_behind_is_what_it_has_told(database: PostgresLocation) -> None:
    """What the others store between its heartbeats doesn't count; once it misses one, it does."""
    with (
        closing(NodeJournal(database, PEPPER, "a", "{}")) as busy,
        closing(NodeJournal(database, PEPPER, "b", '{"version": "1.0.0"}')) as quiet,
        closing(Admin(database)) as admin,
        psycopg.connect(database.url, autocommit=True) as other,
    ):

        def seen() -> NodeSeen:
            assert admin.nodes is not None
            return admin.nodes.find("b")

        applied = quiet.begin_loading()
        quiet.abandon()
        assert seen().behind == 0  # it has told of nothing yet
        quiet.begin_turn(applied)
        quiet.end_turn(None, PresenceChange(), applied, 2)
        quiet.begin_turn(applied)
        quiet.end_turn(None, PresenceChange(), applied)  # and no more than that
        for turn in range(applied, applied + 30):
            busy.begin_turn(turn)
            busy.end_turn("{}", PresenceChange(), turn + 1, 0)
        assert seen().behind == 2
        assert json.loads(seen().row.facts) == {"version": "1.0.0", "behind": 2}
        other.execute("UPDATE securechat.nodes SET heard_at = heard_at - interval '5s'")
        assert seen().behind == 30


def test_a_node_that_is_gone_stays_known(database: PostgresLocation) -> None:
    """However long ago that was; where it has begun anew, as that."""
    with closing(NodeJournal(database, PEPPER, "a", "{}")) as gone:
        applied = gone.begin_loading()
        gone.abandon()
        gone.begin_turn(applied)
        gone.end_nodes([gone.connection.epoch])
        gone.end_turn(None, PresenceChange(), applied)
    with (
        closing(NodeJournal(database, PEPPER, "b", "{}")) as node,
        psycopg.connect(database.url, autocommit=True) as other,
    ):
        other.execute("UPDATE securechat.nodes SET heard_at = heard_at - interval '90 days'")
        assert tidied(node) == ["a", "b"]
        with closing(NodeJournal(database, PEPPER, "a", "{}")):
            assert tidied(node) == ["b", "a"]


def tidied(node: NodeJournal) -> list[str]:
    """The names of the nodes that are left."""
    applied = node.begin_loading()
    node.abandon()
    node.begin_turn(applied)
    node.tidy()
    node.end_turn(None, PresenceChange(), applied)
    return [one.name for one in node.connection.nodes()]


def somebody_waits(database: PostgresLocation) -> bool:
    """Whether somebody waits for a lock there."""
    with psycopg.connect(database.url) as looking:
        return looking.execute(WAITING).fetchone() is not None
