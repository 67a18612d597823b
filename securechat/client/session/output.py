"""What one step of the session comes to."""

from __future__ import annotations

from securechat.client.session.events.base import ClientEvent


class Output:
    """What one step of the session wants done: lines to send, events to show.

    hangup: when not None, the connection is to be closed, for this reason.
    """

    __slots__ = ("events", "hangup", "lines")

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events: list[ClientEvent] = []
        self.hangup: str | None = None
