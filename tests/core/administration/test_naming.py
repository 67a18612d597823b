"""An administrator renames somebody, who stays the same account: what they and the others see, and
that nobody else ever gets the name before.
"""

from __future__ import annotations

import json

import pytest

from securechat.core.administration.requests import Refused
from tests.support.client import of
from tests.support.rules import RulesUnderTest, in_channel

CAPS = "echo-message account-notify chghost extended-monitor"
ALICE = "alice!alice@chat.test"


def renames(rules: RulesUnderTest, who: str, name: str) -> str:
    return str(rules.asks("user rename", account=rules.account(who).id, name=name))


def test_everybody_who_sees_them_is_told() -> None:
    """By NICK, CHGHOST and ACCOUNT; they themselves also by the server's word. They stay in their
    channels, with their modes.
    """
    rules, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    assert renames(rules, "alice", "Zoë") == "Zoë"
    told = [
        f":{ALICE} NICK Zoë",
        ":Zoë!alice@chat.test CHGHOST Zoë chat.test",
        ":Zoë!Zoë@chat.test ACCOUNT Zoë",
    ]
    assert bob.hears() == told
    *seen, notice = alice.hears()
    assert seen == told
    assert notice.startswith(":chat.test NOTICE Zoë :The administrator has changed your name from")
    assert "353 bob = #den :@Zoë bob" in "\n".join(bob.says("NAMES #den")).replace("~", "@")
    assert alice.says("PRIVMSG #den :hi") == [":Zoë!Zoë@chat.test PRIVMSG #den :hi"]
    [row] = [row for row in rules.audits if row.event == "account renamed"]
    assert (row.account, json.loads(row.facts)) == ("os:root", {"account": "alice", "name": "Zoë"})


def test_the_name_before_says_who_it_is_now() -> None:
    """Nothing is delivered under it: who writes to it is told the new name, and so is WHOIS."""
    rules, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    renames(rules, "alice", "zoe")
    for client in (alice, bob):
        client.hears()
    text = "No such nick/channel: it is called zoe now"
    assert bob.says("PRIVMSG ALICE :hi") == [f":chat.test 401 bob ALICE :{text}"]
    assert bob.says("WHOIS alice")[0] == f":chat.test 401 bob alice :{text}"
    assert alice.hears() == []


def test_those_who_follow_either_name_are_told() -> None:
    """MONITOR is about names: one has gone, the other has come."""
    rules, (_, bob) = in_channel("alice", "bob", caps="")
    bob.says("MONITOR + alice,zoe")
    renames(rules, "alice", "zoe")
    heard = [line for line in bob.hears() if " 73" in line]
    assert heard == [":chat.test 731 * :alice", ":chat.test 730 * :zoe!zoe@chat.test"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("bob", "bob has this name, which is given to nobody else"),
        ("b0b", "b0b looks like a name that bob has or had; choose another"),
        ("carol", "dora had this name, which is given to nobody else"),
        ("caroI", "caroI looks like a name that dora has or had; choose another"),
        ("alice", "alice is called so already"),
        ("a b", "'a b' can't be an account name"),
    ],
)
def test_a_name_that_is_or_was_somebodys_is_refused(wanted: str, told: str) -> None:
    """Promise 3: so is what looks like one."""
    rules, _ = in_channel("alice", "bob", "carol")
    renames(rules, "carol", "dora")
    with pytest.raises(Refused) as refused:
        renames(rules, "alice", wanted)
    assert told in str(refused.value)
    assert rules.account("alice").name == "alice"


def test_nobody_registers_a_name_that_was_somebodys() -> None:
    """Nor one that looks like it."""
    rules, _ = in_channel("alice", "bob", registration="open")
    renames(rules, "alice", "zoe")
    for name, code in (("alice", "ACCOUNT_EXISTS"), ("aIice", "BAD_ACCOUNT_NAME")):
        stranger = rules.connect()
        stranger.says("CAP REQ draft/account-registration", f"NICK {name}", f"USER {name} 0 * :x")
        answer = stranger.says("REGISTER * * :violet kettles dance 4")
        assert f"FAIL REGISTER {code}" in answer[-1]


def test_the_name_before_still_logs_in() -> None:
    """As devices have it, with the same password; the welcome says who they are."""
    rules, (alice, _) = in_channel("alice", "bob")
    renames(rules, "alice", "zoe")
    alice.says("QUIT")
    again = rules.connect()
    again.logs_in("alice")
    assert again.says("PING x")[-1].endswith(" PONG chat.test :x")
    assert rules.account("zoe").sessions


def test_a_ban_holds_whoever_is_renamed() -> None:
    """An exception and an invitation too: masks are about who it was as well."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("MODE #den +b bob!*@*")
    renames(rules, "bob", "rob")
    bob.hears()
    assert " 404 rob #den " in bob.says("PRIVMSG #den :hi")[-1]
    alice.says("MODE #den +e bob!*@*")
    assert not of(bob.says("PRIVMSG #den :hi"), "404")


def test_they_may_be_called_as_before_again() -> None:
    """Then the name in between is the one that is kept for them."""
    rules, _ = in_channel("alice", "bob")
    renames(rules, "alice", "zoe")
    renames(rules, "zoe", "alice")
    with pytest.raises(Refused, match="alice had this name"):
        renames(rules, "bob", "zoe")
    assert rules.model.account_named("zoe") is None
    assert rules.account("alice").former == {"zoe": ("zoe", "zoe")}


def test_another_case_is_no_other_name() -> None:
    """As NICK changes it, and nothing is kept beside it."""
    rules, (_, bob) = in_channel("alice", "bob")
    assert renames(rules, "alice", "Alice") == "Alice"
    assert bob.hears() == [f":{ALICE} NICK Alice"]
    assert rules.model.former_names == {}


def test_what_others_have_read_of_them_stays_read() -> None:
    """Markers are kept by name."""
    rules, (_, bob) = in_channel("alice", "bob", caps="draft/read-marker server-time")
    bob.says("MARKREAD alice timestamp=2020-01-01T00:00:00.000Z")
    renames(rules, "alice", "zoe")
    [line] = bob.says("MARKREAD zoe")[-1:]
    assert line.endswith("MARKREAD zoe timestamp=2020-01-01T00:00:00.000Z")
