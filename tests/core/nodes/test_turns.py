"""What of a turn could not be stored: it is told to nobody, and what was done all the same is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.channels import ChannelCreated, Logged
from securechat.store.errors import ConflictError, StoreError
from tests.support.client import codes, of, source
from tests.support.rules import RIGHT
from tests.support.rules_nodes import NodesUnderTest, NodeUnderTest


def two(*names: str, **settings: Any) -> tuple[NodeUnderTest, NodeUnderTest]:
    """The nodes a and b."""
    a, b = NodesUnderTest(*names, **settings)
    return a, b


def no_messages(events: Sequence[JournalEvent]) -> StoreError | None:
    return ConflictError("no") if any(isinstance(one, Logged) for one in events) else None


def test_what_is_not_stored_is_told_at_no_node() -> None:
    a, b = two("alice", "bob")
    alice, bob = a.member("alice"), b.member("bob")
    a.nodes.full = True
    assert [line.params[1] for line in of(alice.says("PRIVMSG bob :hi"), "400")] == ["PRIVMSG"]
    assert bob.hears() == []
    bob.says("PRIVMSG alice :hi")
    assert alice.hears() == [f"{source('bob')} PRIVMSG alice :hi"]


def test_who_comes_in_a_turn_that_is_not_stored_is_seen_with_the_next() -> None:
    """They have been welcomed, and are there."""
    a, b = two("alice", "bob", "carol")
    bob = b.member("bob")
    bob.says("MONITOR + alice")
    alice = a.connect()
    a.nodes.busy = True
    alice.logs_in("alice")
    a.nodes.full = True
    a.nodes.busy = False
    a.nodes.work()
    assert of(bob.hears(), "730")
    assert a.account("alice") in a.model.online
    assert b.account("alice") in b.model.online


def test_what_a_session_has_is_not_counted_by_a_number_that_was_not_stored() -> None:
    """Another node gives it to another message, which would be missed then."""
    a, b = two("alice", "bob")
    alice, bob = a.member("alice"), b.member("bob")
    a.nodes.refuses = no_messages
    with a.turn():
        alice.sends("PRIVMSG bob :lost")
        with a.turn() as turn:
            a.rules.ask_all(turn)
    a.nodes.refuses = lambda events: None
    alice.hangs_up()  # before the next message has come to it
    asked = alice.token
    bob.says("PRIVMSG alice :for you")
    [entry] = a.log
    assert asked == f"delivered-{entry.seq - 1}"


def test_a_new_place_of_a_login_that_is_not_stored_is_known_at_no_node() -> None:
    """Else the next one from there, perhaps a thief's, would be told to nobody."""
    a, b = two("alice")
    alice = a.member("alice")
    a.nodes.refuses = lambda events: ConflictError("no")
    alice.says("TOKEN CREATE laptop BIND")
    one, other = a.model.login_places, b.model.login_places
    assert one._known == other._known
    assert not any("laptop" in place for places in other._known.values() for place in places)


def test_a_channel_that_ended_in_its_first_turn_keeps_its_number() -> None:
    """A second one of that number could not be stored, nor any further one of this node."""
    nodes = NodesUnderTest("alice")
    a, b = nodes
    alice = a.member("alice")
    with a.turn():
        alice.sends("JOIN #short")
        alice.sends("PART #short")
    alice.says("JOIN #next")
    made = [event.id for event in nodes.stored if isinstance(event, ChannelCreated)]
    assert made == [1, 2]
    assert a.model.last_target == b.model.last_target == 2


def test_who_could_not_come_was_not_there() -> None:
    """A first login, which has to be made a member of the lobby."""
    a, b = two(lobby="#lobby", registration="open")
    a.nodes.refuses = no_messages
    a.connect().registers("zed", password=RIGHT)
    assert not a.model.departed
    assert not b.model.departed


def test_an_announcement_is_shown_again_to_who_could_not_come() -> None:
    """Together with the login it is taken back."""
    a, b = two("alice", lobby="#lobby")
    a.asks("announce", lines=["Hear"], seconds=600)
    a.nodes.refuses = no_messages
    alice = a.connect()
    assert "NOTICE" not in codes(alice.logs_in("alice"))
    a.nodes.refuses = lambda events: None
    heard = b.connect().logs_in("alice")
    assert "Announcement: Hear" in [line.params[-1] for line in of(heard, "NOTICE")]
