"""Whether the server is still there: Liveness."""

from __future__ import annotations

from securechat.client.session.liveness import ANSWER, IDLE, Liveness, Verdict


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
