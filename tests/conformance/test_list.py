"""LIST and its conditions. https://modern.ircdocs.horse/#list-message, #elist-parameter"""

from __future__ import annotations

import pytest

from securechat.core.commands.listing import MAX_CONDITIONS
from tests.support.client import Client, codes, of
from tests.support.rules import RulesUnderTest


@pytest.fixture
def alice() -> Client:
    """#old is 60 minutes old and has a topic of 30; #two has two members; #new is of now."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("JOIN #old")
    rules.now_ms += 30 * 60_000
    alice.says("TOPIC #old :soup", "JOIN #two")
    bob.says("JOIN #two")
    rules.now_ms += 30 * 60_000
    alice.says("JOIN #new,#secret", "MODE #secret +s")
    bob.says("JOIN #new")
    bob.says("PART #new")
    alice.hears()
    return bob


def listed(client: Client, condition: str) -> str:
    """The names that are listed, without #."""
    heard = client.says(f"LIST {condition}")
    assert codes(heard)[0] == "321"
    assert codes(heard)[-1] == "323"
    return " ".join(line.params[1][1:] for line in of(heard, "322"))


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        *[("", "old two new"), (">0", "old two new"), ("<1", ""), (">1", "two"), ("<2", "old new")],
        *[("<3", "old two new"), ("C<60", "two new"), ("C<61", "old two new"), ("C>60", "")],
        *[("C>59", "old"), ("C>29", "old two"), ("C<30", "new"), ("c<30", "new")],
        *[("T<31", "old"), ("T<30", ""), ("T>29", "old"), ("T>30", "")],
        *[("*", "old two new"), ("#*", "old two new"), ("*O*", "old two"), ("#?ew", "new")],
        *[("#n*,#old", "old new"), ("!*o*", "new"), ("!#old", "two new"), ("!*o*,!*n*", "")],
        *[("#old,>1", ""), ("#two,>1", "two"), ("#old,#two >1", "two"), ("* <2", "old new")],
        *[("#secret", ""), ("*secret", ""), ("<x", ""), ("C>", ""), ("C>1111111111", "")],
        *[("old", ""), ("*?" * 20, "")],
    ],
)
def test_conditions(alice: Client, condition: str, found: str) -> None:
    """#elist-parameter: less or more than, in minutes or members online; masks and names are
    alternatives, and all conditions hold. What is secret isn't found.
    """
    assert listed(alice, condition) == found


def test_the_token_names_all_of_them() -> None:
    """#elist-parameter."""
    heard = of(RulesUnderTest("alice").connect().logs_in("alice"), "005")
    assert "ELIST=CMNTU" in {token for line in heard for token in line.params}


def test_many_conditions_are_refused(alice: Client) -> None:
    """Each is asked of every channel; names are not."""
    assert listed(alice, ",".join(["#o*"] * MAX_CONDITIONS)) == "old"
    assert codes(alice.says("LIST " + ",".join(["#o*"] * (MAX_CONDITIONS + 1)))) == ["407"]
    assert listed(alice, ",".join(f"#{number}" for number in range(60)) + ",#new") == "new"
