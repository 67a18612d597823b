"""`securechat-admin channel …`: for how long a channel's history is kept."""

from __future__ import annotations

import click

from securechat.admin.context import AdminContext
from securechat.store.errors import UnknownError

MOST_DAYS = 36_500
"""A century, as in the configuration."""


@click.group()
def channel() -> None:
    """Channels: for how long what is said in them is kept."""


def _days(context: click.Context, param: click.Parameter, value: str) -> int | None:
    if value == "default":
        return None
    if value == "forever":
        return 0
    # isdecimal() alone takes the digits of any script; cut, as int() of thousands takes long.
    if value.isascii() and value.isdecimal() and 1 <= int(value[:6]) <= MOST_DAYS:
        return int(value[:6])
    raise click.BadParameter(f"expected 1 to {MOST_DAYS} days, forever or default")


@channel.command()
@click.argument("name")
@click.argument("days", callback=_days, metavar="DAYS|forever|default")
@click.pass_obj
def retention(context: AdminContext, name: str, days: int | None) -> None:
    """Keep what is said in the channel NAME for so many DAYS, for ever, or as the server does.

    What is older is erased from the server, within ten minutes and then for good; that may be
    sooner or later than `keep_days` in [history] says. The name is quoted for the shell: '#den'.
    """
    found = context.admin.history.channels_named(name)
    if not found:
        raise UnknownError(f"there was never a channel {name!r}")
    # Several, if channels of that name have ended: each has its own log.
    for number, _ in found:
        context.admin.set_retention(number, found[0][1], days)
    how = {None: "as long as the server's configuration says", 0: "for ever"}
    click.echo(f"{found[0][1]} is kept {how.get(days, f'for {days} days')}.")
    context.settle()
