"""An account has so many sessions; who shows the password always gets one of them."""

from __future__ import annotations

import json

from securechat.core.model.states import State
from tests.support.client import Client, codes, only
from tests.support.rules import RIGHT, RulesUnderTest

FULL = "ERROR :Closing link: alice has 3 connections already"


def arrives(rules: RulesUnderTest, password: str) -> Client:
    person = rules.connect()
    person.logs_in("alice", password=password)
    return person


def token_of(rules: RulesUnderTest) -> str:
    alice = rules.member("alice")
    token = only(alice.says("TOKEN CREATE laptop")).params[3]
    alice.hangs_up()
    return token


def here(*people: Client) -> list[bool]:
    return [person.session.state is State.READY for person in people]


def test_a_thief_who_holds_all_places_with_a_token_makes_room() -> None:
    """For the owner, who can then end all of it; a further login by the token is refused."""
    rules = RulesUnderTest("alice", max_sessions=3)
    token = token_of(rules)
    thieves = []
    for _ in range(3):
        thieves.append(arrives(rules, token))
        rules.passes(1)
    assert here(arrives(rules, token)) == [False]
    owner = arrives(rules, RIGHT)
    assert here(owner, *thieves) == [True, False, True, True]
    assert codes(thieves[0].hears())[-1] == "ERROR"
    assert here(arrives(rules, token)) == [False]
    owner.says("TOKEN REVOKE laptop")
    assert here(owner, *thieves) == [True, False, False, False]


def test_by_pass_too() -> None:
    """It is the same rule for every way to show a password."""
    rules = RulesUnderTest("alice", max_sessions=1)
    thief = arrives(rules, token_of(rules))
    heard = rules.connect().says(f"PASS alice:{RIGHT}", "NICK alice", "USER a 0 * :A")
    assert "001" in codes(heard)
    assert here(thief) == [False]


def test_who_has_shown_the_password_goes_last() -> None:
    """However old the session is; when all have shown it, the oldest goes."""
    rules = RulesUnderTest("alice", max_sessions=2)
    token = token_of(rules)
    old = rules.member("alice")
    rules.passes(1)
    thief = arrives(rules, token)
    rules.passes(1)
    second = arrives(rules, RIGHT)
    assert here(old, thief, second) == [True, False, True]
    third = arrives(rules, RIGHT)
    assert here(old, second, third) == [False, True, True]


def test_the_others_see_nobody_come_or_go() -> None:
    """The account is there all the time."""
    rules = RulesUnderTest("alice", "bob", max_sessions=1)
    token = token_of(rules)
    bob, thief = rules.member("bob"), arrives(rules, token)
    for person in (bob, thief):
        person.says("JOIN #den")
    bob.hears()
    arrives(rules, RIGHT)
    assert bob.hears() == []
    assert here(thief) == [False]


def test_the_limit_holds_for_those_who_come_at_once() -> None:
    """Logins that were granted before the others arrived are counted when they arrive."""
    rules = RulesUnderTest("alice", max_sessions=3)
    token = token_of(rules)
    with rules.turn():
        people = [arrives(rules, token) for _ in range(5)]
    assert here(*people) == [True, True, True, False, False]
    assert FULL in people[4].hears()


def test_the_audit_tells_whose_place_was_taken() -> None:
    """And from where that session was."""
    rules = RulesUnderTest("alice", max_sessions=1)
    thief = rules.connect(address="198.51.100.7")
    thief.logs_in("alice", password=token_of(rules))
    arrives(rules, RIGHT)
    [ended] = [a for a in rules.audits if a.event == "session ended"]
    assert (ended.account, ended.address) == ("alice", "198.51.100.7")
    assert json.loads(ended.facts) == {"by": "a login that found no place"}
