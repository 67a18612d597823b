"""A member goes on with a token, or a password, that has ended."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.core.auth import throttle
from securechat.core.model.states import State
from tests.support.house import House, running
from tests.support.person import Person as Guest
from tests.support.stage import RIGHT, Person, Stage, codes, of, only, plain


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessing is slowed elsewhere; here every attempt is looked at."""
    monkeypatch.setattr(throttle, "FREE", throttle.MAX_LEVEL)


def token_of(person: Person, name: str = "laptop") -> str:
    person.hears()
    return only(person.says(f"TOKEN CREATE {name}")).params[3]


def tries(stage: Stage, name: str, password: str) -> Person:
    person = stage.stranger()
    person.logs_in(name, password=password)
    return person


def proven(stage: Stage, token: str) -> Person:
    person = stage.stranger()
    person.says("CAP REQ :sasl", "NICK alice", "AUTHENTICATE PLAIN")
    person.says(f"AUTHENTICATE {plain('alice', token)}")
    assert person.session.state is State.PROVEN
    return person


def loading(stage: Stage, token: str) -> Person:
    stage.member("bob").says("PRIVMSG alice :hello")
    stage.busy = True
    person = proven(stage, token)
    person.says("USER a 0 * :A", "CAP END")
    assert person.session.state is State.LOADING
    return person


def ready(stage: Stage, token: str) -> Person:
    return tries(stage, "alice", token)


@pytest.mark.parametrize("state", [proven, loading, ready])
@pytest.mark.parametrize("how", ["revoked", "by the thief itself", "password changed"])
def test_a_revoked_token_s_sessions_end_at_once(
    state: Callable[[Stage, str], Person], how: str
) -> None:
    """However far they have come; what they say in the same breath is not done."""
    stage = Stage("alice", "bob")
    alice = stage.member("alice")
    token = token_of(alice)
    thief = state(stage, token)
    other = stage.member("alice") if not stage.busy else alice
    with stage.turn():
        if how == "password changed":
            alice.says("PASSWD :another fine password")
        else:
            (other if how == "revoked" else alice).says("TOKEN REVOKE laptop")
        if how != "password changed":
            thief.says("JOIN #den", "PRIVMSG bob :still here")
    stage.busy = False
    stage.work()
    assert thief.session.state is State.CLOSED
    assert "#den" not in stage.model.channels
    assert tries(stage, "alice", token).session.account is None
    assert alice.session.state is State.READY


def test_who_revokes_the_token_it_came_with_is_out() -> None:
    """Also for the rest of the line it was saying."""
    stage = Stage("alice", "bob")
    token = token_of(stage.member("alice"))
    thief = tries(stage, "alice", token)
    with stage.turn():
        thief.says("TOKEN REVOKE laptop", "JOIN #den", "TOKEN CREATE more")
    assert thief.session.state is State.CLOSED
    assert "#den" not in stage.model.channels
    assert stage.account("alice").tokens == {}


def test_of_two_who_change_the_password_at_once_one_does() -> None:
    """The other's session has ended by then, and what it wanted is not done."""
    stage = Stage("alice")
    one, two = stage.member("alice"), stage.member("alice")
    stage.busy = True
    one.says("PASSWD :the first new password")
    two.says("PASSWD :the other new password")
    stage.busy = False
    stage.work()
    told = of([*one.hears(), *two.hears()], "NOTE")
    assert [message.params[:2] for message in told] == [["PASSWD", "CHANGED"]]
    assert (one.session.state, two.session.state) == (State.READY, State.CLOSED)


def test_a_login_with_the_old_password_that_is_under_way_is_none() -> None:
    """It was checked when it was still right."""
    stage = Stage("alice")
    alice = stage.member("alice")
    stage.busy = True
    thief = tries(stage, "alice", RIGHT)
    granted = stage.do(stage.jobs.pop())
    alice.says("PASSWD :the first new password")
    stage.busy = False
    stage.work()
    stage.answer(granted)
    assert thief.session.account is None
    assert "001" not in codes(thief.hears())


def test_a_session_can_have_one_change_under_way() -> None:
    """So a member doesn't keep the workers busy with its own password."""
    stage = Stage("alice")
    alice = stage.member("alice")
    stage.busy = True
    told = alice.says(*["PASSWD :another fine password"] * 10)
    assert len(stage.jobs) == 1
    assert [m.params[1] for m in of(told, "FAIL")] == ["TEMPORARILY_UNAVAILABLE"] * 9


def logs_in(house: House, password: str) -> Guest:
    guest = house.stranger()
    payload = base64.b64encode(f"\0alice\0{password}".encode()).decode()
    guest.says("CAP REQ :sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    guest.says(f"AUTHENTICATE {payload}")
    return guest


def test_a_stolen_token_is_cut_off_while_it_is_used(tmp_path: Path) -> None:
    """By its owner, and by the administrator: the thief's connection ends, others stay."""
    with running(tmp_path / "data", "alice", "bob") as house:
        alice, bob = house.member("alice"), house.member("bob")
        alice.says("TOKEN CREATE laptop")
        token = alice.hears_until(" CREATED ")[-1].split(" ")[5]
        thieves = [house.member("alice", password=token) for _ in range(5)]
        alice.says("TOKEN REVOKE laptop")
        for thief in thieves:
            assert "has been revoked" in thief.hears_the_end()[-1]
        alice.barrier()
        alice.says("PRIVMSG bob :I am still here")
        bob.hears_until("still here")
        guest = logs_in(house, token)
        guest.hears_until(" 904 ")
