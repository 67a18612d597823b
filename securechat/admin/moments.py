"""Moments as the administrator's commands write them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def local_time(at_ms: int, *, seconds: bool = False) -> str:
    """A moment as people here write it. at_ms: milliseconds since 1970 (UTC)."""
    at = datetime.fromtimestamp(at_ms / 1000).astimezone()
    return f"{at:%Y-%m-%d %H:%M:%S}" if seconds else f"{at:%Y-%m-%d %H:%M}"


def utc(at_ms: int, *, milliseconds: bool = False) -> str:
    """The same for programs: ISO 8601."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds" if milliseconds else "seconds")
