"""How long something is, as it is typed: 90m, 12h, 7d, 2w."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_AGE = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def age(text: str) -> timedelta | None:
    """None for anything else."""
    found = _AGE.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found is not None else None


def seconds(context: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A duration of an option; None where it isn't given."""
    if value is None:
        return None
    found = age(value)
    if not found:
        raise click.BadParameter("expected a duration such as 90m, 12h, 7d or 2w")
    return int(found.total_seconds())
