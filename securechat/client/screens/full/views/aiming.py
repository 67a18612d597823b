"""Where somebody wants to look, until the page that has it has come. Pure."""

from __future__ import annotations

from datetime import datetime

from securechat.client.screens.full.views.telling import Place
from securechat.client.timeline.timeline import Timeline
from securechat.common.record import Record


class Aim(Record):
    """A message by its key, or what was said first at or after a time, aware."""

    conversation: str
    key: str = ""
    time: datetime | None = None

    @classmethod
    def at(cls, place: Place) -> Aim:
        """At a message."""
        return cls(place.conversation, place.key)

    def found(self, timeline: Timeline) -> str:
        """The key of what is aimed at; '' when the window hasn't it. Of a time the nearest."""
        if self.time is None:
            return self.key if timeline.find(self.key) else ""
        last = ""
        for item in timeline:
            last = item.key
            if item.time is not None and item.time >= self.time:
                break
        return last
