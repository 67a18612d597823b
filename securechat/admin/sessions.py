"""`securechat-admin user sessions` and `user logout`: who is logged in now, and how to end that.

Only the running server knows it, and is asked.
"""

from __future__ import annotations

import json

import click

from securechat.admin.context import AdminContext
from securechat.admin.listing import local_time, table, utc
from securechat.admin.requests import ask
from securechat.admin.users import find_account
from securechat.common.language import _, ngettext
from securechat.core.presence.live_sessions import Live
from securechat.store.sql.rows import AccountRow


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def sessions(context: AdminContext, name: str, as_json: bool) -> None:
    """Show where NAME is logged in now: by what, since when, last heard, from where.

    \b
    Example: securechat-admin user sessions alice
    """
    account = find_account(context, name)
    rows = _live(context, account)
    if as_json:
        click.echo(json.dumps([_entry(row) for row in rows], indent=2))
    elif rows:
        header = ("ID", "BY", "SINCE", "LAST HEARD", "FROM")
        click.echo("\n".join(table(header, [_cells(row) for row in rows])))
    else:
        click.echo(_("{name} is not logged in.").format(name=account.name), err=True)


def _live(context: AdminContext, account: AccountRow) -> list[Live]:
    return [Live(*fields) for fields in ask(context, "sessions", account=account.id)]


def _cells(row: Live) -> tuple[str, ...]:
    by = f"{row.by} {row.name}".rstrip()
    return row.id, by, local_time(row.since_ms), local_time(row.heard_ms), row.address


def _entry(row: Live) -> dict[str, object]:
    return {
        "id": row.id,
        "by": row.by,
        "name": row.name or None,
        "since": utc(row.since_ms),
        "last_heard": utc(row.heard_ms),
        "address": row.address,
    }


@click.command()
@click.argument("name")
@click.option("--session", metavar="ID", help="Only this one, of those that `user sessions` lists.")
@click.pass_obj
def logout(context: AdminContext, name: str, session: str | None) -> None:
    """End the sessions of NAME, or one of them.

    Whoever has the password, a token or a certificate can log in again, and most clients do so by
    themselves: for a stolen one, `token revoke`, `certificate revoke` or `user passwd`.

    \b
    Example: securechat-admin user logout alice --session 3f2a9c
    """
    account = find_account(context, name)
    count = ask(context, "logout", account=account.id, session=session)
    if not count:
        click.echo(_("{name} is not logged in.").format(name=account.name))
        return
    text = ngettext(
        "{count} session has ended of {name}.", "{count} sessions have ended of {name}.", count
    )
    click.echo(text.format(count=count, name=account.name))
