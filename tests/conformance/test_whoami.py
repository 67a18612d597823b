"""draft/whoami: https://github.com/ircv3/ircv3-specifications/pull/603"""

from __future__ import annotations

import pytest

from tests.support.client import codes, source
from tests.support.rules import RulesUnderTest


def welcome(caps: str, *before: str) -> list[str]:
    """What alice hears at a login, from the first 005 to the first numeric behind it."""
    rules = RulesUnderTest("alice")
    if before:
        rules.member("alice").says(*before)
    heard = rules.connect().logs_in("alice", caps=caps)
    numerics = codes(heard)
    return heard[numerics.index("005") : numerics.index("251") + 1]


def test_the_own_prefix_is_told_in_the_welcome() -> None:
    """Description, 2: "between the final 005 and the beginning of the LUSERS numerics", "with the
    client's prefix as its source and the client's realname as its only parameter".
    """
    heard = welcome("chghost draft/whoami", "SETNAME :Alice of the lab")
    assert set(codes(heard[:-2])) == {"005"}
    assert heard[-2] == f"{source('alice')} SETNAME :Alice of the lab"


@pytest.mark.parametrize("caps", ["", "chghost", "draft/whoami", "setname"])
def test_it_is_told_to_who_has_asked_for_both(caps: str) -> None:
    """Description: "If a client has enabled `draft/whoami` and `chghost`"."""
    assert "SETNAME" not in codes(welcome(caps))
