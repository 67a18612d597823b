"""What the administrator of the machine has to say to everybody, as long as it is to be shown.

It stands as one text among what the server keeps of itself (Model.kept).
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

KEY = "announcements"
"""Of Model.kept."""

MOST = 5
"""At once: each is shown at every login."""


class Announcement(NamedTuple):
    """lines: as they are shown. by: as the audit names them. until_ms: when it ends."""

    id: int
    lines: tuple[str, ...]
    by: str
    at_ms: int
    until_ms: int


class Announcements(NamedTuple):
    """last: the id that was given last. standing: oldest first; some may be over."""

    last: int = 0
    standing: tuple[Announcement, ...] = ()

    def now(self, now_ms: int) -> list[Announcement]:
        """Those that are not over."""
        return [one for one in self.standing if one.until_ms > now_ms]

    def text(self) -> str:
        """For Model.kept."""
        return json.dumps(self)


@lru_cache(maxsize=4)
def announcements(text: str | None) -> Announcements:
    """From what Model.kept has."""
    if not text:
        return Announcements()
    last, rows = json.loads(text)
    standing = (Announcement(number, tuple(lines), *rest) for number, lines, *rest in rows)
    return Announcements(last, tuple(standing))
