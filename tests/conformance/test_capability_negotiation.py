"""https://ircv3.net/specs/extensions/capability-negotiation"""

from __future__ import annotations

import pytest

from securechat.irc.capabilities import NAMES
from securechat.irc.message import parse
from tests.support.client import codes, only
from tests.support.rules import RulesUnderTest


def listed(lines: list[str]) -> list[str]:
    return [word for line in lines for word in parse(line).params[-1].split()]


def test_302_lists_all_with_values_in_as_many_lines_as_it_takes() -> None:
    """Sections "Capability Values", "Multiline replies": a "*" in all lines but the last."""
    heard = RulesUnderTest().connect().says("CAP LS 302")
    assert [parse(line).params[2] == "*" for line in heard] == [True] * (len(heard) - 1) + [False]
    assert [name.partition("=")[0] for name in listed(heard)] == list(NAMES)
    assert "sasl=PLAIN" in listed(heard)


def test_without_302_it_is_one_line_without_values() -> None:
    """Section "CAP LS Version": none of the newer features is used."""
    line = only(RulesUnderTest().connect().says("CAP LS"))
    assert line.params[1] == "LS"
    assert "=" not in line.params[-1]
    assert {"sasl", "batch", "echo-message", "server-time"} < set(line.params[-1].split())


def test_a_lower_version_later_is_answered_as_asked_and_not_stored() -> None:
    """Section "CAP LS Version"."""
    person = RulesUnderTest().connect()
    person.says("CAP LS 307")
    assert "=" not in "".join(listed(person.says("CAP LS")))
    assert "cap-notify" in listed(person.says("CAP LIST"))


def test_a_request_is_granted_as_a_whole_or_not_at_all() -> None:
    """Section "The CAP REQ subcommand"."""
    person = RulesUnderTest().connect()
    assert only(person.says("CAP REQ :batch unknown")).params[1:] == ["NAK", "batch unknown"]
    assert listed(person.says("CAP LIST")) == []
    assert only(person.says("CAP REQ :batch -sasl")).params[1:] == ["ACK", "batch -sasl"]
    assert listed(person.says("CAP LIST")) == ["batch"]


def test_the_names_are_case_sensitive() -> None:
    """Section "Rules for naming capabilities"; a value is no part of a request."""
    person = RulesUnderTest().connect()
    assert parse(person.says("CAP REQ :BATCH")[0]).params[1] == "NAK"
    assert parse(person.says("CAP REQ :sasl=PLAIN")[0]).params[1] == "NAK"


def test_cap_notify_comes_with_302_and_stays() -> None:
    """Section "`cap-notify`": who didn't say 302 may switch it off, who did may not."""
    person = RulesUnderTest().connect()
    person.says("CAP REQ cap-notify", "CAP REQ -cap-notify")
    assert listed(person.says("CAP LIST")) == []
    person.says("CAP LS 302", "CAP REQ -cap-notify")
    assert listed(person.says("CAP LIST")) == ["cap-notify"]


def test_an_unknown_subcommand() -> None:
    """Section "The CAP command": 410, with the client's nick or "*"."""
    assert only(RulesUnderTest().connect().says("CAP FOO")).params[:2] == ["*", "FOO"]


@pytest.mark.parametrize("when", ["during the registration", "after it"])
def test_it_may_be_said_at_any_time(when: str) -> None:
    """Section "The CAP command"; CAP END after the registration changes nothing."""
    rules = RulesUnderTest("alice")
    person = rules.connect() if when == "during the registration" else rules.member("alice")
    assert codes(person.says("CAP REQ batch", "CAP LIST")) == ["CAP", "CAP"]
    if when == "after it":
        assert person.says("CAP END") == []


def test_the_registration_waits_for_the_end() -> None:
    """Section "Connection Registration": CAP REQ alone suspends it too."""
    person = RulesUnderTest("alice").connect()
    assert codes(person.says("CAP REQ batch", "NICK alice", "USER a 0 * :A")) == ["CAP"]
    assert codes(person.says("CAP END")) == ["FAIL"]  # a login is missing, and now it is said
