"""When the others are told that we are typing.

Fronts say it at each key; here it is said as often as it should be. Pure state of the receiving
thread; times are seconds of a monotonic clock. https://ircv3.net/specs/client-tags/typing
"""

from __future__ import annotations

from typing import Final

from securechat.client.session.actions import Type
from securechat.client.session.identity import fold
from securechat.common.record import State

EVERY: Final = 3.0
"""Seconds between two that say that we type, in one conversation."""

LASTS: Final = 6.0
"""Seconds for which the others believe it."""

PAUSED: Final = 30.0
"""Seconds for which they believe that somebody has paused, but not given up."""

# Conversations in which we have typed lately; a person types in one.
MAX_KNOWN: Final = 100


class _Told(State):
    """What was told in a conversation. at: when we were said to type. open: whether it wasn't ended
    since.
    """

    at: float
    open: bool = True


class Typing:
    """Of one connection. on: whether the server relays it."""

    def __init__(self) -> None:
        self._on = False
        self._told: dict[str, _Told] = {}

    def restart(self, *, on: bool) -> None:
        """A new connection."""
        self._on = on
        self._told.clear()

    def may(self, action: Type, now: float, *, busy: bool) -> bool:
        """Whether an action is sent now. busy: something that we have said is still on its way, so
        that this would make it later.
        """
        key = fold(action.target)
        known = self._told.get(key)
        if action.ended:
            # At once, but only to who believes that we type.
            believed = known is not None and known.open and now < known.at + LASTS
            self.said(action.target)
            return self._on and believed
        if not self._on or busy or (known is not None and now < known.at + EVERY):
            return False
        self._told.pop(key, None)
        self._told[key] = _Told(now)
        if len(self._told) > MAX_KNOWN:
            del self._told[next(iter(self._told))]
        return True

    def said(self, target: str) -> None:
        """We have said something there, which ends it."""
        if known := self._told.get(fold(target)):
            known.open = False
