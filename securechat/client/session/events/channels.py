"""What others do in our channels, beside talking."""

from __future__ import annotations

from datetime import datetime

from securechat.client.session.events.base import ClientEvent
from securechat.common.record import field


class IsAway(ClientEvent):
    """nick has gone away, and perhaps said why, or is back."""

    nick: str
    away: bool
    message: str = ""


class ChannelRenamed(ClientEvent):
    """A channel has another name now, and by has changed it."""

    old: str
    new: str
    by: str = ""
    reason: str = ""
    time: datetime | None = None
    mark: str = field(default="", compare=False)


class Joined(ClientEvent):
    """nick is in channel now. mine: it is our own account."""

    channel: str
    nick: str
    mine: bool = False
    time: datetime | None = None
    mark: str = field(default="", compare=False)


class Left(ClientEvent):
    """nick left channel, or, when that is None, the server. by: who removed it, '' for nobody.
    channels: those of ours in which somebody was who has left the server.
    """

    channel: str | None
    nick: str
    reason: str = ""
    by: str = ""
    mine: bool = False
    time: datetime | None = None
    mark: str = field(default="", compare=False)
    channels: tuple[str, ...] = field(default=(), compare=False)


class TopicIs(ClientEvent):
    """The topic of channel. by: who changed it just now, '' when it was only told."""

    channel: str
    topic: str
    by: str = ""
    time: datetime | None = None
    mark: str = field(default="", compare=False)


class Renamed(ClientEvent):
    """Somebody has another name now. channels: those of ours in which they are."""

    old: str
    new: str
    time: datetime | None = None
    mark: str = field(default="", compare=False)
    channels: tuple[str, ...] = field(default=(), compare=False)


class Invited(ClientEvent):
    """by asks us into channel."""

    by: str
    channel: str


class ModesSet(ClientEvent):
    """by has changed the modes of channel; change: letters, then their parameters."""

    by: str
    channel: str
    change: tuple[str, ...]
    time: datetime | None = None
    mark: str = field(default="", compare=False)
