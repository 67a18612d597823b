"""The life of a session, as one table. A pair that isn't in it is a bug, and says so.

CONNECTED ──mechanism──► CHALLENGED ──payload──► VERIFYING ──granted──► PROVEN
    ▲  │                     │ aborted               │ denied              │ complete
    │  └──────password───────┼──────────────────────►│                     ▼
    ◄────────────────────────┴───────────────────────┘                  LOADING
    │                                                                      │ loaded
    └──register──► CREATING ──granted──► PROVEN                            ▼
                                                                         READY
and from everywhere: closing ──► CLOSED
"""

from __future__ import annotations

from enum import Enum, IntEnum, auto


class State(IntEnum):
    """What a session has shown of itself so far. Looked up for every line: an int has no hash to
    be computed in Python.
    """

    CONNECTED = auto()
    """Nobody yet: may negotiate, register, authenticate and quit."""
    CHALLENGED = auto()
    """Has chosen a SASL mechanism; its payload is awaited."""
    VERIFYING = auto()
    """A worker checks the password."""
    CREATING = auto()
    """A worker makes the hash for a new account."""
    PROVEN = auto()
    """Logged in, the connection's registration is not complete."""
    LOADING = auto()
    """A worker reads what the account has missed."""
    READY = auto()
    """In the broadcast set."""
    CLOSED = auto()


class Trigger(Enum):
    """What moves a session on."""

    MECHANISM = auto()
    ABORTED = auto()
    PAYLOAD = auto()
    PASSWORD = auto()
    REGISTER = auto()
    GRANTED = auto()
    DENIED = auto()
    COMPLETE = auto()
    LOADED = auto()
    CLOSING = auto()


TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (State.CONNECTED, Trigger.MECHANISM): State.CHALLENGED,
    (State.CONNECTED, Trigger.PASSWORD): State.VERIFYING,
    (State.CONNECTED, Trigger.REGISTER): State.CREATING,
    (State.CHALLENGED, Trigger.PAYLOAD): State.VERIFYING,
    (State.CHALLENGED, Trigger.ABORTED): State.CONNECTED,
    (State.VERIFYING, Trigger.GRANTED): State.PROVEN,
    (State.VERIFYING, Trigger.DENIED): State.CONNECTED,
    (State.CREATING, Trigger.GRANTED): State.PROVEN,
    (State.CREATING, Trigger.DENIED): State.CONNECTED,
    (State.PROVEN, Trigger.COMPLETE): State.LOADING,
    (State.LOADING, Trigger.LOADED): State.READY,
    # From CLOSED too: what is closed already may be closed again.
    **{(state, Trigger.CLOSING): State.CLOSED for state in State},
}

WAITING = frozenset({State.VERIFYING, State.CREATING, State.LOADING})
"""A worker's answer is due; the session's lines are held until it is there, in their order."""


class TransitionError(RuntimeError):
    """A trigger came in a state that has no place for it."""


def after(state: State, trigger: Trigger) -> State:
    """The state that follows. Raises TransitionError, which names both."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        # Without the KeyError, which would show the pair once more and nothing else.
        raise TransitionError(f"{trigger.name} can't happen in {state.name}") from None
