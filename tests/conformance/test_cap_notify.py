"""https://ircv3.net/specs/extensions/capability-negotiation: `cap-notify`, CAP NEW and CAP DEL.

What is offered follows from the configuration, which a running server reads again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from securechat.irc import capabilities
from tests.support.client import Client, codes, only
from tests.support.rules import NOW_MS, RulesUnderTest

REGISTRATION = "draft/account-registration"


def reconfigured(rules: RulesUnderTest, **settings: Any) -> None:
    """The administrator has changed the configuration."""
    with rules.turn() as turn:
        rules.rules.take_settings(turn, replace(rules.rules.settings, **settings))


def knows(rules: RulesUnderTest, version: str) -> Client:
    """A connection with cap-notify, by version 302 or by name."""
    person = rules.connect()
    if version == "302":
        person.says("CAP LS 302")
    else:
        person.says("CAP REQ cap-notify")
    return person


@pytest.mark.parametrize("version", ["302", "301"])
def test_what_is_not_offered_any_more(version: str) -> None:
    """Section "The CAP DEL subcommand": the client is told, and CAP LS has it no more."""
    rules = RulesUnderTest()
    person = knows(rules, version)
    reconfigured(rules, registration="closed")
    assert person.hears() == [f":chat.test CAP * DEL :{REGISTRATION}"]
    assert all(REGISTRATION not in line for line in person.says("CAP LS 302"))


def test_what_was_enabled_is_cancelled() -> None:
    """Section "The CAP DEL subcommand": the server has cancelled it, for whoever had it."""
    rules = RulesUnderTest("alice")
    people = [rules.member("alice", caps=[REGISTRATION, "batch"]), knows(rules, "302")]
    older = rules.connect()
    for person in (people[1], older):
        person.says(f"CAP REQ {REGISTRATION}")
    reconfigured(rules, registration="closed")
    for person in (*people, older):
        assert not person.session.has(capabilities.ACCOUNT_REGISTRATION)
    assert people[0].session.has(capabilities.BATCH)
    assert only(people[0].hears()).params == ["alice", "DEL", REGISTRATION]
    assert older.hears() == []


@pytest.mark.parametrize("asked", [REGISTRATION, f"batch {REGISTRATION}", f"-{REGISTRATION}"])
def test_what_is_not_offered_is_refused(asked: str) -> None:
    """Section "The CAP NAK subcommand"."""
    person = RulesUnderTest(registration="closed").connect()
    assert only(person.says(f"CAP REQ :{asked}")).params == ["*", "NAK", asked]


@pytest.mark.parametrize(
    ("version", "value"), [("302", "=before-connect,securechat/min-password=15"), ("301", "")]
)
def test_what_is_offered_anew(version: str, value: str) -> None:
    """Section "The CAP NEW subcommand": with its value for version 302, and it may be asked for."""
    rules = RulesUnderTest(registration="closed")
    person = knows(rules, version)
    reconfigured(rules, registration="open")
    assert person.hears() == [f":chat.test CAP * NEW :{REGISTRATION}{value}"]
    assert only(person.says(f"CAP REQ {REGISTRATION}")).params[1] == "ACK"


def test_another_value() -> None:
    """Section "The CAP NEW subcommand": it "can also update the value of an existing capability".
    sasl-3.2, "Integration with cap-notify".
    """
    rules = RulesUnderTest("alice")
    alice, older = rules.member("alice"), knows(rules, "301")
    alice.says("CAP LS 302", "CAP REQ sasl")
    reconfigured(rules, external=True)
    assert alice.hears() == [":chat.test CAP alice NEW :sasl=PLAIN,EXTERNAL"]
    assert alice.session.has(capabilities.SASL)
    assert older.hears() == []  # who doesn't know 302 knows no values
    reconfigured(rules, external=False)
    assert alice.hears() == [":chat.test CAP alice NEW :sasl=PLAIN"]


def test_several_at_once() -> None:
    """Sections "NEW" and "DEL": each has its own line."""
    rules = RulesUnderTest()
    person = knows(rules, "302")
    reconfigured(rules, external=True, registration="closed")
    assert person.hears() == [
        f":chat.test CAP * DEL :{REGISTRATION}",
        ":chat.test CAP * NEW :sasl=PLAIN,EXTERNAL",
    ]


def test_who_did_not_ask_is_not_told() -> None:
    """Sections "NEW" and "DEL": they "MUST ONLY be sent" to who negotiated 302 or cap-notify."""
    rules = RulesUnderTest()
    person, other = rules.connect(), knows(rules, "301")
    other.says("CAP REQ -cap-notify")
    reconfigured(rules, external=True, registration="closed")
    assert person.hears() == other.hears() == []


def test_nothing_else_is_told() -> None:
    """Section "`cap-notify`": only what has changed; a message of the day has no capability."""
    rules = RulesUnderTest("alice")
    alice = knows(rules, "302")
    reconfigured(rules, motd=("Hello!",), registration="open", started_ms=NOW_MS)
    assert alice.hears() == []
    assert "372" in codes(rules.connect().logs_in("alice"))


def test_who_has_gone_is_told_nothing() -> None:
    """A connection that is being closed hears no more than why."""
    rules = RulesUnderTest()
    person = knows(rules, "302")
    assert codes(person.says("QUIT")) == ["ERROR"]
    reconfigured(rules, registration="closed")
    assert person.hears() == []


def test_302_has_it_and_keeps_it() -> None:
    """Section "`cap-notify`": implied by 302; REQ is acknowledged "without side effects", and it
    can't be disabled.
    """
    rules = RulesUnderTest()
    person = knows(rules, "302")
    assert only(person.says("CAP REQ cap-notify")).params[1:] == ["ACK", "cap-notify"]
    person.says("CAP REQ -cap-notify", "CAP LS")
    assert only(person.says("CAP LIST")).params[2] == "cap-notify"
    reconfigured(rules, registration="closed")
    assert only(person.hears()).params[1] == "DEL"
