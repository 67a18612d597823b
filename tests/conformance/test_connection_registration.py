"""https://modern.ircdocs.horse/#connection-messages; CAP and SASL have files of their own."""

from __future__ import annotations

import pytest

from securechat.core.model.states import State
from tests.support.client import codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("USER a 0 *", ["461"]),
        ("USER", ["461"]),
        ("USER a 0 * :", ["461"]),
        ("USER a 0 * : ", ["461"]),
        ("USER a 0 * :A", []),
        ("USER a 0 * A", []),
        ("USER a x y :A", []),
    ],
)
def test_user(line: str, code: list[str]) -> None:
    """Section "USER message": 461 without all four parameters, and for an empty one."""
    assert codes(RulesUnderTest().connect().says(line)) == code


def test_user_twice() -> None:
    """Section "USER message": 462 for who has said it, and for who is registered."""
    rules = RulesUnderTest("alice")
    assert codes(rules.connect().says("USER a 0 * :A", "USER a 0 * :A")) == ["462"]
    assert codes(rules.member("alice").says("USER a 0 * :A")) == ["462"]


def test_pass() -> None:
    """Section "PASS message": before the registration is complete; 462 afterwards."""
    rules = RulesUnderTest("alice")
    person = rules.connect()
    assert person.says("PASS") == [":chat.test 461 * PASS :" + only(person.says("PASS")).params[-1]]
    heard = person.says(f"PASS {RIGHT}", "NICK alice", "USER a 0 * :A")
    assert codes(heard)[0] == "900"
    assert "001" in codes(heard)
    assert codes(person.says(f"PASS {RIGHT}")) == ["462"]


def test_a_wrong_password() -> None:
    """Section "PASS message": 464, and the connection ends with ERROR."""
    person = RulesUnderTest("alice").connect()
    heard = person.says("PASS wrong", "NICK alice", "USER a 0 * :A")
    assert codes(heard) == ["464", "ERROR"]
    assert person.session.state is State.CLOSED


@pytest.mark.parametrize("line", ["JOIN #den", "PRIVMSG alice :x", "LIST", "NONSENSE"])
def test_nothing_else_before_it_is_complete(line: str) -> None:
    """Numeric 451: nothing of the server is told, not even which commands there are."""
    assert codes(RulesUnderTest("alice").connect().says(line)) == ["451"]


def test_ping_and_pong() -> None:
    """Sections "PING message", "PONG message": at any time; 409 without a token."""
    rules = RulesUnderTest("alice")
    for person in (rules.connect(), rules.member("alice")):
        assert person.says("PING :a b") == [":chat.test PONG chat.test :a b"]
        assert codes(person.says("PING")) == ["409"]
        assert person.says("PONG x", "PONG") == []


def test_quit() -> None:
    """Section "QUIT message": acknowledged by ERROR; the others see `Quit: ` before the reason."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    for person in (alice, bob):
        person.says("JOIN #den")
    alice.hears()
    assert codes(bob.says("QUIT :to bed")) == ["ERROR"]
    assert of(alice.hears(), "QUIT")[0].params == ["Quit: to bed"]
    assert codes(rules.connect().says("QUIT")) == ["ERROR"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("NICK", ["431"]),
        ("NICK :", ["431"]),
        ("NICK *", ["432"]),
        ("NICK a.b", ["432"]),
        ("NICK alice", []),
    ],
)
def test_nick_before_it_is_complete(line: str, code: list[str]) -> None:
    """Section "NICK message": 431 without one, 432 for one that can't be."""
    assert codes(RulesUnderTest("alice").connect().says(line)) == code
