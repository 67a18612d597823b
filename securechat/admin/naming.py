"""`securechat-admin user rename` and `user free`: what an account is called, changed afterwards."""

from __future__ import annotations

import click

from securechat.admin.context import AdminContext
from securechat.admin.requests import ask
from securechat.admin.users import find_account
from securechat.common.language import _
from securechat.irc import names


@click.command()
@click.argument("old")
@click.argument("new")
@click.pass_obj
def rename(context: AdminContext, old: str, new: str) -> None:
    """Give the account OLD the name NEW. It stays the same account.

    Password, tokens, channels, roles and history stay, and who is logged in stays so. Everybody who
    sees the account is told. The name OLD is given to nobody else: it still logs in, and whoever
    writes to it is told the new one.

    \b
    Example:
      securechat-admin user rename msmith maria
    """
    account = find_account(context, old)
    now = ask(context, "user rename", account=account.id, name=new)
    click.echo(_("{old} is called {new} now.").format(old=account.name, new=now))


@click.command()
@click.argument("name")
@click.pass_obj
def free(context: AdminContext, name: str) -> None:
    """Give the NAME of a deleted account free, so that it can be given again.

    For an account that was made or deleted by mistake: within a day, and only if nobody has ever
    heard of it. It must have said nothing, joined nothing, and nobody may have written to it.

    \b
    Example, for a name that was misspelt:
      securechat-admin user delete alcie --yes
      securechat-admin user free alcie
    """
    # By repr(), as what was typed may hold characters that drive a terminal.
    folded, shown = names.fold_account(name) or "", repr(name)[1:-1]
    freed = context.admin.free(folded, shown, running=context.is_served())
    told = _("The name {name} is free: `user add` or a registration may give it again.")
    click.echo(told.format(name=freed))
    context.settle()
