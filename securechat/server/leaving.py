"""A node that is taken out of service sends its people to the other ones, some at a time.

Hub thread only, but for what says otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from securechat.core.model.entities import Session
from securechat.core.model.states import State
from securechat.core.rules import Rules
from securechat.core.turn import Turn

log = logging.getLogger(__name__)

SESSIONS_A_SECOND = 50
"""Each of them logs in at another node, which costs that one some milliseconds of CPU."""

COME_AGAIN = "This node goes out of service; come again at once, another one takes you"

STOPPING = "This node is stopping; come again at once, another one takes you"
"""The same, where it ends in a moment."""

MOVES = "Moving to another node"
"""What the others see as the QUIT message."""


class Leaving:
    """rules: whose sessions they are. changed: told when the node is to leave, when it is to stay
    after all, and when nobody is left. Any thread may look at what it is like.
    """

    def __init__(self, rules: Rules, changed: Callable[[], object]) -> None:
        self._rules = rules
        self._changed = changed
        self._asked: Sequence[Session] = ()
        self.is_on = False
        """Whether the node is to leave."""
        self.is_done = False
        """Whether nobody is left."""

    def look(self, turn: Turn, *, wanted: bool) -> None:
        """Once a second. wanted: whether the node is to leave."""
        if wanted != self.is_on:
            self.is_on, self.is_done, self._asked = wanted, False, ()
            there = len(self._rules.model.here())
            if wanted:
                log.info("going out of service; connections here: %d", there)
            else:
                log.info("staying in service; connections here: %d", there)
            self._changed()
            if wanted:
                self._ask(turn)
        elif wanted and not self.is_done:
            # They have had a second to say what they have received; what they haven't is given to
            # them by the next node.
            self._rules.send_away(turn, self._asked, COME_AGAIN, MOVES)
            self._ask(turn)
            if not self._rules.model.here():
                self.is_done = True
                self._changed()

    def _ask(self, turn: Turn) -> None:
        there = [one for one in self._rules.model.here() if one.state is not State.CLOSED]
        self._asked = there[:SESSIONS_A_SECOND]
        self._rules.ask_all(turn, self._asked)
