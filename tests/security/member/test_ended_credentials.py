"""A member goes on with a token, or a password, that has ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.core.auth import throttle
from securechat.core.model.states import State
from tests.support.client import Client, codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest, plain
from tests.support.server import ServerUnderTest, running


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessing is slowed elsewhere; here every attempt is looked at."""
    monkeypatch.setattr(throttle, "FREE", throttle.MAX_LEVEL)


def token_of(person: Client, name: str = "laptop") -> str:
    person.hears()
    return only(person.says(f"TOKEN CREATE {name}")).params[3]


def tries(rules: RulesUnderTest, name: str, password: str) -> Client:
    person = rules.connect()
    person.logs_in(name, password=password)
    return person


def proven(rules: RulesUnderTest, token: str) -> Client:
    person = rules.connect()
    person.says("CAP REQ :sasl", "NICK alice", "AUTHENTICATE PLAIN")
    person.says(f"AUTHENTICATE {plain('alice', token)}")
    assert person.session.state is State.PROVEN
    return person


def loading(rules: RulesUnderTest, token: str) -> Client:
    rules.member("bob").says("PRIVMSG alice :hello")
    rules.busy = True
    person = proven(rules, token)
    person.says("USER a 0 * :A", "CAP END")
    assert person.session.state is State.LOADING
    return person


def ready(rules: RulesUnderTest, token: str) -> Client:
    return tries(rules, "alice", token)


@pytest.mark.parametrize("state", [proven, loading, ready])
@pytest.mark.parametrize("how", ["revoked", "by the thief itself", "password changed"])
def test_a_revoked_token_s_sessions_end_at_once(
    state: Callable[[RulesUnderTest, str], Client], how: str
) -> None:
    """However far they have come; what they say in the same breath is not done."""
    rules = RulesUnderTest("alice", "bob")
    alice = rules.member("alice")
    token = token_of(alice)
    thief = state(rules, token)
    other = rules.member("alice") if not rules.busy else alice
    with rules.turn():
        if how == "password changed":
            alice.says("PASSWD :another fine password")
        else:
            (other if how == "revoked" else alice).says("TOKEN REVOKE laptop")
        if how != "password changed":
            thief.says("JOIN #den", "PRIVMSG bob :still here")
    rules.busy = False
    rules.work()
    assert thief.session.state is State.CLOSED
    assert "#den" not in rules.model.channels
    assert tries(rules, "alice", token).session.account is None
    assert alice.session.state is State.READY


def test_who_revokes_the_token_it_came_with_is_out() -> None:
    """Also for the rest of the line it was saying."""
    rules = RulesUnderTest("alice", "bob")
    token = token_of(rules.member("alice"))
    thief = tries(rules, "alice", token)
    with rules.turn():
        thief.says("TOKEN REVOKE laptop", "JOIN #den", "TOKEN CREATE more")
    assert thief.session.state is State.CLOSED
    assert "#den" not in rules.model.channels
    assert rules.account("alice").tokens == {}


def test_of_two_who_change_the_password_at_once_one_does() -> None:
    """The other's session has ended by then, and what it wanted is not done."""
    rules = RulesUnderTest("alice")
    one, two = rules.member("alice"), rules.member("alice")
    rules.busy = True
    one.says("PASSWD :the first new password")
    two.says("PASSWD :the other new password")
    rules.busy = False
    rules.work()
    told = of([*one.hears(), *two.hears()], "NOTE")
    assert [message.params[:2] for message in told] == [["PASSWD", "CHANGED"]]
    assert (one.session.state, two.session.state) == (State.READY, State.CLOSED)


def test_a_login_with_the_old_password_that_is_under_way_is_none() -> None:
    """It was checked when it was still right."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    rules.busy = True
    thief = tries(rules, "alice", RIGHT)
    granted = rules.do(rules.jobs.pop())
    alice.says("PASSWD :the first new password")
    rules.busy = False
    rules.work()
    rules.answer(granted)
    assert thief.session.account is None
    assert "001" not in codes(thief.hears())


def test_a_session_can_have_one_change_under_way() -> None:
    """So a member doesn't keep the workers busy with its own password."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    rules.busy = True
    told = alice.says(*["PASSWD :another fine password"] * 10)
    assert len(rules.jobs) == 1
    assert [m.params[1] for m in of(told, "FAIL")] == ["TEMPORARILY_UNAVAILABLE"] * 9


def logs_in(server: ServerUnderTest, password: str) -> Client:
    client = server.connect()
    client.begins_login("alice", password=password, end=False)
    return client


def test_a_stolen_token_is_cut_off_while_it_is_used(tmp_path: Path) -> None:
    """By its owner, and by the administrator: the thief's connection ends, others stay."""
    with running(tmp_path / "data", "alice", "bob") as server:
        alice, bob = server.member("alice"), server.member("bob")
        alice.sends("TOKEN CREATE laptop")
        token = alice.hears_until(" CREATED ")[-1].split(" ")[5]
        thieves = [server.member("alice", password=token) for _ in range(5)]
        alice.sends("TOKEN REVOKE laptop")
        for thief in thieves:
            assert "has been revoked" in thief.hears_the_end()[-1]
        alice.hears()
        alice.sends("PRIVMSG bob :I am still here")
        bob.hears_until("still here")
        client = logs_in(server, token)
        client.hears_until(" 904 ")
