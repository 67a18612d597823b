"""Who may read what was said before they came, and what people are told of it."""

from __future__ import annotations

import pytest

from tests.conformance.test_cap_notify import reconfigured
from tests.conformance.test_chathistory import CAPS, page, texts
from tests.support.client import Client
from tests.support.rules import NOW_MS, RulesUnderTest

ALL = "CHATHISTORY LATEST #den * 10"


@pytest.fixture
def rules() -> RulesUnderTest:
    return RulesUnderTest("alice", "bob", "carol", tell_policy=True)


@pytest.fixture
def alice(rules: RulesUnderTest) -> Client:
    alice = rules.member("alice", caps=CAPS)
    alice.says("JOIN #den", "PRIVMSG #den :early")
    return alice


def notices(lines: list[str]) -> list[str]:
    return [line.split(" :", 1)[1] for line in lines if " NOTICE " in line]


def test_a_newcomer_reads_what_is_said_from_then_on(rules: RulesUnderTest, alice: Client) -> None:
    """Unless the channel says otherwise."""
    bob = rules.member("bob", caps=CAPS)
    bob.says("JOIN #den")
    alice.says("PRIVMSG #den :late")
    assert texts(page(bob, ALL)) == ["late"]


def test_an_opened_channel_shows_newcomers_what_was_said_since(
    rules: RulesUnderTest, alice: Client
) -> None:
    """What was said before it was opened was said to those who were there."""
    alice.says("MODE #den +H", "PRIVMSG #den :open")
    bob = rules.member("bob", caps=CAPS)
    bob.says("JOIN #den")
    assert texts(page(bob, ALL)) == ["open"]
    assert texts(page(alice, ALL)) == ["early", "open"]


def test_a_closed_channel_shows_it_no_more(rules: RulesUnderTest, alice: Client) -> None:
    """And opened again it begins anew; setting it twice changes nothing."""
    alice.says("MODE #den +H", "PRIVMSG #den :open", "MODE #den +H")
    bob = rules.member("bob", caps=CAPS)
    bob.says("JOIN #den")
    assert texts(page(bob, ALL)) == ["open"]
    alice.says("MODE #den -H")
    assert texts(page(bob, ALL)) == []
    alice.says("MODE #den +H")
    assert texts(page(bob, ALL)) == []


def test_who_joins_is_told_once(rules: RulesUnderTest, alice: Client) -> None:
    """What is kept, and who may read it; not again at each login."""
    bob = rules.member("bob")
    told = "What is said in #den is kept on this server; each member may read what was said after"
    assert notices(bob.says("JOIN #den")) == [f"{told} joining"]
    bob.hangs_up()
    assert notices(rules.connect().logs_in("bob")) == []


def test_the_policy_is_shown(rules: RulesUnderTest, alice: Client) -> None:
    """To those who may know of the channel."""
    alice.says("MODE #den +H")
    (told,) = notices(alice.says("POLICY #den"))
    assert "opened to them (+H)" in told
    alice.says("MODE #den +s")
    (heard,) = rules.member("bob").says("POLICY #den")
    assert " 403 " in heard


def test_the_policy_of_what_two_people_say() -> None:
    """It has no name: nothing is said of whether there is somebody."""
    rules = RulesUnderTest("alice", keep_days=30)
    (told,) = notices(rules.member("alice").says("POLICY"))
    assert told == (
        "What two people say to each other is kept on this server for 30 days; both may read it"
    )
    (heard,) = rules.member("alice").says("POLICY bob")
    assert " 403 " in heard


EVERYWHERE = (
    "What is said here is kept on this server for 365 days, unless a channel differs; POLICY tells "
    "more (in securechat: /history policy)"
)


def test_who_logs_in_is_told_once_for_each_change() -> None:
    """Who was here last before it was changed; not again by another device."""
    rules = RulesUnderTest("alice", tell_policy=True, keep_days=365, policy_since_ms=NOW_MS)
    alice = rules.account("alice")
    alice.policy_told_ms = NOW_MS - 1
    assert notices(rules.connect().logs_in("alice")) == [EVERYWHERE]
    assert notices(rules.connect().logs_in("alice")) == []


def test_who_first_comes_into_the_lobby_is_told_of_that() -> None:
    """One notice is enough."""
    rules = RulesUnderTest("alice", tell_policy=True, policy_since_ms=NOW_MS, lobby="#lobby")
    (told,) = notices(rules.connect().logs_in("alice"))
    assert told.startswith("What is said in #lobby is kept")
    assert notices(rules.connect().logs_in("alice")) == []


def test_who_is_here_is_told_of_a_change(rules: RulesUnderTest, alice: Client) -> None:
    """At once, on each device, and not at the next login."""
    other = rules.member("alice")
    reconfigured(rules, keep_days=365, policy_since_ms=NOW_MS)
    assert notices(alice.hears()) == notices(other.hears()) == [EVERYWHERE]
    assert notices(rules.connect().logs_in("alice")) == []
    assert notices(rules.connect().logs_in("bob")) == [EVERYWHERE]


def test_a_server_may_keep_it_to_itself(rules: RulesUnderTest) -> None:
    """As is configured."""
    silent = RulesUnderTest("alice", tell_policy=False)
    alice = silent.member("alice")
    assert notices(alice.says("JOIN #den")) == []
    reconfigured(silent, keep_days=365, policy_since_ms=NOW_MS)
    assert notices(alice.hears()) == []
