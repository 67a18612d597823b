"""What an administrator of the machine does to channels: people see it as the server's, at once and
in the history.
"""

from __future__ import annotations

import json

import pytest

from securechat.core.administration.channels import KEY, MOST_AT_ONCE
from securechat.core.administration.requests import Refused
from securechat.core.journal.events.channels import SERVER
from securechat.irc.message import Message
from tests.support.client import SERVER as NAME
from tests.support.client import of
from tests.support.rules import PEPPER, RulesUnderTest, in_channel, outsider

CAPS = "message-tags batch server-time draft/chathistory draft/event-playback draft/channel-rename"


def one(lines: list[str], command: str) -> Message:
    [found] = of(lines, command)
    return found


def audited(rules: RulesUnderTest) -> list[tuple[str, str, dict[str, str]]]:
    kept = [row for row in rules.audits if row.account == "os:root"]
    return [(row.event, row.account, json.loads(row.facts)) for row in kept]


def test_what_is_done_is_seen_and_stays_in_the_history() -> None:
    """Each line comes from the server; event-playback shows the very same lines again."""
    rules, (alice, _) = in_channel("alice", "bob", caps=CAPS)
    rules.asks("channel topic", channel="#DEN", topic="be kind")
    rules.asks("channel mode", channel="#den", modes="+m", params=[], key=None)
    rules.asks("channel role", channel="#den", name="bob", role="operator")
    rules.asks("channel rename", channel="#den", to="#lair", reason="moved")
    rules.asks("channel kick", channel="#lair", name="bob", reason="enough")
    heard = of(alice.hears(), "TOPIC", "MODE", "RENAME", "KICK")
    assert [(one.source, one.command, *one.params) for one in heard] == [
        (NAME, "TOPIC", "#den", "be kind"),
        (NAME, "MODE", "#den", "+m"),
        (NAME, "MODE", "#den", "+o", "bob"),
        (NAME, "RENAME", "#den", "#lair", "moved"),
        (NAME, "KICK", "#lair", "bob", "enough"),
    ]
    assert all("account" not in one.tags for one in heard)
    told = of(alice.says("CHATHISTORY LATEST #lair * 50"), "TOPIC", "MODE", "RENAME", "KICK")
    assert [one.tags["msgid"] for one in told] == [one.tags["msgid"] for one in heard]
    assert {one.source for one in told} == {NAME}
    # It counts for nobody.
    assert [one.sender for one in rules.log[-5:]] == [SERVER] * 5
    assert [event for event, _, _ in audited(rules)] == [
        *("topic changed", "modes changed", "role changed", "channel renamed", "kick")
    ]


def test_the_topic_is_shown_as_the_servers() -> None:
    """333 has who set it."""
    rules, (alice,) = in_channel("alice")
    rules.asks("channel topic", channel="#den", topic="be kind")
    assert one(alice.says("TOPIC #den"), "333").params[2] == NAME
    with pytest.raises(Refused, match="a topic has at most"):
        rules.asks("channel topic", channel="#den", topic="x" * 600)


def test_a_channel_is_made_with_its_people() -> None:
    """Who is online sees it as a JOIN of their own; who isn't, at the next login."""
    rules = RulesUnderTest("alice", "bob", "carol")
    alice, bob = rules.member("alice"), rules.member("bob")
    facts = {"owner": "alice", "topic": "hello", "modes": "+s"}
    assert rules.asks("channel create", channel="#7b", **facts) == "#7b"
    assert rules.asks("channel add", channel="#7b", names=["BOB", "carol"]) == ["bob", "carol"]
    assert [one.nick for one in of(alice.hears(), "JOIN")] == ["alice", "bob", "carol"]
    seen = of(bob.hears(), "JOIN", "332", "353")
    assert [one.command for one in seen] == ["JOIN", "332", "353", "JOIN"]
    assert rules.channel("#7b").modes == "nst"
    assert one(rules.connect().logs_in("carol"), "JOIN").params == ["#7b"]
    assert rules.asks("channel add", channel="#7b", names=["bob"]) == []
    assert rules.asks("channel present", channel="#7b") == ["alice", "bob", "carol"]


@pytest.mark.parametrize("name", ["#den", "#DEN", "den", "#d\u0435n", "#a b"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    """Or looks like one that is, or can be none; and nothing of it stays."""
    rules, _ = in_channel("alice")
    with pytest.raises(Refused, match=r"mixed up|can't be a channel name"):
        rules.asks("channel create", channel=name, owner="alice", topic="", modes="")
    assert list(rules.model.channels) == ["#den"]


def test_all_or_nothing_is_done() -> None:
    """One mode that is wrong, one person too many: the others are not done either."""
    rules, (alice,) = in_channel("alice", max_channels=1)
    rules.add("bob")
    with pytest.raises(Refused, match="Z: is not a mode of #den"):
        rules.asks("channel mode", channel="#den", modes="+iZ", params=[], key=None)
    assert "i" not in rules.channel("#den").modes
    with pytest.raises(Refused, match="'eve'"):
        rules.asks("channel add", channel="#den", names=["bob", "eve"])
    with pytest.raises(Refused, match="in 1 channels already"):
        rules.asks("channel create", channel="#two", owner="alice", topic="", modes="")
    with pytest.raises(Refused, match=f"at most {MOST_AT_ONCE} people"):
        rules.asks("channel add", channel="#den", names=["bob"] * (MOST_AT_ONCE + 1))
    assert alice.hears() == []
    assert list(rules.model.channels) == ["#den"]


def test_a_key_is_sealed_on_its_way() -> None:
    """It stands in the place that its letter has; members are told it, as always."""
    rules, (alice,) = in_channel("alice")
    sealed = PEPPER.seal(b"open sesame".replace(b" ", b"-"), KEY)
    facts = {"modes": "+lk-t", "params": ["7"], "key": sealed}
    assert rules.asks("channel mode", channel="#den", **facts) == "+nkl"
    line = one(alice.hears(), "MODE")
    assert line.params == ["#den", "+lk-t", "7", "open-sesame"]
    assert "sesame" not in str(rules.log) + str(rules.audits)


def test_roles_are_given_and_taken() -> None:
    """By one MODE; a channel is never without an owner."""
    rules, (alice, bob) = in_channel("alice", "bob")
    with pytest.raises(Refused, match="only owner"):
        rules.asks("channel role", channel="#den", name="alice", role="member")
    assert rules.asks("channel role", channel="#den", name="bob", role="owner")
    assert not rules.asks("channel role", channel="#den", name="bob", role="owner")
    assert rules.asks("channel role", channel="#den", name="alice", role="voice")
    assert [one.params[1:] for one in of(bob.hears(), "MODE")] == [
        ["+qo", "bob", "bob"],
        ["+v-qo", "alice", "alice", "alice"],
    ]
    rules.add("eve")
    with pytest.raises(Refused, match="eve is not a member of #den"):
        rules.asks("channel role", channel="#den", name="eve", role="voice")
    alice.hears()


def test_who_is_banned_can_be_put_out_as_well() -> None:
    """By their name or by a mask; each mask is found again however it is spelled."""
    rules, (alice, bob) = in_channel("alice", "bob")
    facts = {"kick": True, "reason": ""}
    done = rules.asks("channel ban", channel="#den", who="BOB", **facts)
    assert done == {"mask": "~a:bob", "out": ["bob"]}
    assert one(bob.hears(), "KICK").params == ["#den", "bob", "by the administrator"]
    assert one(bob.says("JOIN #den"), "474")
    with pytest.raises(Refused, match="banned is ~a:bob"):
        rules.asks("channel unban", channel="#den", who="x!*@*")
    assert rules.asks("channel unban", channel="#den", who="bob") == "~a:bob"
    assert of(bob.says("JOIN #den"), "JOIN")
    assert alice.session.who in rules.channel("#den").members


def test_a_channel_is_ended_for_all() -> None:
    """Who isn't there is told at the next login, by whom and why."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.hangs_up()
    assert rules.asks("channel drop", channel="#den", reason="the course is over") == 2
    assert one(alice.hears(), "KICK").params == ["#den", "alice", "the course is over"]
    assert rules.model.channels == {}
    told = [one.params[-1] for one in of(rules.connect().logs_in("bob"), "NOTICE")]
    assert f"kicked from #den by {NAME}" in told[-1]
    lobby = RulesUnderTest("alice", lobby="#lobby")
    with pytest.raises(Refused, match="it is the lobby"):
        lobby.asks("channel drop", channel="#lobby", reason="")


@pytest.mark.parametrize("text", ["a\r\nQUIT", "a\0b", "\udcff"])
def test_no_argument_can_become_a_line(text: str) -> None:
    """Of whatever request, however deep."""
    rules, (alice,) = in_channel("alice")
    for facts in ({"topic": text}, {"names": ["bob", text]}):
        with pytest.raises(Refused, match="one line in UTF-8"):
            rules.asks("channel topic", channel="#den", **facts)
    assert alice.hears() == []


def test_who_knows_no_renaming_is_told_the_new_name() -> None:
    """As why the channel is left, where no other reason is given."""
    rules, (alice,) = in_channel("alice")
    rules.asks("channel rename", channel="#den", to="#lair", reason="")
    assert one(alice.hears(), "PART").params == ["#den", "it is #lair now"]


def test_a_secret_channel_stays_one() -> None:
    """Who is outside hears nothing of what is done there."""
    rules, (alice,) = in_channel("alice")
    rules.asks("channel mode", channel="#den", modes="+s", params=[], key=None)
    eve = outsider(rules, "eve")
    rules.asks("channel topic", channel="#den", topic="hush")
    rules.asks("channel rename", channel="#den", to="#lair", reason="")
    assert eve.hears() == []
    assert of(alice.hears(), "TOPIC")
