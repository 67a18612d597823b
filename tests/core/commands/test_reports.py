"""REPORT: whoever runs the server is told of somebody, and nobody else is."""

from __future__ import annotations

import json
import logging

import pytest

from securechat.core.administration.requests import Refused
from securechat.core.model.reports import KEY, MOST, MOST_OF_ONE, Report, Reports, reports
from securechat.core.model.state import REPORT_SECONDS, REPORTS_AT_ONCE
from tests.support.client import Client, codes, of
from tests.support.rules import RulesUnderTest, in_channel


def school() -> tuple[RulesUnderTest, Client, Client, Client]:
    """alice and bob in #den; and boss, who administers the server and is nowhere."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("boss", admin=True)
    return rules, alice, bob, rules.member("boss")


def notices(client: Client) -> list[str]:
    return [line.params[-1] for line in of(client.hears(), "NOTICE")]


def test_administrators_hear_it_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """And nobody else; the audit has it, the log only that there was one."""
    rules, alice, bob, boss = school()
    with caplog.at_level(logging.INFO):
        assert "bob isn't told" in alice.says("REPORT BOB #den :calls me names")[-1]
    assert notices(boss) == ["Report 1: alice about bob in #den: calls me names"]
    assert bob.hears() == []
    row = rules.audits[-1]
    assert (row.event, row.account, json.loads(row.facts)) == (
        "report",
        "alice",
        {"of": "bob", "number": "1", "text": "calls me names", "place": "#den"},
    )
    assert "calls me names" not in caplog.text


def test_they_wait_until_they_are_closed() -> None:
    """An administrator who comes hears how many there are; but not of those about themselves."""
    rules, alice, bob, boss = school()
    boss.hangs_up()
    alice.says("REPORT bob :a")
    bob.says("REPORT alice :b", "REPORT boss :c")
    boss = rules.member("boss")
    told = [line.params[-1] for line in of(rules.connect().logs_in("boss"), "NOTICE")]
    assert told[-1] == "2 reports are open: `securechat-admin reports` shows them"
    assert rules.asks("report close", number=1)[2:4] == ["alice", "bob"]
    with pytest.raises(Refused, match="no open report 1; open: 2, 3"):
        rules.asks("report close", number=1)
    assert alice.says("REPORT boss :d")
    assert [one.id for one in reports(rules.model.kept[KEY]).open] == [2, 3, 4]
    assert rules.audits[-2].event == "report closed"


def test_whom_it_is_about_is_not_told() -> None:
    """Though they administer the server."""
    _, alice, _, boss = school()
    alice.says("REPORT boss :is unfair")
    assert boss.hears() == []


def test_whom_it_is_about_may_be_called_otherwise_since() -> None:
    """It is still theirs: they don't hear that there is one."""
    rules, alice, _, boss = school()
    alice.says("REPORT boss :is unfair")
    rules.asks("user rename", account=rules.account("boss").id, name="chief")
    boss.hangs_up()
    told = [line.params[-1] for line in of(rules.connect().logs_in("chief"), "NOTICE")]
    assert not any("open" in text for text in told)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("REPORT nobody :x", "401"),
        ("REPORT bob #nowhere :x", "403"),
        ("REPORT bob test-zz :x", "403"),
        ("REPORT bob", "461"),
        ("REPORT bob : ", "NEED_REASON"),
        ("REPORT alice :x", "INVALID_TARGET"),
    ],
)
def test_what_can_not_be_reported(line: str, answer: str) -> None:
    """Is told, and nothing of it stays."""
    rules, alice, _, boss = school()
    rules.account("bob").disabled = False
    heard = alice.says(line)
    assert answer in (*codes(heard), *(word for one in heard for word in one.split()))
    assert KEY not in rules.model.kept
    assert boss.hears() == []


def test_a_message_can_be_named() -> None:
    """By its id."""
    rules, alice, _, boss = school()
    alice.says("REPORT bob test-1f :this one")
    assert notices(boss) == ["Report 1: alice about bob in test-1f: this one"]
    assert rules.model.instance == "test"


def test_nobody_reports_without_end() -> None:
    """Administrators hear of each; so one account has few, and leaves room for others."""
    rules, alice, _, boss = school()
    alice.says(*["REPORT bob :x"] * (REPORTS_AT_ONCE + 1))
    assert len(notices(boss)) == REPORTS_AT_ONCE
    rules.clock += REPORT_SECONDS
    rest = [Report(n, 0, "alice", "bob", "", "x") for n in range(MOST_OF_ONE)]
    rules.model.kept[KEY] = Reports(99, tuple(rest)).text()
    assert "TOO_MANY" in alice.says("REPORT bob :x")[-1]
    rest = [Report(n, 0, "carol", "bob", "", "x") for n in range(MOST)]
    rules.model.kept[KEY] = Reports(999, tuple(rest)).text()
    assert "TOO_MANY" in alice.says("REPORT bob :x")[-1]


def test_what_can_not_be_stored_nobody_hears() -> None:
    """As any words."""
    rules, alice, _, boss = school()
    rules.full = True
    assert codes(alice.says("REPORT bob :x")) == ["400"]
    assert boss.hears() == []
    assert KEY not in rules.model.kept
