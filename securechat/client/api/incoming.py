"""The messages that a program iterates over: followed without a gap, and kept count of.

Of the one thread that iterates: what is missing is fetched only as it gets there, however much that
is.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic

from securechat.client.api.inbox import Inbox
from securechat.client.api.state import State
from securechat.client.exits import RefusedError
from securechat.client.session.actions import AskRange
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Stopped
from securechat.client.session.events.messages import Said
from securechat.client.session.following import Follower
from securechat.common.escape import escape_text

log = logging.getLogger("securechat.client")

SAVED_EACH = 0.5
"""Seconds between two writes of the state while one message follows the other."""


class Incoming:
    """inbox: what the session tells. targets: the conversations that are followed, none for
    all. ask: submits a question. own: whether what our own account says is told, too.
    """

    def __init__(
        self,
        inbox: Inbox,
        nick: str,
        targets: Iterable[str],
        state: State | None,
        ask: Callable[[AskRange], object],
        *,
        own: bool = False,
    ) -> None:
        self._inbox = inbox
        self.stopped: Stopped | None = None
        """How the client has ended, once all before it was given."""
        since, places = (state.since, state.places) if state else ("", {})
        self._follower = Follower(nick, targets, since, places=places)
        self._state = state
        self._ask = ask
        self._own = own
        self._given: deque[Said | None] = deque()
        """What is next; None where everything that was missed is behind us."""
        self._current: Said | None = None
        self._live = False
        self._saved = 0.0

    def next(self, timeout: float | None) -> Said | None:
        """The next message; the one before counts as dealt with. None when timeout seconds have
        passed, or when it has `stopped`. Raises RefusedError, SettingsError.
        """
        self.handled()
        until = None if timeout is None else monotonic() + timeout
        while self.stopped is None:
            while self._given:
                said = self._given.popleft()
                if said is None:
                    self._catch_up()
                elif self._own or not said.mine:
                    self._current = said
                    return said
                else:
                    self._done(said)
            if self._inbox.empty():
                self.save()
            left = None if until is None else max(0.0, until - monotonic())
            event = self._inbox.get(left)
            if event is None:
                return None
            self._take(event)
        return None

    def handled(self) -> None:
        """The message that was given last was dealt with. Raises SettingsError."""
        said, self._current = self._current, None
        if said is not None:
            self._done(said)
            if monotonic() - self._saved >= SAVED_EACH:
                self.save()

    def forget(self) -> None:
        """The message that was given last was not dealt with: it comes again the next time."""
        self._current = None

    def save(self) -> None:
        """Write how far we are. Raises SettingsError."""
        if self._state:
            self._state.save()
            self._saved = monotonic()

    def _done(self, said: Said) -> None:
        if self._state:
            self._state.handled(said, live=self._live)

    def _catch_up(self) -> None:
        self._live = True
        if self._state:
            self._state.caught_up()

    def _take(self, event: ClientEvent) -> None:
        if isinstance(event, Stopped):
            self.stopped = event
            return
        was_live = self._follower.live
        step = self._follower.take(event)
        self._given += step.said
        if not self._follower.live:
            self._live = False
        elif not was_live:
            self._given.append(None)
        if step.problem:
            log.warning("%s", escape_text(step.problem))
        if step.refused:
            raise RefusedError(escape_text(step.refused), "CHATHISTORY")
        if step.ask:
            self._ask(step.ask)
