"""What has been printed on a terminal: how far it is read, and whether it was for us.

Pure; of the thread that prints. Times are seconds of a monotonic clock.
https://ircv3.net/specs/extensions/read-marker
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from securechat.client.session.actions import MarkRead
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import Renamed
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.messages import Said
from securechat.client.session.identity import fold, same
from securechat.client.session.moments import server_time
from securechat.client.timeline.mentions import Mentions

MARK_EVERY = 5.0
"""Seconds between two times that the server is told how far a conversation is read."""

# Conversations that wait to be told of; a hostile server names them without end.
MAX_MARKS = 1000


class Printed:
    """Of one session."""

    def __init__(self) -> None:
        self._nick = ""
        self._is_mention = Mentions("")
        self._marks: dict[str, MarkRead] = {}
        self._told_at = float("-inf")

    def take(self, events: Iterable[ClientEvent]) -> bool:
        """Events were printed; whether one of them is for us and is news."""
        rings = False
        for event in events:
            if isinstance(event, Ready):
                self._name(event.nick)
            elif isinstance(event, Renamed) and same(event.old, self._nick):
                self._name(event.new)
            elif isinstance(event, Said):
                self._said(event)
                rings = rings or (not event.missed and self._is_mention(event))
        return rings

    def due(self, now: float, *, at_once: bool = False) -> list[MarkRead]:
        """What the server is to be told now. at_once: also when it was told a moment ago."""
        if not self._marks or not (at_once or now - self._told_at >= MARK_EVERY):
            return []
        marks = list(self._marks.values())
        self._marks.clear()
        self._told_at = now
        return marks

    @property
    def waiting(self) -> bool:
        """Whether due() will have something later."""
        return bool(self._marks)

    def _name(self, nick: str) -> None:
        self._nick, self._is_mention = nick, Mentions(nick)

    def _said(self, said: Said) -> None:
        time = server_time(said.time.astimezone(UTC)) if said.time else None
        key = fold(said.conversation)
        if not time or not key or (key not in self._marks and len(self._marks) >= MAX_MARKS):
            return
        known = self._marks.get(key)
        if known is None or known.time < time:
            self._marks[key] = MarkRead(said.conversation, time)
