"""`securechat-admin user sessions` and `user logout`: who is logged in now, and how to end that.

Only the running server knows it. It is asked by a row in the table of changes, and answers with a
row of its own, which is taken away when it was read: there is no other way into the server.
"""

from __future__ import annotations

import json
import time

import click

from securechat.admin.context import EFFECT_SECONDS, POLL_SECONDS, AdminContext
from securechat.admin.listing import local_time, table, utc
from securechat.admin.users import find_account
from securechat.core.presence.live_sessions import Live
from securechat.server.data import DataError
from securechat.store.sqlite.rows import AccountRow


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def sessions(context: AdminContext, name: str, as_json: bool) -> None:
    """Show where NAME is logged in now: by what, since when, last heard, from where."""
    account = find_account(context, name)
    rows = _ask(context, account)
    if as_json:
        click.echo(json.dumps([_entry(row) for row in rows], indent=2))
    elif rows:
        header = ("ID", "BY", "SINCE", "LAST HEARD", "FROM")
        click.echo("\n".join(table(header, [_cells(row) for row in rows])))
    else:
        click.echo(f"{account.name} is not logged in.", err=True)


def _ask(context: AdminContext, account: AccountRow) -> list[Live]:
    """The account's sessions. Raises DataError when the running server doesn't answer."""
    if not context.data.running():
        return []
    # The number tells the answer to this question from one to somebody else's.
    number = context.admin.ask_sessions(account)
    deadline = time.monotonic() + EFFECT_SECONDS
    while (found := context.admin.told_sessions(number)) is None:
        if time.monotonic() > deadline:
            raise DataError(
                f"the server that runs on {context.data.path} has not told its sessions within "
                f"{EFFECT_SECONDS:.0f} seconds: try again, or look into its log"
            )
        context.pause(POLL_SECONDS)
    return [Live(*fields) for fields in found]


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
    """
    account = find_account(context, name)
    # Looked at first, so that a wrong id is told, and not taken for done.
    found = [row for row in _ask(context, account) if session in (None, row.id)]
    if session is not None and not found:
        raise click.ClickException(
            f"{account.name} has no session {session!r}; `user sessions {account.name}` shows them"
        )
    if not found:
        click.echo(f"{account.name} is not logged in.")
        return
    context.admin.log_out(account, session)
    what = "session has ended" if len(found) == 1 else "sessions have ended"
    click.echo(f"{len(found)} {what} of {account.name}.")
    context.settle()
