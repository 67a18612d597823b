"""`securechat-admin user ban`, `unban` and `bans`: address blocks that may not connect.

Main thread.
"""

from __future__ import annotations

import click

from securechat.admin.ages import seconds
from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.admin.requests import ask
from securechat.admin.users import confirm
from securechat.common.language import _
from securechat.core.model.address_bans import AddressBan


@click.command()
@click.argument("address")
@click.option(
    "--for", "duration", callback=seconds, metavar="DURATION", help="90m, 12h, 7d, 2w. [for ever]"
)
@click.option("--reason", default="", help="What those hear who are connected.")
@click.option("--force", is_flag=True, help="Also this machine, also where administrators are.")
@click.option("--yes", is_flag=True, help="Don't ask whether you are sure.")
@click.pass_obj
def ban(
    context: AdminContext, address: str, duration: int | None, reason: str, force: bool, yes: bool
) -> None:
    """Refuse all connections from ADDRESS: 192.0.2.7, 192.0.2.0/24, 2001:db8::/48; of a single IPv6
    address its /64. What is connected from there ends.

    A whole school may come from one address: who is online from there is shown first. It keeps an
    address out, and no person: for that, `user disable`.

    \b
    Example: securechat-admin user ban 192.0.2.7 --for 12h --reason 'flooding'
    """
    found = ask(context, "address look", address=address)
    network, names = found["network"], [name for name, _ in found["online"]]
    admins = [name for name, admin in found["online"] if admin]
    if admins and not force:
        raise click.ClickException(
            f"{', '.join(admins)}, who administers the server, is online from {network}; --force "
            "bans it nevertheless"
        )
    if names and not yes:
        confirm(
            _("Online from {network} now: {names}.").format(
                network=network, names=", ".join(names)
            ),
            _("Put all of them out, and ban {network}?").format(network=network),
            _("nothing was banned"),
        )
    facts = {"seconds": duration, "reason": reason, "force": force}
    done = ask(context, "address ban", address=address, **facts)
    text = _("{network} is banned for ever. Connections that ended: {ended}.")
    if done["until_ms"]:
        text = _("{network} is banned until {until}. Connections that ended: {ended}.")
    until = local_time(done["until_ms"])
    click.echo(text.format(network=network, until=until, ended=done["ended"]))


@click.command()
@click.argument("address")
@click.pass_obj
def unban(context: AdminContext, address: str) -> None:
    """Let ADDRESS connect again, as `user bans` writes it.

    \b
    Example: securechat-admin user unban 192.0.2.0/24
    """
    network = ask(context, "address unban", address=address)
    click.echo(_("{network} is not banned any more.").format(network=network))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def bans(context: AdminContext, as_json: bool) -> None:
    """List the address blocks that are banned.

    \b
    Example: securechat-admin user bans --json
    """
    rows = [AddressBan(*row) for row in ask(context, "addresses banned")]
    if as_json:
        echo_json([_entry(row) for row in rows])
    elif rows:
        header = ("ADDRESS", "UNTIL", "BY", "SINCE", "REASON")
        click.echo("\n".join(table(header, [_cells(row) for row in rows])))
    else:
        click.echo(_("No address is banned."), err=True)


def _entry(row: AddressBan) -> dict[str, object]:
    until = utc(row.until_ms) if row.until_ms else None
    return {
        "address": row.network,
        "until": until,
        "reason": row.reason,
        "by": row.by,
        "since": utc(row.at_ms),
    }


def _cells(row: AddressBan) -> tuple[str, ...]:
    until = local_time(row.until_ms) if row.until_ms else _("for ever")
    return row.network, until, row.by, local_time(row.at_ms), row.reason
