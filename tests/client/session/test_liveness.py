"""Whether the server is still there, and when to try again: Liveness, Backoff."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from securechat.client.session.liveness import ANSWER, IDLE, Backoff, Liveness, Verdict


def test_silence_leads_to_one_question() -> None:
    """Asked after IDLE seconds, not before and not twice."""
    liveness = Liveness(100.0)
    assert liveness.tick(100.0 + IDLE - 1) is Verdict.FINE
    assert liveness.tick(100.0 + IDLE) is Verdict.ASK
    assert liveness.tick(100.0 + IDLE + 1) is Verdict.FINE


def test_no_answer_means_dead() -> None:
    """ANSWER seconds after the question."""
    liveness = Liveness(0.0)
    liveness.tick(IDLE)
    assert liveness.deadline() == IDLE + ANSWER
    assert liveness.tick(IDLE + ANSWER) is Verdict.DEAD


def test_anything_heard_is_an_answer() -> None:
    """And begins a new silence."""
    liveness = Liveness(0.0)
    liveness.tick(IDLE)
    liveness.heard(IDLE + 1)
    assert liveness.tick(IDLE + ANSWER) is Verdict.FINE
    assert liveness.deadline() == IDLE + 1 + IDLE


def test_the_waits_double_up_to_a_minute() -> None:
    """With chance in its middle: 1, 2, 4 … 60."""
    backoff = Backoff(lambda: 0.5)
    assert [backoff.next() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_connection_that_held_begins_anew() -> None:
    """reset() forgets the failures."""
    backoff = Backoff(lambda: 0.5)
    backoff.next()
    backoff.next()
    backoff.reset()
    assert backoff.next() == 1


@given(st.floats(0, 1), st.integers(0, 5000))
def test_chance_changes_a_quarter_at_most(chance: float, attempts: int) -> None:
    """Also after very many failures."""
    backoff = Backoff(lambda: chance)
    backoff._attempts = attempts
    assert 0.75 <= backoff.next() <= 75


def test_clients_do_not_return_as_one() -> None:
    """Without a given chance the waits differ."""
    assert len({Backoff().next() for _ in range(20)}) > 1
