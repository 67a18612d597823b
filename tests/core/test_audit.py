"""What the rules say to the log."""

from __future__ import annotations

import json
import logging

import pytest

from securechat.core.audit import Refusals
from tests.support.rules import RIGHT, WEAK, RulesUnderTest, in_channel, plain

SECRETS = [RIGHT, WEAK, "wrong-one", "code-of-an-invite", "psst"]


def facts(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, object]]]:
    return [(record.message, record.__dict__["facts"]) for record in caplog.records]


def test_logins_and_refusals_are_noted(caplog: pytest.LogCaptureFixture) -> None:
    """Who and from where; a name that is nobody's may be a password, and is not."""
    caplog.set_level(logging.INFO, "securechat.audit")
    rules = RulesUnderTest("alice")
    rules.member("alice")
    rules.connect().logs_in("hunter2", password="wrong-one")
    rules.connect().logs_in("alice", password="wrong-one")
    assert facts(caplog) == [
        ("login", {"account": "alice", "address": "192.0.2.1", "by": "password"}),
        ("login refused", {"account": "-", "address": "192.0.2.1", "reason": "wrong password"}),
        ("login refused", {"account": "alice", "address": "192.0.2.1", "reason": "wrong password"}),
    ]


def test_registrations_are_noted(caplog: pytest.LogCaptureFixture) -> None:
    """With whether an administrator was made."""
    caplog.set_level(logging.INFO, "securechat.audit")
    rules = RulesUnderTest()
    rules.invite("code-of-an-invite", admin=True)
    person = rules.connect()
    person.says("NICK carol", "REGISTER * * pw", f"REGISTER * code-of-an-invite {WEAK}")
    person.says("REGISTER * code-of-an-invite pw")
    found = facts(caplog)
    assert [(event, fact.get("reason")) for event, fact in found] == [
        ("registration refused", "INVALID_EMAIL"),
        ("registration refused", "WEAK_PASSWORD"),
        ("registration", None),
        ("login", None),
    ]
    assert found[2][1]["rights"] == "administrator"


def test_who_may_do_what_is_audited() -> None:
    """Each change of a role, with who made it, whose it is and what it was."""
    rules, (alice, _) = in_channel("alice", "bob")
    alice.says("MODE #den +o bob", "MODE #den +v bob", "MODE #den -v bob")
    found = [audited for audited in rules.audits if audited.event == "role changed"]
    assert {(a.account, a.address, a.result) for a in found} == {("alice", "192.0.2.1", "ok")}
    assert [json.loads(audited.facts) for audited in found] == [
        {"channel": "#den", "of": "bob", "had": had, "has": has}
        for had, has in [("", "o"), ("o", "ov"), ("ov", "o")]
    ]


def test_no_secret_and_no_text_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is said, at any level."""
    caplog.set_level(logging.DEBUG)
    rules = RulesUnderTest("alice", "bob")
    rules.invite("code-of-an-invite")
    alice = rules.member("alice")
    alice.says("PRIVMSG bob :psst", "QUIT :psst")
    person = rules.connect()
    person.says(
        "NICK carol",
        f"REGISTER * code-of-an-invite {WEAK}",
        "PASS alice:wrong-one",
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain('alice', 'wrong-one')}",
        "wrong-one psst",
    )
    logged = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "registration refused" in logged
    assert [secret for secret in SECRETS if f"'{secret}'" in logged or f":{secret}" in logged] == []
    for secret in ("wrong-one", "code-of-an-invite", "psst"):
        assert secret not in logged


def test_refusals_do_not_fill_the_disk() -> None:
    """After a thousand, one each six seconds is stored; it tells how many are in the log alone."""
    refusals = Refusals()
    taken = [refusals.take(100.0) for _ in range(1010)]
    assert taken == [0] * 1000 + [None] * 10
    assert refusals.take(105.9) is None
    assert refusals.take(106.1) == 11
    assert refusals.take(106.2) is None
    assert [refusals.take(1e9) for _ in range(1001)].count(None) == 1


def test_what_is_not_stored_is_logged_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    """And what is no refusal is always stored."""
    caplog.set_level(logging.INFO, "securechat.audit")
    rules = RulesUnderTest("alice")
    while rules.model.refusals.take(rules.clock) is not None:
        pass
    rules.connect().logs_in("alice", password="wrong-one")
    rules.member("alice")
    assert [(a.event, a.result) for a in rules.audits] == [("login", "ok")]
    assert [event for event, _ in facts(caplog)] == ["login refused", "login"]
    rules.passes(6)
    rules.connect().logs_in("alice", password="wrong-one")
    assert json.loads(rules.audits[-1].facts) == {"left_out": "2"}


def test_what_is_done_in_a_channel_is_audited() -> None:
    """Who did it, where, and to whom: and so who kicked whom, and when, has an answer."""
    rules, (alice, _, _) = in_channel("alice", "bob", "carol")
    rules.add("dave")
    alice.says("TOPIC #den :psst", "MODE #den +bk-t bob!*@* psst", "MODE #den +o carol")
    alice.says("INVITE dave #den", "KICK #den bob,carol :psst")
    found = [(a.event, json.loads(a.facts)) for a in rules.audits if a.event != "login"]
    assert found == [
        ("topic changed", {"channel": "#den"}),
        ("modes changed", {"channel": "#den", "modes": "+bk-t bob!*@* *"}),
        ("role changed", {"channel": "#den", "of": "carol", "had": "", "has": "o"}),
        ("invitation", {"channel": "#den", "of": "dave"}),
        ("kick", {"channel": "#den", "of": "bob"}),
        ("kick", {"channel": "#den", "of": "carol"}),
    ]
    assert {(a.account, a.address) for a in rules.audits[-6:]} == {("alice", "192.0.2.1")}


def test_what_is_refused_or_not_stored_is_no_act() -> None:
    """And a plain member's invitation opens nothing."""
    rules, (_, bob) = in_channel("alice", "bob")
    rules.add("dave")
    bob.says("KICK #den alice", "MODE #den +m", "TOPIC #den :x", "INVITE dave #den")
    assert [a.event for a in rules.audits] == ["login", "login"]


def test_nobody_fills_the_audit_with_acts() -> None:
    """Sixty of an account, then one each ten seconds, which tells how many were left out."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("JOIN #pub")
    for _ in range(50):
        alice.says("MODE #den +m", "MODE #den -m")
    bob.says("MODE #pub +m")
    acts = [a for a in rules.audits if a.event == "modes changed"]
    assert [len([a for a in acts if a.account == name]) for name in ("alice", "bob")] == [60, 1]
    rules.passes(10)
    alice.says("MODE #den +s", "MODE #den -s")
    facts = json.loads(rules.audits[-1].facts)
    assert facts == {"channel": "#den", "modes": "+s", "left_out": "40"}
