"""What an account may ask of the hub, whatever connection it asks on, and whatever it asks."""

from __future__ import annotations

import pytest

from securechat.core.delivery.effects import Broadcast, Effect, Reply
from securechat.core.delivery.line import BareLine, Line
from securechat.core.model.entities import Account, Audience, Session
from securechat.irc.framing import PLAIN_LINE
from securechat.net.throttle import Rate
from securechat.server import allowance as module
from securechat.server.allowance import (
    ANSWER_BYTES,
    LINE_SECONDS,
    Allowance,
    Standing,
    cost_of,
    cost_of_answers,
)

RATE = Rate(lines=20.0, burst=100.0)


@pytest.fixture
def alice() -> Account:
    return account("alice")


def account(name: str) -> Account:
    return Account(len(name), name, name, name)


def stand_in() -> Session:
    return Session(None, io=0, address="", fingerprint=None, opened_at=0.0)


def spent(lines: int, seconds: float = 0.0) -> tuple[Allowance, Account]:
    """Somebody who has used up so much at the time 0."""
    allowance, somebody = Allowance(RATE), account("alice")
    allowance.bucket(somebody, 0.0).spend(lines, seconds)
    return allowance, somebody


def test_who_has_said_little_is_among_the_first(alice: Account) -> None:
    """Also who has never been seen."""
    allowance = Allowance(RATE)
    assert allowance.is_fresh(alice)
    assert allowance.standing(alice, 0.0) is Standing.FRESH
    allowance, alice = spent(10)
    assert allowance.is_fresh(alice)


def test_who_has_said_much_comes_behind(alice: Account) -> None:
    """And among the first again after a while of talking less."""
    allowance, alice = spent(30)
    assert not allowance.is_fresh(alice)
    assert allowance.standing(alice, 0.0) is Standing.BUSY
    assert allowance.standing(alice, 1.0) is Standing.FRESH


def test_who_has_used_up_everything_rests() -> None:
    """For as long as it takes to earn some lines again."""
    allowance, alice = spent(100)
    assert allowance.standing(alice, 0.0) is Standing.RESTING
    wait = allowance.wait(alice, 0.0)
    assert allowance.standing(alice, wait) is Standing.BUSY


def test_time_is_paid_for() -> None:
    """One line that keeps the hub for long costs as much as many."""
    allowance, alice = spent(1, 200 * LINE_SECONDS)
    assert allowance.standing(alice, 0.0) is Standing.RESTING
    assert allowance.wait(alice, 0.0) > 4.0


def test_long_lines_cost_more() -> None:
    """As many as fit into them: a tag may have 8 KiB."""
    assert cost_of([b"hello", b"world"]) == 2
    assert cost_of([b"x" * PLAIN_LINE * 16]) == 17


def test_answers_are_paid_for_by_their_bytes() -> None:
    """What others are sent is not: a message costs what it is, however many hear it."""
    somebody, channel = stand_in(), Audience([])
    line = Line("PRIVMSG #den :hi", 0)
    said: list[Effect] = [Broadcast(channel, line), Broadcast(channel, line)]
    assert cost_of_answers(said) == 0
    answers: list[Effect] = [
        Reply(somebody, BareLine("x" * ANSWER_BYTES), somebody.encoding_group)
    ] * 3
    assert cost_of_answers(answers) == 3
    assert cost_of_answers([*said, *answers]) == 3


def test_a_high_rate_lets_everybody_be_first(alice: Account) -> None:
    """Where as much is earned in an instant as anybody says."""
    allowance = Allowance(Rate(1e6, 1e6))
    allowance.bucket(alice, 0.0).spend(50_000, 0.04)
    assert allowance.is_fresh(alice)


def test_what_is_full_again_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table doesn't grow with all who ever spoke."""
    monkeypatch.setattr(module, "MOST_BUCKETS", 3)
    allowance = Allowance(RATE)
    for number in range(10):
        allowance.bucket(account("x" * (number + 1)), number * 10.0).spend(1)
    assert len(allowance._buckets) <= 4


def test_another_rate_is_for_those_too_who_have_spent_some() -> None:
    """A larger burst is given at once, and what is spent stays spent."""
    alice, bob = account("alice"), account("bob")
    allowance = Allowance(Rate(lines=1.0, burst=10.0))
    allowance.bucket(alice, 0.0).spend(10)
    assert allowance.standing(alice, 0.0) is Standing.RESTING
    allowance.change(Rate(lines=1.0, burst=40.0), 0.0)
    assert allowance.standing(alice, 0.0) is Standing.FRESH
    assert allowance.bucket(alice, 0.0).tokens == 30.0
    assert allowance.bucket(bob, 0.0).tokens == 40.0
