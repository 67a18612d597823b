"""Somebody administers the server over a connection who should not: a member, a thief of a device
of an administrator's, one who finds the screen, one whose rights were taken, or an administrator
who reaches for the others.
"""

from __future__ import annotations

import json

import pytest

from securechat.core.administration.remote import KINDS, Act, Outcome
from securechat.core.commands.verbs import FRESH_SECONDS
from tests.support.client import Client, only
from tests.support.rules import RulesUnderTest

CAP = "securechat/administration"

FACTS = {
    "channel": "#den",
    "name": "alice",
    "names": ["mallory"],
    "to": "#lair",
    "modes": "+i",
    "role": "owner",
    "who": "alice",
    "topic": "x",
    "days": 1,
    "id": "a",
    "text": "x",
}


def lines() -> list[str]:
    """Each kind of request, with facts that fit."""
    return [
        f"ADMINISTER {kind} :{json.dumps({name: FACTS[name] for name in facts if name in FACTS})}"
        for kind, facts in KINDS.items()
    ]


def stage() -> tuple[RulesUnderTest, list[Act]]:
    """A channel, two members, an administrator; and what workers were asked for."""
    rules = RulesUnderTest("alice", "mallory", ping_seconds=1e9, dead_seconds=1e9)
    rules.add("boss", admin=True)
    rules.member("alice").says("JOIN #den")
    acts: list[Act] = []

    def act_on(act: Act) -> Outcome:
        acts.append(act)
        return Outcome("null")

    rules.acts_on = act_on
    return rules, acts


def as_member(rules: RulesUnderTest) -> Client:
    return rules.member("mallory", caps=CAP)


def with_a_stolen_token(rules: RulesUnderTest) -> Client:
    token = only(rules.member("boss").says("TOKEN CREATE phone")).params[3]
    thief = rules.connect()
    thief.logs_in("boss", caps=CAP, password=token)
    thief.hears()
    return thief


def at_an_old_screen(rules: RulesUnderTest) -> Client:
    boss = rules.member("boss", caps=CAP)
    rules.passes(FRESH_SECONDS + 1)
    return boss


def demoted(rules: RulesUnderTest) -> Client:
    boss = rules.member("boss", caps=CAP)
    rules.account("boss").admin = False
    return boss


@pytest.mark.parametrize("become", [as_member, with_a_stolen_token, at_an_old_screen, demoted])
def test_nothing_is_done_for_who_may_not(become: object) -> None:
    """By no kind of request: no worker is asked, nothing is stored, nobody hears of it."""
    rules, acts = stage()
    attacker = become(rules)  # type: ignore[operator]
    before = len(rules.stored), [*rules.channel("#den").members], rules.channel("#den").topic
    for line in lines():
        heard = only(attacker.says(line))
        assert heard.command in ("421", "FAIL"), line
        if heard.command == "FAIL":
            assert heard.params[1] == "REAUTHENTICATE", line
    assert not acts
    assert before == (
        *(len(rules.stored), [*rules.channel("#den").members], rules.channel("#den").topic),
    )


def test_the_lines_fit_an_administrator() -> None:
    """Else the attacks above would be refused for another reason."""
    rules, acts = stage()
    boss = rules.member("boss", caps=CAP)
    refused = {}
    for line in lines():
        if "FAIL" in (heard := boss.says(line)[0]):
            refused[line.split(" :")[0]] = heard.split(" ")[3]
    assert set(refused.values()) <= {"REFUSED"}
    assert len(acts) + len(refused) >= len(KINDS) / 2
