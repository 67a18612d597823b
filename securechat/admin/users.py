"""`securechat-admin user …`: accounts."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click

from securechat.admin.context import AdminContext
from securechat.admin.nearest import nearest
from securechat.admin.new_password import generate, new_password, password_stdin
from securechat.common.files import new_file
from securechat.common.language import _
from securechat.irc import names
from securechat.irc.names import AccountName, InvalidName
from securechat.store.admin import NewAccount, wall_clock
from securechat.store.errors import StoreError, UnknownError
from securechat.store.sql.rows import AccountRow


def _new_name(context: click.Context, param: click.Parameter, value: str) -> AccountName:
    try:
        return names.account_name(value)
    except InvalidName as error:
        raise click.BadParameter(str(error)) from None


@click.group()
def user() -> None:
    """Accounts: add, import, list, change, delete."""


# Making accounts


@user.command()
@click.argument("name", callback=_new_name)
@password_stdin
@generate
@click.option("--admin", is_flag=True, help="The account administers the server.")
@click.option(
    "--bot",
    is_flag=True,
    help="The account is a program's: as of `user bot`, and it has a token in a password's place.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --bot: write the token into this new file, of mode 0600.",
)
@click.pass_obj
def add(
    context: AdminContext,
    name: AccountName,
    password_stdin: bool,
    generate: bool,
    admin: bool,
    bot: bool,
    token_file: Path | None,
) -> None:
    """Make the account NAME.

    \b
    Example:
      securechat-admin user add alice --generate
      securechat-admin user add monitor --bot --token-file /etc/securechat/monitor.token
    """
    if bot != (token_file is not None):
        raise click.UsageError("--bot and --token-file FILE belong together")
    if bot and (admin or generate or password_stdin):
        raise click.UsageError(
            "a bot has neither a password nor --admin: it logs in with its token"
        )
    refuse_taken(context, name)
    if token_file is not None:
        _add_bot(context, name, token_file)
        return
    # Outside of any transaction: while somebody types, the server must be able to write.
    stored = new_password(name.display, context.rules, from_stdin=password_stdin, generate=generate)
    context.admin.add([NewAccount(*forms(name), stored, admin)], wall_clock())
    told = _("{name} has an account and administers the server.")
    if not admin:
        told = _("{name} has an account.")
    click.echo(told.format(name=name.display))
    context.tell_login(name.display)
    context.settle()


BOT_TOKEN = "bot"  # noqa: S105 - a name
"""The name of the token that a bot is made with."""


def _add_bot(context: AdminContext, name: AccountName, file: Path) -> None:
    """An account whose password nobody knows, marked as a bot, with its first token in a file."""
    stored = context.rules.stored(secrets.token_hex(32))
    try:
        # First, as a file that can't be made must leave no account behind.
        with new_file(file) as stream:
            context.admin.add([NewAccount(*forms(name), stored, bot=True)], wall_clock())
            account = find_account(context, name.display)
            token = context.admin.make_token(account, BOT_TOKEN, wall_clock())
            stream.write(f"{token}\n".encode())
    except FileExistsError:
        raise click.ClickException(f"{file} is there already; name a new file") from None
    except OSError as error:
        raise click.ClickException(f"can't write {file}: {error.strerror}") from None
    except StoreError:
        file.unlink(missing_ok=True)
        raise
    click.echo(
        _(
            "{name} is a bot; its token is in {file}, and nowhere else. To send as it, once it has "
            "logged in by its link there:\n"
            "  securechat send '#lobby' hello --server {name}@HOST --password-file {file}\n"
            "To end the token: securechat-admin token revoke {name} {token}"
        ).format(name=name.display, file=file, token=BOT_TOKEN)
    )
    context.tell_login(name.display)
    context.settle()


def refuse_taken(context: AdminContext, name: AccountName) -> None:
    """Raises click.ClickException when no account can be called so."""
    # Asked before a password is asked for, and once more when the account is stored.
    reason = why_taken(context, name)
    if reason is not None:
        raise click.ClickException(reason)


def why_taken(context: AdminContext, name: AccountName) -> str | None:
    """Why no account can be called so, or None."""
    return context.admin.taken(NewAccount(*forms(name), password=""))


def forms(name: AccountName) -> tuple[str, str, str]:
    """The three forms of a name, as a NewAccount begins."""
    return name.display, name.folded, name.skeleton


# Changing


def find_account(context: AdminContext, name: str) -> AccountRow:
    """The account as somebody types its name. Raises UnknownError."""
    # By repr(), as what was typed may hold characters that drive a terminal.
    try:
        return context.admin.find(names.fold_account(name) or "", repr(name)[1:-1])
    except UnknownError as error:
        there = (row.name for row in context.admin.reader.accounts() if not row.deleted)
        raise UnknownError(f"{error}{nearest(name, there)}") from None


@user.command()
@click.argument("name")
@password_stdin
@generate
@click.pass_obj
def passwd(context: AdminContext, name: str, password_stdin: bool, generate: bool) -> None:
    """Give NAME another password. Whoever is logged in as NAME is logged out.

    \b
    Example, for a pupil who has forgotten theirs:
      securechat-admin user passwd alice --generate
    """
    account = find_account(context, name)
    stored = new_password(account.name, context.rules, from_stdin=password_stdin, generate=generate)
    context.admin.set_password(account, stored)
    click.echo(
        _("{name} has a new password; the old one is worth nothing.").format(name=account.name)
    )
    context.settle()


@user.command()
@click.argument("name")
@click.pass_obj
def disable(context: AdminContext, name: str) -> None:
    """Keep NAME out until `user enable`. Whoever is logged in as NAME is logged out.

    \b
    Example: securechat-admin user disable maria
    """
    account = find_account(context, name)
    context.admin.set_disabled(account, disabled=True)
    click.echo(
        _("{name} is disabled: no login until `user enable {name}`.").format(name=account.name)
    )
    context.settle()


@user.command()
@click.argument("name")
@click.pass_obj
def enable(context: AdminContext, name: str) -> None:
    """Let NAME in again, with the password as it was.

    \b
    Example: securechat-admin user enable maria
    """
    account = find_account(context, name)
    context.admin.set_disabled(account, disabled=False)
    click.echo(_("{name} is enabled and can log in.").format(name=account.name))
    context.settle()


@user.command()
@click.argument("name")
@click.option("--revoke", is_flag=True, help="NAME administers the server no longer.")
@click.pass_obj
def admin(context: AdminContext, name: str, revoke: bool) -> None:
    """Let NAME administer the server: all channels obey an administrator.

    \b
    Example: securechat-admin user admin ms_miller
    """
    account = find_account(context, name)
    context.admin.set_admin(account, admin=not revoke)
    told = _("{name} administers the server.")
    if revoke:
        told = _("{name} no longer administers the server.")
    click.echo(told.format(name=account.name))
    context.settle()


@user.command()
@click.argument("name")
@click.option("--off", is_flag=True, help="NAME is a person again.")
@click.pass_obj
def bot(context: AdminContext, name: str, off: bool) -> None:
    """Tell that NAME is a bot: nothing that it has missed is given back to it.

    A bot would run again what it is told at its login, or what it ran before its connection was
    lost. It gets only what is said while it is there.

    \b
    Example: securechat-admin user bot robot
    """
    account = find_account(context, name)
    context.admin.set_bot(account, bot=not off)
    what = "gets what it has missed again" if off else "is a bot: it gets only what is live"
    click.echo(f"{account.name} {what}.")
    context.settle()


@user.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask whether you are sure.")
@click.pass_obj
def delete(context: AdminContext, name: str, yes: bool) -> None:
    """End the account NAME for good.

    Its sessions end and it leaves its channels. What it wrote stays, and so does its name: it is
    never given to anybody else. `user free` gives a name free within a day when nobody has heard
    of it.

    \b
    Example: securechat-admin user delete maria
    """
    account = find_account(context, name)
    if not yes:
        confirm(
            _(
                "This can't be undone: {name} is logged out, leaves all channels and can't "
                "log in again.\n"
                "What {name} wrote stays, and the name is never given to anybody else.\n"
                "To keep {name} out for a while: user disable {name}"
            ).format(name=account.name),
            _("Delete {name}?").format(name=account.name),
            _("nothing was deleted"),
        )
    context.admin.delete(account)
    click.echo(
        _("{name} is deleted. The messages stay; the name is given to nobody else.").format(
            name=account.name
        )
    )
    context.settle()


def confirm(explained: str, question: str, refused: str) -> None:
    """Raises click.ClickException, saying refused, unless somebody answers yes."""
    # A script that forgot --yes must not hang, nor be taken for a yes.
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask whether you are sure on; give --yes")
    click.echo(explained, err=True)
    if not click.confirm(question, err=True):
        raise click.ClickException(refused)


@user.command("remove-factor")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask whether you are sure.")
@click.pass_obj
def remove_factor(context: AdminContext, name: str, yes: bool) -> None:
    """Turn the second factor of NAME off, for who has lost the phone and the recovery codes.

    From then on the password alone is enough. Make sure that it is NAME who asks for it.

    \b
    Example: securechat-admin user remove-factor alice
    """
    account = find_account(context, name)
    # Before the question, which would else be about nothing.
    if not context.admin.reader.has_factor(account.id):
        raise click.ClickException(f"{account.name} has no second factor")
    if not yes:
        confirm(
            _(
                "From then on the password alone lets somebody in as {name}. Be sure that "
                "it is {name} who asks: face to face, or by a call to a number that you "
                "know."
            ).format(name=account.name),
            _("Remove the second factor of {name}?").format(name=account.name),
            _("the second factor stays"),
        )
    context.admin.remove_factor(account)
    click.echo(
        _("{name} logs in with the password alone; the client can turn it on again.").format(
            name=account.name
        )
    )
    context.settle()
