"""Who is logged in where: each node knows of the sessions at the others what its rules need."""

from __future__ import annotations

import json
from typing import Any

from securechat.core.nodes.presence import OFF, SEEN, UNSEEN, Key, change_of, row_of
from tests.support.client import codes, of, source
from tests.support.rules_nodes import NodesUnderTest, NodeUnderTest


def two(*names: str, **settings: Any) -> tuple[NodeUnderTest, NodeUnderTest]:
    """The nodes a and b."""
    a, b = NodesUnderTest(*names, **settings)
    return a, b


def last_told(node: NodeUnderTest) -> list[Any]:
    """The changes of who is there, of the newest turn."""
    found: list[Any] = json.loads(node.nodes.told[-1].text).get("presence", [])
    return found


def test_a_session_of_another_node_is_a_session() -> None:
    """Its connection is elsewhere, and so nothing is written to it here."""
    a, b = two("alice")
    alice = a.member("alice", caps="echo-message away-notify")
    [there] = b.account("alice").sessions
    assert not there.is_here
    assert there.caps == alice.session.caps
    assert there.address == alice.session.address
    assert not b.account("alice").audience().groups


def test_what_a_session_asks_for_is_known_at_all_nodes() -> None:
    """Whom it follows, of which metadata it is told, how it is shown."""
    a, b = two("alice", "bob")
    alice = a.member("alice", caps="draft/metadata-3 batch")
    alice.says("MONITOR + bob", "METADATA * SUB url", "MODE alice +iB", "AWAY :out")
    [there] = b.account("alice").sessions
    assert there.monitored == {"bob": "bob"}
    assert [*there.subscriptions] == ["url"]
    assert (there.invisible, there.bot, there.away) == (True, True, "out")
    assert b.account("alice").hidden
    bob = b.member("bob")
    assert codes(alice.hears()) == ["730", "774"]
    bob.says("METADATA * SET url :http://x")
    assert codes(alice.hears()) == ["761"]
    alice.says("MONITOR C", "METADATA * UNSUB url", "MODE alice -iB", "AWAY")
    assert not there.monitored
    assert not there.subscriptions
    assert not b.account("alice").hidden
    assert not b.model.monitors


def test_a_client_that_runs_by_itself_is_seen_nowhere() -> None:
    """Until somebody comes to it."""
    a, b = two("alice", "bob")
    bob = b.member("bob")
    alice = a.connect()
    alice.says("CAP REQ :sasl draft/pre-away", "AWAY *")
    alice.logs_in("alice")
    assert b.account("alice").unseen
    assert "401" in codes(bob.says("WHOIS alice"))
    bob.says("MONITOR + alice")
    alice.says("AWAY")
    assert not b.account("alice").unseen
    assert [line.params[-1] for line in of(bob.hears(), "730")] == [source("alice")[1:]]


def test_what_has_not_changed_is_not_told() -> None:
    """A line that changes nothing of a session is none of the others' business."""
    a, _ = two("alice", "bob")
    alice, bob = a.member("alice"), a.member("bob")
    alice.says("AWAY :out")
    assert [change[0] for change in last_told(a)] == [a.account("alice").id]
    number = len(a.nodes.told)
    bob.says("PING x")
    assert len(a.nodes.told) == number
    bob.says("PRIVMSG alice :hi")
    assert last_told(a) == []


def test_of_a_device_with_sessions_at_two_nodes_both_have_to_confirm() -> None:
    """What the one lacks is replayed if it is the one that dies."""
    a, b = two("alice", "bob")
    desk, phone, bob = a.member("alice"), b.member("alice"), b.member("bob")
    for person in (desk, phone):
        person.pongs()
    bob.says("PRIVMSG alice :hi")
    a.nodes.passes(3)
    desk.pongs()
    [device] = a.account("alice").devices.values()
    assert device.delivered < a.model.last_seq
    phone.pongs()
    a.nodes.passes(1)
    for node in (a, b):
        [device] = node.account("alice").devices.values()
        assert device.delivered == node.model.last_seq


def test_facts_come_out_of_json_as_they_went_in() -> None:
    """Of what is told, and of what stands in the database."""
    a, _ = two("alice", "bob")
    alice = a.member("alice")
    alice.says("MONITOR + bob,carol")
    [change] = last_told(a)
    again = change_of(change)
    [(key, facts)] = again.there
    assert key == a.own.presence.key(alice.session)
    assert json.loads(json.dumps(again)) == change
    row = a.nodes.rows[Key(*key)]
    assert row_of(*json.loads(json.dumps(row))) == row
    assert row.facts == (again.facts, facts)


def test_the_database_has_those_who_are_there() -> None:
    a, b = two("alice", "bob")
    alice, bob = a.member("alice"), b.member("bob")
    assert [row.facts[0].sight for row in a.nodes.rows.values()] == [SEEN, SEEN]
    alice.says("AWAY *")
    assert UNSEEN not in [row.facts[0].sight for row in a.nodes.rows.values()]
    alice.says("QUIT")
    bob.hangs_up()
    assert not a.nodes.rows
    assert [change[1][0] for change in last_told(b)] == [OFF]


def test_a_session_that_another_node_ends_is_gone_at_all() -> None:
    """And its connection is closed by its own node."""
    a, b = two("alice", "bob")
    alice = b.member("alice")
    assert a.asks("logout", account=a.account("alice").id, session=None) == 1
    assert alice.hears_the_end()[-1] == "ERROR :Closing link: Ended by the administrator"
    [closing] = b.closings
    assert closing.session is alice.session
    for node in (a, b):
        assert not node.account("alice").sessions
        assert node.account("alice") not in node.model.online
    assert alice.session not in a.model.sessions
