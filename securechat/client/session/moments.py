"""Times as people type them, for servers that are asked by them. Pure; any thread may call."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

# Within these a time can be told in any time zone.
_YEARS = range(1970, 9999)

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str) -> str | None:
    """A date, or a date with a time, where we are, as server-time has it; '' for ''. None when it
    can't be one. https://ircv3.net/specs/extensions/server-time
    """
    if not text:
        return ""
    try:
        return server_time(datetime.fromisoformat(text).astimezone(UTC))
    except (ValueError, OverflowError, OSError):  # of a year that no clock of ours knows
        return None


def moment_or_ago(text: str, now: datetime) -> str | None:
    """As moment(), and also `90s`, `10m`, `2h` or `7d` before now. now: aware."""
    ago = _AGO.fullmatch(text)
    if ago is None:
        return moment(text)
    try:
        return server_time(now.astimezone(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    except OverflowError:
        return None


def server_time(time: datetime) -> str | None:
    """A time in UTC as server-time has it, to the millisecond; None outside of all calendars."""
    if time.year not in _YEARS:
        return None
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
