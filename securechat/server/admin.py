"""`securechat-admin`: what whoever runs a server does with it, while it runs or is stopped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from securechat import __version__
from securechat.server import admin_user_lists
from securechat.server.admin_audit import audit
from securechat.server.admin_backup import backup, check, restore
from securechat.server.admin_invites import invite
from securechat.server.admin_tokens import token
from securechat.server.admin_users import user
from securechat.server.cli import run
from securechat.server.data import DataDirectory, default_directory
from securechat.server.office import Office

NAME = "securechat-admin"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The server's TOML file. [what the server last ran with]",
)
@click.option("--data", type=click.Path(path_type=Path), help="The server's data directory.")
@click.version_option(__version__, prog_name=NAME)
@click.pass_context
def command(context: click.Context, config: Path | None, data: Path | None) -> None:
    """Administer a securechat server.

    Works on the server's data directory, as the user that the server runs as. A running server
    takes a change up at once.

    Exit codes: 0 done; 1 refused, or stored and not taken up by the running server; 2 wrong usage.
    """
    context.obj = Office(DataDirectory(data or default_directory()), config)


user.add_command(admin_user_lists.list_)
user.add_command(admin_user_lists.show)
for part in (user, invite, token, audit, backup, restore, check):
    command.add_command(part)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point. Returns 0, 1 when it can't be done, 2 for bad usage."""
    return run(command, argv, NAME)


if __name__ == "__main__":
    sys.exit(main())
