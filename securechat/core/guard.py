"""A bug of the program, where it must not cost the others anything. Hub thread only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from securechat.core.model.entities import Session
from securechat.core.turn import Turn

log = logging.getLogger(__name__)

FAILED = "The server failed; it is logged"


def guarded(
    turn: Turn, what: str, action: Callable[[], object], sessions: Iterable[Session] = ()
) -> None:
    """Do something; if that raises, take it back, log it, and end the sessions that it was about,
    so that it isn't tried with them again.
    """
    start = turn.savepoint()
    try:
        action()
    # Everything that can be a bug; what ends the process (KeyboardInterrupt) is none.
    except Exception:
        turn.roll_back(start)
        log.exception("a bug: %s failed and was taken back", what)
        for session in sessions:
            turn.close(session, FAILED)
