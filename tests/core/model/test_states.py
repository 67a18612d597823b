"""The life of a session, as one table."""

from __future__ import annotations

import pytest

from securechat.core.model.states import (
    TRANSITIONS,
    WAITING,
    State,
    TransitionError,
    Trigger,
    after,
)

STEPS = [
    (State.CONNECTED, Trigger.MECHANISM, State.CHALLENGED),
    (State.CHALLENGED, Trigger.ABORTED, State.CONNECTED),
    (State.CHALLENGED, Trigger.PAYLOAD, State.VERIFYING),
    (State.CONNECTED, Trigger.PASSWORD, State.VERIFYING),
    (State.VERIFYING, Trigger.DENIED, State.CONNECTED),
    (State.VERIFYING, Trigger.GRANTED, State.PROVEN),
    (State.CONNECTED, Trigger.REGISTER, State.CREATING),
    (State.CREATING, Trigger.DENIED, State.CONNECTED),
    (State.CREATING, Trigger.GRANTED, State.PROVEN),
    (State.PROVEN, Trigger.COMPLETE, State.LOADING),
    (State.LOADING, Trigger.LOADED, State.READY),
]


@pytest.mark.parametrize(("state", "trigger", "following"), STEPS)
def test_the_steps_of_a_login(state: State, trigger: Trigger, following: State) -> None:
    """As the drawing on top of the module shows."""
    assert after(state, trigger) is following


@pytest.mark.parametrize("state", State)
def test_every_session_can_end(state: State) -> None:
    """From everywhere, also a second time."""
    assert after(state, Trigger.CLOSING) is State.CLOSED


def test_there_is_no_other_step() -> None:
    """What isn't in the table is a bug that names both."""
    allowed = {(state, trigger) for state, trigger, _ in STEPS}
    for state in State:
        for trigger in set(Trigger) - {Trigger.CLOSING}:
            if (state, trigger) not in allowed:
                with pytest.raises(TransitionError, match=f"{trigger.name} .* {state.name}"):
                    after(state, trigger)
    assert len(TRANSITIONS) == len(STEPS) + len(State)


def test_there_is_one_way_into_the_broadcast_set() -> None:
    """READY is reached by LOADING, which is reached by a proof only."""
    doors = {(state, trigger) for (state, trigger), to in TRANSITIONS.items() if to is State.READY}
    proofs = {trigger for (_, trigger), to in TRANSITIONS.items() if to is State.PROVEN}
    assert doors == {(State.LOADING, Trigger.LOADED)}
    assert proofs == {Trigger.GRANTED}


def test_what_waits_for_a_worker() -> None:
    """The states whose lines are held."""
    assert {State.VERIFYING, State.CREATING, State.LOADING} == WAITING
