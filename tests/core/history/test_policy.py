"""Who may read what was said before they came, and what people are told of it."""

from __future__ import annotations

import pytest

from tests.conformance.test_chathistory import CAPS, page, texts
from tests.support.client import Client
from tests.support.rules import RulesUnderTest

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


def test_a_server_may_keep_it_to_itself(rules: RulesUnderTest) -> None:
    """As is configured."""
    silent = RulesUnderTest("alice", tell_policy=False)
    assert notices(silent.member("alice").says("JOIN #den")) == []
