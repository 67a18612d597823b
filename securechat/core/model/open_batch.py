"""A batch that a client has begun and not ended yet: the lines of one message. Hub thread only.

https://ircv3.net/specs/extensions/multiline, https://ircv3.net/specs/extensions/client-batch
"""

from __future__ import annotations

from dataclasses import dataclass, field

from securechat.irc.multiline import Part


@dataclass(slots=True)
class OpenBatch:
    """A batch that a client has begun. reference, target, tags, label: of its beginning. opened_at:
    seconds of the monotonic clock. ignored: it has failed, and so has all that comes of it.
    """

    reference: str
    target: str
    tags: dict[str, str]
    label: str
    opened_at: float
    ignored: bool = False
    kind: str = ""
    """PRIVMSG or NOTICE, as its first line is."""
    parts: list[Part] = field(default_factory=list)
    size: int = 0
    """As of irc.multiline.value_bytes()."""
