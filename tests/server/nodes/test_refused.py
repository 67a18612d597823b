"""Servers that can't run beside each other on one database: who comes second is told what to do."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import Any

import pytest

from securechat.core.nodes import encoding
from securechat.server.agreement import ClusterError
from securechat.server.service import Service
from securechat.store.database import Transaction
from securechat.store.errors import HeldError, StoreError
from securechat.store.postgres import database, node_connection
from securechat.store.postgres.database import open_database
from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.schema import MIGRATIONS
from tests.server.nodes.conftest import Begin
from tests.support.links import PATIENCE
from tests.support.node_processes import Processes

ALONE = {"node": ""}
"""In [cluster] of a server that is no node."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for one that is there to end."""
    for module in (database, node_connection):
        monkeypatch.setattr(module, "CLAIM_SECONDS", 0.1)


def test_two_nodes_with_one_name(begin: Begin) -> None:
    """The second one is refused, and welcome by another name."""
    a = begin("a", "alice")
    alice = a.member("alice")
    with pytest.raises(HeldError) as caught:
        begin("b", cluster={"node": "a"})
    assert str(caught.value).endswith(
        "there is a node 'a' already; give this one another name in [cluster]"
    )
    begin("b")
    assert alice.says("PRIVMSG alice :still here")


def test_a_server_without_a_name_beside_nodes(begin: Begin) -> None:
    """It may have been forgotten."""
    begin("a", "alice")
    begin("b")
    with pytest.raises(HeldError) as caught:
        begin("c", cluster=ALONE)
    assert str(caught.value).endswith(
        "nodes run on this database (a, b): give this server a name in [cluster], to be one of "
        "them, or end them first"
    )


def test_a_node_beside_a_server_without_a_name(begin: Begin) -> None:
    begin("a", "alice", cluster=ALONE)
    with pytest.raises(HeldError) as caught:
        begin("b")
    assert str(caught.value).endswith(
        "a securechat server that is no node runs on this database; end it, or give it a name in "
        "[cluster]"
    )


def test_a_node_that_tells_the_others_what_they_do_not_know(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would have to end: so it is the newer one that doesn't begin."""
    begin("a", "alice")
    monkeypatch.setattr(encoding, "VERSION", encoding.VERSION + 1)
    with pytest.raises(ClusterError) as caught:
        begin("b")
    told = str(caught.value)
    assert f"expected nodes that tell each other what they do in form {encoding.VERSION}" in told
    assert f"got form {encoding.VERSION - 1} (a: " in told
    assert "end them all" in told


def test_a_node_that_hears_what_it_does_not_know_ends(
    nodes: Processes, there: PostgresLocation
) -> None:
    """It would know another chat than the others from then on. It says what to do."""
    north = nodes.begins("north")
    with closing(open_database(there)) as connection, Transaction(connection):
        [(turn,)] = connection.execute("UPDATE head SET turn = turn + 1 RETURNING turn").fetchall()
        connection.execute("INSERT INTO turns VALUES (?, 0, ?)", (turn, '{"v": 99}'))
    assert north.ends() == 1
    assert "another node is of a newer version: what it tells is of version 99" in north.log
    assert "install that version here, too" in north.log


def test_a_newer_database_is_left_to_newer_nodes(
    begin: Begin, there: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that knows less doesn't begin, whether nodes run there or not."""
    with closing(open_database(there)) as connection, Transaction(connection):
        sql = "UPDATE meta SET value = ? WHERE key = 'format'"
        connection.execute(sql, (str(max(MIGRATIONS) + 1),))
    with pytest.raises(StoreError, match="newer"):
        begin("a")


@pytest.mark.parametrize(
    ("node", "expected"),
    [("a", "there is a node 'a' already"), ("", "nodes run on this database (a)"), ("b", None)],
)
def test_a_check_tells_of_who_has_the_place(
    begin: Begin, there: PostgresLocation, node: str, expected: str | None
) -> None:
    """Where a start would be refused; and whoever looks is in nobody's way."""
    a = begin("a", "alice")
    if expected is None:
        node_connection.check_place(there, node)
    else:
        with pytest.raises(HeldError) as caught:
            node_connection.check_place(there, node)
        assert expected in str(caught.value)
    begin("c")
    assert a.member("alice").says("PRIVMSG alice :still here")


@pytest.mark.parametrize(("node", "meets"), [("a", "refused"), ("", "waits")])
def test_who_comes_to_a_node_that_begins_goes_to_another_one(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, node: str, meets: str
) -> None:
    """It may wait for a standby, and a balancer would take it for the one that has most room. Where
    there is no other one, who comes is served in a moment.
    """
    met = []
    opens = Service._open

    def looks_before(service: Service) -> Any:
        try:
            with socket.create_connection(service.addresses[0], PATIENCE):
                met.append("waits")
        except ConnectionRefusedError:
            met.append("refused")
        return opens(service)

    monkeypatch.setattr(Service, "_open", looks_before)
    server = begin("a", "alice", cluster={"node": node})
    assert met == [meets]
    assert server.member("alice").nick == "alice"
