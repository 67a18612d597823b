"""SESSIONS: a member sees where the account is logged in, and ends what should not be."""

from __future__ import annotations

import json

import pytest

from securechat.core.model.states import State
from tests.support.client import Client, codes, of, only
from tests.support.rules import NOT_STORED, RIGHT, RulesUnderTest


def arrives(rules: RulesUnderTest, password: str = RIGHT, address: str = "192.0.2.1") -> Client:
    person = rules.connect(address=address)
    person.logs_in("alice", password=password)
    person.hears()
    return person


def token_of(person: Client, words: str = "laptop") -> str:
    return only(person.says(f"TOKEN CREATE {words}")).params[3]


def listed(person: Client) -> list[list[str]]:
    """The entries, without the command's name and the text."""
    *entries, end = of(person.says("SESSIONS LIST"), "NOTE")
    assert end.params[:-1] == ["SESSIONS", "END", str(len(entries))]
    assert all(entry.params[:2] == ["SESSIONS", "ENTRY"] for entry in entries)
    return [entry.params[2:-1] for entry in entries]


def here(*people: Client) -> list[bool]:
    return [person.session.state is State.READY for person in people]


def test_the_list_tells_how_since_when_and_from_where() -> None:
    """And which one is this; others' sessions are not in it."""
    rules = RulesUnderTest("alice", "bob")
    alice = arrives(rules)
    token = token_of(alice)
    rules.member("bob")
    rules.passes(60)
    arrives(rules, token, "::1")
    rules.passes(5)
    first, second = listed(alice)
    assert first[1:] == [
        *("password", "*", "2023-11-14T22:13:20Z", "2023-11-14T22:14:25Z", "192.0.2.1", "here")
    ]
    assert second[1:] == [
        *("token", "laptop", "2023-11-14T22:14:20Z", "2023-11-14T22:14:20Z", "0::1", "elsewhere")
    ]


def test_an_id_stays_for_the_session_s_life() -> None:
    """Every session sees the same one, also when others have come and gone."""
    rules = RulesUnderTest("alice")
    one, two = arrives(rules), arrives(rules)
    ids = [entry[0] for entry in listed(one)]
    assert [entry[0] for entry in listed(two)] == ids
    assert len(set(ids)) == 2
    arrives(rules)
    one.hangs_up()
    assert listed(two)[0][0] == ids[1]


def test_one_is_ended_by_its_id() -> None:
    """At once; the audit has who did it, and from where the other was."""
    rules = RulesUnderTest("alice")
    alice, other = arrives(rules), arrives(rules, address="198.51.100.7")
    number = listed(alice)[1][0]
    assert only(alice.says(f"SESSIONS END {number}")).params[:-1] == ["SESSIONS", "ENDED", number]
    assert codes(other.hears()) == ["ERROR"]
    assert here(alice, other) == [True, False]
    [audited] = [a for a in rules.audits if a.event == "session ended"]
    assert (audited.account, audited.address) == ("alice", "192.0.2.1")
    assert json.loads(audited.facts) == {"ended": number, "address_of_ended": "198.51.100.7"}


def test_all_others_are_ended() -> None:
    """The one that asks stays; the others in the channel see nobody go."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = arrives(rules), rules.member("bob")
    for person in (alice, bob):
        person.says("JOIN #den")
    others = [arrives(rules) for _ in range(3)]
    bob.hears(), alice.hears()
    told = only(alice.says("SESSIONS END others"))
    assert told.params == ["SESSIONS", "ENDED", "others", "3 sessions have ended"]
    assert here(alice, *others) == [True, False, False, False]
    assert bob.hears() == []


def test_one_may_end_oneself() -> None:
    """That is logging out."""
    rules = RulesUnderTest("alice")
    alice = arrives(rules)
    assert codes(alice.says(f"SESSIONS END {listed(alice)[0][0]}")) == ["NOTE", "ERROR"]


def test_a_thief_of_a_token_can_t_end_who_has_shown_the_password() -> None:
    """Else the owner would be thrown out each time before the token could be revoked."""
    rules = RulesUnderTest("alice")
    alice = arrives(rules)
    token = token_of(alice)
    thief, device = arrives(rules, token), arrives(rules, token)
    refused = only(thief.says(f"SESSIONS END {listed(thief)[0][0]}"))
    assert (refused.command, refused.params[1]) == ("FAIL", "REAUTHENTICATE")
    thief.says("SESSIONS END others")
    assert here(alice, thief, device) == [True, True, False]
    refused = only(thief.says("SESSIONS END others"))
    assert refused.params[:3] == ["SESSIONS", "REAUTHENTICATE", "others"]
    alice.says("SESSIONS END others")
    assert here(alice, thief) == [True, False]


@pytest.mark.parametrize("wanted", ["", "nonsense", "nonsense twice", ":"])
def test_an_unknown_id(wanted: str) -> None:
    """Also another's session is unknown."""
    rules = RulesUnderTest("alice", "bob")
    refused = only(arrives(rules).says(f"SESSIONS END {wanted}"))
    assert refused.params[:2] == ["SESSIONS", "NO_SUCH_SESSION"]


def test_another_s_session_is_out_of_reach() -> None:
    """Its id means nothing."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = arrives(rules), rules.member("bob")
    number = listed(alice)[0][0]
    assert only(bob.says(f"SESSIONS END {number}")).params[1] == "NO_SUCH_SESSION"
    assert here(alice) == [True]


# A token that a session is bound to


def test_a_client_that_trades_its_password_ends_with_the_token() -> None:
    """It asked for that; whoever makes a token for another device stays."""
    rules = RulesUnderTest("alice")
    alice, ours, owner = arrives(rules), arrives(rules), arrives(rules)
    token_of(alice, "phone")
    token_of(ours, "laptop bind")
    assert [entry[1:3] for entry in listed(alice)][:2] == [["password", "*"], ["token", "laptop"]]
    owner.says("TOKEN REVOKE phone")
    assert here(alice, ours, owner) == [True, True, True]
    owner.says("TOKEN REVOKE laptop")
    assert here(alice, ours, owner) == [True, False, True]


def test_who_is_bound_has_still_shown_the_password() -> None:
    """It may change credentials, and its place is not the first to be taken."""
    rules = RulesUnderTest("alice", max_sessions=2)
    ours = arrives(rules)
    token = token_of(ours, "laptop BIND")
    thief = arrives(rules, token)
    token_of(ours, "phone")
    arrives(rules)
    assert here(ours, thief) == [True, False]


def test_what_is_not_stored_binds_nothing() -> None:
    """The session is as it was."""
    rules = RulesUnderTest("alice")
    alice = arrives(rules)
    rules.full = True
    assert NOT_STORED in only(alice.says("TOKEN CREATE laptop BIND")).params[-1]
    rules.full = False
    assert listed(alice)[0][1:3] == ["password", "*"]


def test_a_new_password_frees_who_sets_it() -> None:
    """The token that it was bound to is no more; the session goes on, and may be bound again."""
    rules = RulesUnderTest("alice")
    alice = arrives(rules)
    token_of(alice, "laptop BIND")
    alice.says("PASSWD :quite another password")
    assert listed(alice)[0][1:3] == ["password", "*"]
    token_of(alice, "laptop BIND")
    assert codes(alice.says("TOKEN REVOKE laptop")) == ["NOTE", "ERROR"]


def test_a_word_too_many_is_not_passed_over() -> None:
    """A name is one word."""
    refused = only(arrives(RulesUnderTest("alice")).says("TOKEN CREATE my laptop"))
    assert refused.params[:3] == ["TOKEN", "INVALID_NAME", "my"]
