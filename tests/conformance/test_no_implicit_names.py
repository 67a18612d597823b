"""no-implicit-names. https://ircv3.net/specs/extensions/no-implicit-names"""

from __future__ import annotations

from tests.support.client import SERVER, codes, source
from tests.support.rules import RulesUnderTest, in_channel, outsider

CAP = "no-implicit-names"


def test_no_names_behind_a_join() -> None:
    """Implementation: "MUST NOT send an implicit NAMES reply"; the topic comes as ever."""
    rules, (alice,) = in_channel("alice")
    alice.says("TOPIC #den :soup")
    bob = outsider(rules, "bob", caps=CAP)
    assert bob.says("JOIN #den") == [
        f"{source('bob')} JOIN #den",
        f":{SERVER} 332 bob #den :soup",
        f":{SERVER} 333 bob #den {source('alice')[1:]} :{rules.now_ms // 1000}",
    ]
    assert bob.says("JOIN #new") == [f"{source('bob')} JOIN #new"]


def test_none_at_a_login() -> None:
    """Description: it is the time to connect that this saves, in as many channels as one is in."""
    rules = RulesUnderTest("alice", lobby="#lobby")
    rules.member("alice").says("JOIN #den", "QUIT")
    assert {"353", "366"}.isdisjoint(codes(rules.connect().logs_in("alice", caps=CAP)))


def test_names_is_answered() -> None:
    """Implementation: "MUST reply to explicit NAMES commands as usual"."""
    _, (alice, bob) = in_channel("alice", "bob")
    bob.says(f"CAP REQ {CAP}")
    assert codes(bob.says("NAMES #den")) == ["353", "366"]
    alice.says(f"CAP REQ {CAP}", f"CAP REQ -{CAP}")
    assert codes(alice.says("JOIN #x")) == ["JOIN", "353", "366"]
