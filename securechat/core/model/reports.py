"""What people have told whoever runs the server of others, until it is closed.

It stands as one text among what the server keeps of itself (Model.kept); the audit has it for good.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

KEY = "reports"
"""Of Model.kept."""

MOST = 200
"""Open at once: all of them are written with each change. So many wait for nobody's eyes."""

MOST_OF_ONE = 20
"""By one account, so that nobody keeps others from being heard."""


class Report(NamedTuple):
    """by, of: names of accounts. place: a channel, a message id, or ''."""

    id: int
    at_ms: int
    by: str
    of: str
    place: str
    reason: str


class Reports(NamedTuple):
    """last: the id that was given last. open: oldest first."""

    last: int = 0
    open: tuple[Report, ...] = ()

    def text(self) -> str:
        """For Model.kept."""
        return json.dumps(self)


@lru_cache(maxsize=4)
def reports(text: str | None) -> Reports:
    """From what Model.kept has."""
    if not text:
        return Reports()
    last, rows = json.loads(text)
    return Reports(last, tuple(Report(*row) for row in rows))
