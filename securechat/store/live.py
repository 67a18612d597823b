"""What a running server tells an administrator of its live sessions: one row of the table meta, of
the last question only, and gone when it was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

LIVE = "live_sessions"
"""Under this key."""


class LiveRow(NamedTuple):
    """id: the session's own in its account. by: password, token or certificate. name: of the token
    or certificate. since_ms, heard_ms: milliseconds since 1970 (UTC). address: where from.
    """

    id: str
    by: str
    name: str
    since_ms: int
    heard_ms: int
    address: str


def told(change: int, rows: Iterable[tuple[object, ...]]) -> str:
    """The answer to the change that asked. rows: the fields of a LiveRow each."""
    return json.dumps([change, *map(list, rows)])


def heard(value: str | None, change: int) -> list[LiveRow] | None:
    """The rows that answer a change; None when they are not there (yet)."""
    if value is None:
        return None
    number, *rows = json.loads(value)
    return [LiveRow(*row) for row in rows] if number == change else None
