"""Dates as people type them, to jump there: 2026-01-31, yesterday, Monday, 10:30. Pure.

Both languages are understood at any time: who reads Russian may still type `monday`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from securechat.client.session.moments import moment_or_ago
from securechat.common.language import _

# Characters; nothing that we understand is longer.
MOST: Final = 64

_AGO: Final = {
    "today": 0,
    "yesterday": 1,
    "сегодня": 0,
    "вчера": 1,
    "позавчера": 2,
}

_WEEKDAYS: Final = (
    ("monday", "понедельник", "пн"),
    ("tuesday", "вторник", "вт"),
    ("wednesday", "среда", "ср", "среду"),
    ("thursday", "четверг", "чт"),
    ("friday", "пятница", "пт", "пятницу"),
    ("saturday", "суббота", "сб", "субботу"),
    ("sunday", "воскресенье", "вс"),
)

# Of a weekday's name that are enough.
_LETTERS: Final = 3

_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_DOTS = re.compile(r"([0-3]?[0-9])\.([01]?[0-9])\.([0-9]{4})?")


def when(typed: str, now: datetime) -> datetime | str:
    """The time that is meant, aware; or why none is. now: aware. Times are of this machine's zone.

    A day alone is its beginning, and a time alone the last one that has come.
    """
    text = " ".join(typed[:MOST].casefold().split())
    if not text:
        return how()
    found = _spoken(text, now) or _iso(text, now)
    if found is None:
        return how()
    if found > now:
        return _("that is still to come; {how}").format(how=how())
    return found


def how() -> str:
    """What is understood."""
    return _("type 2026-01-31, 2026-01-31 10:30, yesterday, Monday, 10:30, or 3d (days ago)")


def _spoken(text: str, now: datetime) -> datetime | None:
    """In words, or with dots, each perhaps with a time behind it."""
    today = now.astimezone().date()
    if alone := _CLOCK.fullmatch(text):
        clock = time(int(alone[1]), int(alone[2]))
        found = _at(today, clock)
        return found if found <= now else _at(today - timedelta(1), clock)
    word, space, rest = text.partition(" ")
    told = _CLOCK.fullmatch(rest)
    day = _day(word, today)
    if day is None or (space and told is None):
        return None
    return _at(day, time(int(told[1]), int(told[2])) if told else time())


def _day(word: str, today: date) -> date | None:
    if word in _AGO:
        return today - timedelta(_AGO[word])
    if dotted := _DOTS.fullmatch(word):
        return _dotted(int(dotted[1]), int(dotted[2]), dotted[3], today)
    for number, names in enumerate(_WEEKDAYS):
        long = len(word) >= _LETTERS and any(name.startswith(word) for name in names[:2])
        if long or word in names:
            # The last one before today: for that there is `today`.
            return today - timedelta((today.weekday() - number - 1) % 7 + 1)
    return None


def _dotted(day: int, month: int, year: str | None, today: date) -> date | None:
    """31.1.2026, or 31.1. for the last one."""
    try:
        if year is not None:
            return date(int(year), month, day)
        found = date(today.year, month, day)
        return found if found <= today else date(today.year - 1, month, day)
    except ValueError:
        return None


def _iso(text: str, now: datetime) -> datetime | None:
    told = moment_or_ago(text.upper() if "t" in text else text, now)
    return datetime.fromisoformat(told).astimezone() if told else None


def _at(day: date, clock: time) -> datetime:
    """A time where we are: by the zone, as a difference to UTC isn't the same in each season."""
    return datetime.combine(day, clock).astimezone()
