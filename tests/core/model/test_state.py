"""Who and what there is, and the indexes that find it."""

from __future__ import annotations

import pytest

from securechat.core.delivery.line import EncodingGroup
from securechat.core.model.entities import Audience
from securechat.irc import capabilities as caps
from securechat.irc.framing import LINES
from tests.support.rules import RulesUnderTest
from tests.support.snapshot import snapshot


def test_an_account_is_usable_or_not() -> None:
    """Neither disabled nor deleted."""
    account = RulesUnderTest("alice").account("alice")
    assert account.usable
    account.disabled = True
    assert not account.usable
    account.disabled, account.deleted = False, True
    assert not account.usable


def test_nobody_s_address_is_shown() -> None:
    """The host part is the server's name."""
    account = RulesUnderTest("alice").account("alice")
    assert account.source("chat.test") == "alice!alice@chat.test"


def test_an_audience_is_grouped_by_what_its_bytes_depend_on() -> None:
    """Thread and wire capabilities; it keeps what it was made of."""
    rules = RulesUnderTest("alice")
    plain, same = rules.member("alice"), rules.member("alice", caps="echo-message")
    tagged, far = rules.member("alice", caps="message-tags"), rules.member("alice", io=1)
    audience = rules.account("alice").audience()
    bare, other = EncodingGroup(0, 0, LINES), EncodingGroup(1, 0, LINES)
    with_tags = EncodingGroup(0, caps.MESSAGE_TAGS, LINES)
    assert set(audience.groups) == {bare, with_tags, other}
    sessions, links = audience.groups[bare]
    assert set(sessions) == {plain.session, same.session}
    assert [session.link for session in sessions] == links
    assert set(audience.sessions) == {p.session for p in (plain, same, tagged, far)}
    tagged.says("CAP REQ :-message-tags")
    assert set(audience.groups) == {bare, with_tags, other}
    assert set(rules.account("alice").audience().groups) == {bare, other}


def test_an_audience_is_made_once() -> None:
    """Until somebody comes or goes."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("JOIN #den")
    channel = rules.channel("#den")
    first = channel.audience()
    alice.says("PRIVMSG #den :x", "TOPIC #den :y")
    assert channel.audience() is first
    bob.says("JOIN #den")
    second = channel.audience()
    assert second is not first
    bob.says("QUIT")
    assert channel.audience().sessions == first.sessions
    assert second.sessions == dict.fromkeys(
        (alice.session, bob.session), EncodingGroup(0, 0, LINES)
    )


def test_an_empty_audience() -> None:
    """Has no group."""
    assert Audience([]).groups == {}


def test_what_is_added_can_be_removed() -> None:
    """All indexes, as they were."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice").says("JOIN #den", "PRIVMSG bob :x", "PRIVMSG alice :y")
    model, alice, channel = rules.model, rules.account("alice"), rules.channel("#den")
    before = snapshot(model)
    directs = set(alice.directs.values())
    for direct in directs:
        model.remove_direct(direct)
    model.remove_channel(channel)
    assert (model.channels, model.channel_skeletons, model.targets, alice.directs) == (
        {},
        {},
        {},
        {},
    )
    model.add_channel(channel)
    for direct in directs:
        model.add_direct(direct)
    assert snapshot(model) == before


def test_a_target_is_known_to_be_a_channel() -> None:
    """Or it is a bug that says so."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice").says("PRIVMSG bob :x")
    (direct,) = rules.account("bob").directs.values()
    with pytest.raises(TypeError, match="is not a channel"):
        rules.model.channel(direct.id)


def test_message_ids_name_the_database() -> None:
    """So that a restored one's are its own; no space, no colon in front."""
    assert str(RulesUnderTest().model.msgid(255)) == "test-ff"


def test_targets_of_an_account() -> None:
    """Its channels from its joining on, its conversations from their beginning, each once."""
    rules = RulesUnderTest("alice", "bob")
    alice = rules.member("alice")
    alice.says("PRIVMSG bob :1", "JOIN #den", "PRIVMSG alice :2", "PRIVMSG #den :3")
    channel, account = rules.channel("#den"), rules.account("alice")
    found = sorted(rules.model.targets_of(account))
    to_bob, to_self = (account.directs[rules.account(name)].id for name in ("bob", "alice"))
    assert found == sorted([(to_bob, 1, 0), (channel.id, 4, 1), (to_self, 3, 0)])
