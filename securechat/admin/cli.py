"""`securechat-admin`: administers a server, while it runs or is stopped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from securechat import __version__
from securechat.admin import addresses, history, running, sessions, user_lists
from securechat.admin import channel_people as channel_people
from securechat.admin.announce import announce
from securechat.admin.audit import audit
from securechat.admin.backup.archive import BackupError
from securechat.admin.backup.cli import backup, check, restore
from securechat.admin.channels import channel
from securechat.admin.context import AdminContext
from securechat.admin.credentials import certificate, token
from securechat.admin.export import channel as export_channel
from securechat.admin.export import export
from securechat.admin.export import user as export_user
from securechat.admin.importing import import_
from securechat.admin.invites import invite
from securechat.admin.moving import move
from securechat.admin.naming import free, rename
from securechat.admin.nodes import nodes
from securechat.admin.quota import quota
from securechat.admin.reports import reports
from securechat.admin.status import status
from securechat.admin.users import user
from securechat.server.commands import FAILURES, run
from securechat.server.data import DataDirectory, default_directory

NAME = "securechat-admin"


GIVEN = "securechat.given"
"""The key in click's `meta` under which a run keeps the values of the options below."""


def _take(context: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Take --config or --data, before a command or behind it. Raises click.UsageError when one is
    given twice and not as the same.
    """
    if value is None or param.name is None:
        return value
    # `meta` is one for all the contexts of a run, the group's and those of its commands.
    given = context.meta.setdefault(GIVEN, {})
    earlier = given.setdefault(param.name, value)
    if earlier != value:
        raise click.UsageError(f"--{param.name} is given twice, as {earlier} and as {value}")
    if context.parent is not None:
        context.find_root().obj.use(**given)
    return value


def _places(*, expose: bool) -> list[click.Option]:
    """--config and --data. expose: whether the command's function gets them."""
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path, dir_okay=False),
            callback=_take,
            expose_value=expose,
            help="The server's TOML file. [what the server last ran with]",
        ),
        click.Option(
            ["--data"],
            type=click.Path(path_type=Path),
            callback=_take,
            expose_value=expose,
            help="The server's data directory.",
        ),
    ]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=NAME)
@click.pass_context
def command(context: click.Context, config: Path | None, data: Path | None) -> None:
    """Administer a securechat server.

    Works on the server's data directory, as the user that the server runs as. A running server
    takes a change up at once. --data and --config may also stand behind a command.

    Exit codes: 0 done; 1 refused, or stored and not taken up by the running server; 2 wrong usage.
    """
    # Nothing is opened here, so that --help works without a server.
    context.obj = AdminContext(DataDirectory(data or default_directory()), config)


def _place_everywhere(part: click.Command) -> None:
    """Give --config and --data to a command and to all below it."""
    # People type them where they come to mind, which is at the end. Once: a command may stand in
    # two places.
    if not any(param.name == "data" for param in part.params):
        part.params += _places(expose=False)
    for below in part.commands.values() if isinstance(part, click.Group) else ():
        _place_everywhere(below)


user.add_command(import_)
user.add_command(free)
user.add_command(rename)
user.add_command(user_lists.list_)
user.add_command(user_lists.show)
user.add_command(sessions.sessions)
user.add_command(sessions.logout)
user.add_command(history.erase)
user.add_command(quota)
user.add_command(addresses.ban)
user.add_command(addresses.unban)
user.add_command(addresses.bans)
user.add_command(export_user, "export")
channel.add_command(export_channel, "export")
command.params[:0] = _places(expose=True)
for part in (
    *(user, invite, token, certificate, channel, announce, reports, audit),
    *(status, export, backup, restore, move, nodes, check, running.reload, running.config),
):
    _place_everywhere(part)
    command.add_command(part)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point. Returns 0, 1 when it can't be done, 2 for bad usage."""
    return run(command, argv, NAME, (*FAILURES, BackupError))


if __name__ == "__main__":
    sys.exit(main())
