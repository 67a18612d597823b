"""What a turn of one node does at the others: people there hear it, and the model is the same."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, cast

import pytest

from securechat.core.history.policy import everywhere
from securechat.core.nodes.presence import HEARD_MS
from securechat.store.sql.reader import Reader
from tests.fuzz.nodes import Administered
from tests.support.client import Client, codes, of, source
from tests.support.rules import plain
from tests.support.rules_nodes import NodesUnderTest, NodeUnderTest

MINUTE = 60.0


def two(*names: str, **settings: Any) -> tuple[NodeUnderTest, NodeUnderTest]:
    """The nodes a and b."""
    a, b = NodesUnderTest(*names, **settings)
    return a, b


def notices(lines: list[str]) -> list[str]:
    return [line.params[-1] for line in of(lines, "NOTICE")]


def act(verb: str, name: str) -> Callable[[NodeUnderTest], Reader]:
    """What the administrator has done to an account, as each node reads it."""
    return lambda node: cast(Reader, Administered(verb, node.account(name)))


def test_what_is_said_at_one_is_heard_at_the_other() -> None:
    a, b = two("alice", "bob")
    alice, bob = a.member("alice"), b.member("bob")
    alice.says("PRIVMSG bob :hi")
    assert bob.hears() == [f"{source('alice')} PRIVMSG bob :hi"]
    bob.says("JOIN #den")
    alice.says("JOIN #den")
    assert bob.hears()[-1] == f"{source('alice')} JOIN #den"


def test_people_are_told_once_what_is_kept() -> None:
    """Who has logged in at one node is not told of it again at the other."""
    a, b = two("alice", tell_policy=True, policy_since_ms=1)
    kept = everywhere(a.settings)
    assert kept in notices(a.connect().logs_in("alice"))
    assert kept not in notices(b.connect().logs_in("alice"))


def test_an_announcement_is_shown_to_a_device_once() -> None:
    """Whether it was there when it was made, or has logged in since."""
    a, b = two("alice", "bob")
    alice = a.member("alice")
    b.asks("announce", lines=["Hear"], seconds=600)
    assert "Announcement: Hear" in notices(alice.hears())
    assert "Announcement: Hear" not in notices(b.connect().logs_in("alice"))
    assert "Announcement: Hear" in notices(b.connect().logs_in("bob"))
    assert "Announcement: Hear" not in notices(a.connect().logs_in("bob"))


def ids(client: Client) -> list[str]:
    """Those of the account's sessions, oldest first."""
    lines = [line.params for line in of(client.says("SESSIONS LIST"), "NOTE")]
    return [params[2] for params in lines if params[1] == "ENTRY"]


def test_a_session_is_called_the_same_at_all_nodes() -> None:
    """At once, as somebody reads the one list and ends a session at the other node."""
    a, b = two("alice")
    desk, phone = a.member("alice"), b.member("alice")
    found = ids(desk)
    assert ids(phone) == found
    phone.says(f"SESSIONS END {found[0]}")
    assert "ERROR" in codes(desk.hears())
    assert ids(phone) == found[1:]


def test_a_node_that_names_a_session_changes_nothing_else_of_it() -> None:
    """Its own node knows when the password was shown, and when it was heard last."""
    a, b = two("alice")
    desk = b.connect()
    b.nodes.passes(MINUTE / 2)
    desk.logs_in("alice")
    proved_at = desk.session.proved_at
    b.nodes.passes(MINUTE / 2)
    desk.says("PING x")
    heard_at = desk.session.heard_at
    a.asks("sessions", account=a.account("alice").id)
    assert desk.session.id
    assert (desk.session.proved_at, desk.session.heard_at) == (proved_at, heard_at)


def test_a_list_of_sessions_tells_which_one_nobody_sits_at() -> None:
    """Of one at another node it is known to ten minutes."""
    a, b = two("alice", dead_seconds=1e6)
    desk, phone = a.member("alice"), b.member("alice")
    a.nodes.passes(2 * HEARD_MS / 1000)
    phone.says("PING x")
    first, second = a.asks("sessions", account=a.account("alice").id)
    since_ms, heard_ms = second[3:5]
    assert heard_ms - since_ms > HEARD_MS
    assert first[3] == first[4], f"{desk} has said nothing"


def test_who_is_deleted_was_never_here() -> None:
    a, b = two("alice", "bob")
    bob, alice = b.member("bob"), a.member("alice")
    alice.says("JOIN #den")
    bob.says("JOIN #den")
    a.administers(act("delete", "alice"))
    assert of(bob.hears(), "QUIT")
    assert codes(bob.says("WHOWAS alice"))[0] == "406"


def test_only_what_somebody_says_makes_them_active() -> None:
    """A mode that they set does not, at whichever node."""
    a, b = two("alice", "bob")
    alice, bob = a.member("alice"), b.member("bob")
    alice.says("JOIN #den")
    a.nodes.passes(MINUTE)
    alice.says("MODE #den +s", "@+typing=active TAGMSG bob")
    [idle] = of(bob.says("WHOIS alice"), "317")
    assert idle.params[2] == "60"
    alice.says("PRIVMSG bob :here")
    [idle] = of(bob.says("WHOIS alice"), "317")
    assert idle.params[2] == "0"


def test_a_device_whose_token_is_revoked_is_none_at_any_node() -> None:
    """Though a session goes on that was bound to it."""
    a, b = two("alice")
    alice = a.member("alice")
    alice.says("TOKEN CREATE laptop BIND")
    assert "token:laptop" in b.account("alice").devices
    alice.says("PASSWD :another password")
    assert [*a.account("alice").devices] == [*b.account("alice").devices] == [""]


def test_a_certificate_of_a_name_that_was_given_free_opens_nothing() -> None:
    a, b = NodesUnderTest(
        "alice", furnish=lambda rules: rules.registers("alice", "hers"), external=True
    )
    a.administers(act("free", "alice"))
    for node in (a, b):
        stranger = node.connect(certificate="hers")
        stranger.says("CAP REQ :sasl", "AUTHENTICATE EXTERNAL")
        assert "904" in codes(stranger.says("AUTHENTICATE +"))


def test_a_name_is_given_free_to_which_something_was_just_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who has to be asked whether it has arrived is found out without them."""
    a, b = two("alice", "bob")
    alice, bob = a.member("alice"), b.member("bob")
    alice.says("PRIVMSG bob :hi")
    a.administers(act("free", "bob"))
    assert "ERROR" in codes(bob.hears())
    a.nodes.passes(1)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("by", ["the administrator", "a new password"])
def test_who_is_half_logged_in_at_another_node_is_ended_too(by: str) -> None:
    """As the old password may be what has let them in so far."""
    a, b = two("alice")
    owner, half = a.member("alice"), b.connect()
    half.says("CAP REQ :sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    assert "903" in codes(half.says(f"AUTHENTICATE {plain('alice')}"))
    if by == "a new password":
        owner.says("PASSWD :another password")
    else:
        a.asks("logout", account=a.account("alice").id, session=None)
    assert codes(half.hears()) == ["ERROR"]


def test_a_node_that_begins_later_knows_who_is_there() -> None:
    """With what their sessions ask for."""
    a, _ = two("alice", "bob")
    alice, bob = a.member("alice", caps="away-notify"), a.member("bob")
    for person in (alice, bob):
        person.says("JOIN #den")
    bob.says("AWAY :out", "MONITOR + alice")
    alice.hears()
    c = a.nodes.begins()
    phone = c.member("alice")
    assert any("bob" in line for line in phone.says("NAMES #den"))
    assert codes(phone.says("PRIVMSG bob :there?")) == ["301"]
    assert alice.hears() == []
    phone.says("PRIVMSG #den :hi")
    assert alice.hears() == bob.hears()[-1:] == [f"{source('alice')} PRIVMSG #den :hi"]


def test_a_node_that_dies_takes_its_people_with_it() -> None:
    """Those of an account that is elsewhere too stay in sight."""
    a, b = two("alice", "bob", "carol")
    carol, _, phone = a.member("carol"), b.member("bob"), b.member("alice")
    desk = a.member("alice")
    for person in (carol, desk):
        person.says("JOIN #den")
        person.hears()
    carol.says("MONITOR + alice,bob")
    assert phone.session.is_here
    a.nodes.dies(b)
    assert [line.params[-1] for line in of(carol.hears(), "731")] == ["bob"]
    assert desk.session in a.account("alice").sessions
    assert len(a.account("alice").sessions) == 1
