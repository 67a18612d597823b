"""What came of all that was said, for the exit code of a command."""

from __future__ import annotations

from collections.abc import Sequence

from securechat.client.exits import Exit
from securechat.client.session.events import ClientEvent, Doubt, Rejected, Stopped, Unconfirmed

_FINAL = (Doubt.UNSENT, Doubt.UNKNOWN)


class Outcome:
    """Counts what was refused and what was never confirmed."""

    def __init__(self) -> None:
        self._refused = 0
        self._unsure = 0
        self._stopped = Exit.OK

    def notice(self, events: Sequence[ClientEvent]) -> None:
        """Keep count. Receiving thread."""
        for event in events:
            if isinstance(event, Rejected):
                self._refused += 1
            elif isinstance(event, Unconfirmed) and event.doubt in _FINAL:
                self._unsure += 1
            elif isinstance(event, Stopped):
                self._stopped = event.code

    @property
    def code(self) -> Exit:
        """The exit code, once the client has stopped."""
        if self._stopped is not Exit.OK:
            return self._stopped
        if self._refused:
            return Exit.REFUSED
        return Exit.UNREACHABLE if self._unsure else Exit.OK
