"""`securechat rooms` and `members`, as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from securechat.client.commands.options import JSON, SERVER, chatting
from securechat.client.exits import Exit

if TYPE_CHECKING:
    from securechat.client.commands.assemble import Setup


@click.command()
@SERVER
@JSON
@chatting
def rooms(setup: Setup, server: str | None, as_json: bool) -> Exit:
    """Show the channels that you are in: who is there, your role, what is unread, the topic.

    What is unread is known where a client of yours has marked how far you have read.

    \b
    Example: securechat rooms --json | jq -r 'select(.mentions > 0) | .name'
    """
    from securechat.client.commands import rooms as looking

    return looking.rooms(setup, server, as_json=as_json)


@click.command()
@click.argument("target", metavar="CHANNEL")
@SERVER
@JSON
@chatting
def members(setup: Setup, target: str, server: str | None, as_json: bool) -> Exit:
    """Show who is in CHANNEL now: the role of each, and who is away.

    \b
    Example: securechat members '#lobby'
    """
    from securechat.client.commands import rooms as looking

    return looking.members(setup, target, server, as_json=as_json)
