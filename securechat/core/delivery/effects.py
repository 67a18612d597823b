"""What a turn has to say, as lines: who gets which. Hub thread only."""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.delivery.line import EncodingGroup, Line
from securechat.core.model.entities import Audience, Session


class Broadcast(NamedTuple):
    """A line to an audience, but not to one of its sessions."""

    audience: Audience
    line: Line
    exclude: Session | None = None


class Reply(NamedTuple):
    """A line to one session. group: how it is encoded: as the session wanted it at this moment."""

    session: Session
    line: Line
    # Held fast here: a CAP REQ later in the turn must not change how this is encoded.
    group: EncodingGroup


Effect = Broadcast | Reply
