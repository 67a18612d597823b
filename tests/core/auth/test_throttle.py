"""Wrong passwords make an account and an address wait; right ones don't."""

from __future__ import annotations

from typing import Any

import pytest

from securechat.core.auth import throttle as module
from securechat.core.auth.throttle import (
    FREE,
    MAX_ADDRESS_BLOCKS,
    MAX_HELD,
    MAX_WAIT_SECONDS,
    LoginThrottle,
)
from securechat.core.jobs import VerifyPassword
from tests.support.rules import RulesUnderTest

HOME, CAFE, EVIL = "192.0.2.1", "198.51.100.7", "203.0.113.9"


def tries(throttle: LoginThrottle, times: int, name: str = "alice", block: str = EVIL) -> None:
    for _ in range(times):
        throttle.wrong(name, block, 0.0)


def test_people_mistype() -> None:
    """Some wrong passwords cost nothing."""
    throttle = LoginThrottle()
    tries(throttle, FREE)
    assert throttle.wait("alice", EVIL, 0.0) == 0


def test_waits_grow_up_to_a_limit() -> None:
    """Twice as long with each one."""
    throttle, waits = LoginThrottle(), []
    for _ in range(12):
        tries(throttle, 1)
        waits.append(throttle.wait("alice", EVIL, 0.0))
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 10, 10, 10, 10]
    assert max(waits) == MAX_WAIT_SECONDS


def test_clients_wait_longer_than_they_are_made_to() -> None:
    """WeeChat gives a login up after 15 s and begins anew: longer waits would keep it out
    for ever. The hub looks once a second who has waited, and then comes bcrypt.
    """
    assert MAX_WAIT_SECONDS + 1 < 15 - 3


def test_they_are_forgotten_with_time() -> None:
    """One by one, the most of a long attack within a quarter of an hour."""
    throttle = LoginThrottle()
    tries(throttle, 1000)
    waits = [throttle.wait("alice", EVIL, minute * 60.0) for minute in range(15)]
    assert waits[:9] == [10, 10, 10, 10, 8, 4, 2, 1, 0]
    assert set(waits[9:]) == {0}


def test_a_network_waits_whatever_name_it_tries() -> None:
    """One password at many accounts is slowed like many at one."""
    throttle = LoginThrottle()
    for number in range(9):
        throttle.wrong(f"name{number}", EVIL, 0.0)
    assert throttle.wait("alice", EVIL, 0.0) == MAX_WAIT_SECONDS
    assert throttle.wait("alice", CAFE, 0.0) == 0


def test_a_name_waits_from_wherever_it_is_tried() -> None:
    """Many addresses don't make guessing at one account faster."""
    throttle = LoginThrottle()
    for number in range(9):
        throttle.wrong("alice", f"203.0.113.{number}", 0.0)
    assert throttle.wait("alice", CAFE, 0.0) == MAX_WAIT_SECONDS
    assert throttle.wait("bob", CAFE, 0.0) == 0


def test_the_owner_is_not_slowed_where_they_have_been_before() -> None:
    """Neither by throttle at their account from elsewhere, nor by a bad neighbour's at others."""
    throttle = LoginThrottle()
    throttle.right("alice", HOME)
    tries(throttle, 20)
    tries(throttle, 20, "bob", HOME)
    assert throttle.wait("alice", HOME, 0.0) == 0
    assert throttle.wait("carol", HOME, 0.0) == MAX_WAIT_SECONDS


def test_a_neighbour_s_guesses_at_the_owner_s_account_do_count() -> None:
    """From the owner's own network too."""
    throttle = LoginThrottle()
    throttle.right("alice", HOME)
    tries(throttle, 9, "alice", HOME)
    assert throttle.wait("alice", HOME, 0.0) == MAX_WAIT_SECONDS
    assert throttle.wait("alice", CAFE, 0.0) == 0


def test_a_login_of_one_s_own_forgives_nothing() -> None:
    """An attacker with an account can't wipe the slate."""
    throttle = LoginThrottle()
    tries(throttle, 9)
    throttle.right("mallory", EVIL)
    assert throttle.wait("alice", EVIL, 0.0) == MAX_WAIT_SECONDS


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first."""
    monkeypatch.setattr(module, "MAX_KEYS", 3)
    throttle = LoginThrottle()
    for name in "abcd":
        throttle.right(name, HOME)
    assert [throttle.known(name, HOME) for name in "abcd"] == [False, True, True, True]


def test_a_member_who_moves_about_pushes_out_nobody() -> None:
    """A thousand networks cost who has them their own oldest."""
    throttle = LoginThrottle()
    throttle.right("alice", HOME)
    for number in range(MAX_ADDRESS_BLOCKS + 1):
        throttle.right("mallory", f"2001:db8:1:{number:x}::/64")
    assert throttle.known("alice", HOME)
    assert not throttle.known("mallory", "2001:db8:1:0::/64")
    assert throttle.known("mallory", f"2001:db8:1:{MAX_ADDRESS_BLOCKS:x}::/64")


# Attempts that wait


def attempt(rules: RulesUnderTest, address: str = EVIL, **more: Any) -> VerifyPassword:
    return VerifyPassword(rules.connect(address=address).session, 1, "alice", "x", **more)


def test_attempts_come_back_in_the_order_of_their_time() -> None:
    """Each once."""
    rules, throttle = RulesUnderTest(), LoginThrottle()
    late, early = attempt(rules), attempt(rules, CAFE)
    assert throttle.hold(late, 9.0)
    assert throttle.hold(early, 5.0)
    assert throttle.due(4.9) == []
    assert throttle.due(5.0) == [early]
    assert throttle.due(100.0) == [late]
    assert throttle.due(100.0) == []


def test_a_network_has_so_many_attempts_waiting_and_no_more() -> None:
    """Another one still has its own, and so has who is known there."""
    rules, throttle = RulesUnderTest(), LoginThrottle()
    for _ in range(MAX_HELD):
        assert throttle.hold(attempt(rules), 5.0)
    assert not throttle.hold(attempt(rules), 5.0)
    assert throttle.hold(attempt(rules, CAFE), 5.0)
    assert throttle.hold(attempt(rules, known=True), 5.0)
    assert len(throttle.due(5.0)) == MAX_HELD + 2
    assert throttle.hold(attempt(rules), 9.0)


# Codes


def test_codes_are_tried_240_times_a_day() -> None:
    """At the most, by who has the password."""
    throttle, tried = LoginThrottle(), 0
    for second in range(0, 86_400, 10):
        if throttle.may_try_code(1, second):
            throttle.wrong_code(1, second)
            tried += 1
    assert 240 <= tried <= 250


def test_wrong_codes_end_after_ten() -> None:
    """And come back slowly: who has the password must not have the code by trying."""
    throttle = LoginThrottle()
    for number in range(10):
        assert throttle.may_try_code(1, 0.0), number
        throttle.wrong_code(1, 0.0)
    assert not throttle.may_try_code(1, 0.0)
    assert not throttle.may_try_code(1, 100.0)
    assert throttle.may_try_code(1, 400.0)
    assert throttle.may_try_code(2, 0.0)
