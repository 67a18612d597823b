"""`securechat-admin user quota`: how much may be kept of what an account says. Main thread."""

from __future__ import annotations

import click

from securechat.admin.context import AdminContext
from securechat.admin.users import find_account
from securechat.common.language import _

MOST_MIB = 1_000_000
"""A terabyte, as in the configuration."""


def _mib(context: click.Context, param: click.Parameter, value: str) -> int | None:
    if value == "default":
        return None
    if value == "unlimited":
        return 0
    # isdecimal() alone takes the digits of any script; cut, as int() of thousands takes long.
    if value.isascii() and value.isdecimal() and 1 <= int(value[:8]) <= MOST_MIB:
        return int(value[:8])
    raise click.BadParameter(f"expected 1 to {MOST_MIB} MiB, unlimited or default")


@click.command()
@click.argument("name")
@click.argument("mib", callback=_mib, metavar="MIB|unlimited|default")
@click.pass_obj
def quota(context: AdminContext, name: str, mib: int | None) -> None:
    """Let the log hold so many MIB of what NAME says, any number, or as many as the server's
    configuration says (`account_mib`). Who has used it up can't say more until some of it is
    erased; `user show` tells how much is kept.

    \b
    Example: securechat-admin user quota ci-bot 4096
    """
    account = find_account(context, name)
    context.admin.set_quota(account, mib)
    how = {None: _("as much as the configuration says"), 0: _("any amount")}
    much = how.get(mib, _("{count} MiB").format(count=mib))
    click.echo(_("{name} may have {much} kept.").format(name=account.name, much=much))
    context.settle()
