"""https://ircv3.net/specs/extensions/sasl-3.1 and .../sasl-3.2"""

from __future__ import annotations

import pytest

from tests.support.client import Client, codes, only
from tests.support.rules import RulesUnderTest, plain


def greeted() -> Client:
    person = RulesUnderTest("alice").connect()
    person.says("CAP LS 302", "CAP REQ sasl", "NICK alice", "USER alice 0 * :A")
    return person


def test_a_login() -> None:
    """sasl-3.1, "The AUTHENTICATE Command": AUTHENTICATE +, 900 and 903."""
    person = greeted()
    assert person.says("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]
    assert codes(person.says(f"AUTHENTICATE {plain('alice')}")) == ["900", "903"]


def test_the_mechanisms_are_told() -> None:
    """sasl-3.2, "Mechanism list in CAP LS"; 908 with them, and 904, for another one."""
    assert codes(greeted().says("AUTHENTICATE FOO")) == ["908", "904"]


@pytest.mark.parametrize(
    ("lines", "numeric"),
    [
        (["AUTHENTICATE *"], "906"),
        (["AUTHENTICATE " + "A" * 401], "905"),
        (["AUTHENTICATE " + "A" * 400] * 13, "904"),
        (["AUTHENTICATE $$$"], "904"),
        (["AUTHENTICATE +"], "904"),
    ],
)
def test_what_fails(lines: list[str], numeric: str) -> None:
    """sasl-3.1, "Numerics": 905 is for one parameter over 400 bytes, whatever else is wrong 904."""
    person = greeted()
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says(*lines))[:1] == [numeric]
    assert person.says("AUTHENTICATE PLAIN")[-1:] == ["AUTHENTICATE +"]


def test_a_chunk_of_400_is_followed_by_another() -> None:
    """sasl-3.1: "+" ends a payload whose last chunk is full."""
    person = greeted()
    person.says("AUTHENTICATE PLAIN")
    assert person.says("AUTHENTICATE " + "A" * 400) == []
    assert codes(person.says("AUTHENTICATE +")) == ["904"]


def test_again_before_the_welcome() -> None:
    """sasl-3.1, "The AUTHENTICATE command": 907 for who has authenticated successfully."""
    person = greeted()
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    assert only(person.says("AUTHENTICATE PLAIN")).command == "907"


def test_again_when_logged_in() -> None:
    """sasl-3.2, "SASL Reauthentication": "at any time" afterwards; a failure is told."""
    person = greeted()
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}", "CAP END")
    assert person.says("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]
    assert codes(person.says(f"AUTHENTICATE {plain('alice')}")) == ["900", "903"]
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {plain('alice', 'wrong')}")) == ["904"]
    assert "JOIN" in codes(person.says("JOIN #den"))


def test_as_somebody_else_when_logged_in() -> None:
    """sasl-3.2, "SASL Reauthentication": 907 "if changing accounts is not supported"."""
    person = greeted()
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}", "CAP END")
    person.says("AUTHENTICATE PLAIN")
    assert only(person.says(f"AUTHENTICATE {plain('bob')}")).command == "907"
    assert "JOIN" in codes(person.says("JOIN #den"))


def test_cap_end_is_ignored_when_logged_in() -> None:
    """capability-negotiation, "The CAP END subcommand": it doesn't end an exchange then."""
    person = greeted()
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}", "CAP END")
    assert person.says("AUTHENTICATE PLAIN", "CAP END") == ["AUTHENTICATE +"]
    assert codes(person.says(f"AUTHENTICATE {plain('alice')}")) == ["900", "903"]
