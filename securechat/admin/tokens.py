"""`securechat-admin token …`: what devices log in with in a password's place."""

from __future__ import annotations

import click

from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.admin.users import find_account
from securechat.credentials.token import MAX_NAME_CHARS, is_token_name
from securechat.store.admin import wall_clock
from securechat.store.sqlite.reader import TokenRow


def checked_name(context: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """What a token or a certificate may be called. Raises click.BadParameter."""
    if value is not None and not is_token_name(value):
        raise click.BadParameter(
            f"expected one word of at most {MAX_NAME_CHARS} characters, not beginning with ':', "
            "such as laptop"
        )
    return value


@click.group()
def token() -> None:
    """Device tokens: make, list, revoke. A token logs in in the password's place."""


@token.command()
@click.argument("account")
@click.argument("name", callback=checked_name)
@click.pass_obj
def create(office: AdminContext, account: str, name: str) -> None:
    """Print a new token of ACCOUNT, for the device or the bot NAME.

    It is shown this once: the server keeps a hash of it only. It needs no second factor, and works
    until it is revoked or the account has a new password.
    """
    row = find_account(office, account)
    click.echo(office.admin.make_token(row, name, wall_clock()))
    click.echo(
        f"This token logs in as {row.name} in the password's place. It is not shown again; to end "
        f"it: securechat-admin token revoke {row.name} {name}",
        err=True,
    )
    office.settle()


@token.command("list")
@click.argument("account", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(office: AdminContext, account: str | None, as_json: bool) -> None:
    """Show the tokens of ACCOUNT, or all: their names and when they were last used."""
    owners = {row.id: row.name for row in office.admin.reader.accounts()}
    rows = office.admin.reader.tokens()
    if account is not None:
        owner = find_account(office, account).id
        rows = [row for row in rows if row.account == owner]
    rows.sort(key=lambda row: (owners[row.account], row.name))
    if as_json:
        echo_json([_entry(row, owners[row.account]) for row in rows])
    elif rows:
        cells = [_cells(row, owners[row.account]) for row in rows]
        click.echo("\n".join(table(("ACCOUNT", "NAME", "MADE", "LAST USED"), cells)))
    else:
        click.echo("There is no token; `token create ACCOUNT NAME` makes one.", err=True)


def _cells(row: TokenRow, owner: str) -> tuple[str, ...]:
    used = local_time(row.used_ms) if row.used_ms is not None else "never"
    return owner, row.name, local_time(row.created_ms), used


def _entry(row: TokenRow, owner: str) -> dict[str, object]:
    return {
        "account": owner,
        "name": row.name,
        "created": utc(row.created_ms),
        "last_used": utc(row.used_ms) if row.used_ms is not None else None,
    }


@token.command()
@click.argument("account")
@click.argument("name")
@click.pass_obj
def revoke(office: AdminContext, account: str, name: str) -> None:
    """End the token NAME of ACCOUNT. Whoever is logged in with it is logged out."""
    row = find_account(office, account)
    office.admin.revoke_token(row, name)
    click.echo(f"The token {name} of {row.name} is revoked; it is worth nothing.")
    office.settle()
