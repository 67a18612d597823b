"""`securechat-admin backup`, `restore` and `check`."""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path

import click

from securechat.admin.backup.archive import TLS
from securechat.admin.backup.check import check_up
from securechat.admin.backup.make import make_backup
from securechat.admin.backup.restore import restore_backup
from securechat.admin.context import AdminContext, who
from securechat.admin.listing import local_time
from securechat.common.escape import escape_exactly
from securechat.common.language import _, translated
from securechat.server.data import DataDirectory, DataError, default_directory
from securechat.server.settings import wanted_database

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Replace FILE.")
@click.pass_obj
def backup(context: AdminContext, file: Path, force: bool) -> None:
    """Write everything that the server needs into FILE, while it runs.

    FILE is a tar archive of the database, its pepper, and the certificates and keys in the data
    directory. Not in it are the configuration, and files that it or --cert name elsewhere.

    It is as secret as the server: who has FILE has all messages, can guess at the passwords and
    can pose as the server. It is made for its owner's eyes only (mode 0600); keep it so.

    \b
    Example: securechat-admin backup /backups/chat-2026-01-31.tar
    """
    made = make_backup(context.data, file, by=who(), force=force, pause=context.pause)
    click.echo(
        _("{file} holds {members}: {size}.").format(
            file=file, members=", ".join(made.manifest.members), size=_size(made.size)
        )
    )
    if made.warning:
        click.echo(_("warning: {warning}").format(warning=translated(made.warning)), err=True)
    if not set(TLS) & made.manifest.members.keys():
        click.echo(
            _(
                "warning: the server's certificate and key are not in the data directory, "
                "so they are not in the backup: keep a copy of them too"
            ),
            err=True,
        )
    click.echo(
        _(
            "Keep it as secret as the server: who has this file has all messages, can "
            "guess at the passwords and can pose as the server."
        ),
        err=True,
    )


def _size(size: int) -> str:
    return _("{count} MiB").format(count=f"{size / (1 << 20):.1f}")


@click.command()
@click.argument("file", type=_FILE)
@click.pass_obj
def restore(context: AdminContext, file: Path) -> None:
    """Make the data directory from the backup in FILE.

    The directory must be missing or empty, and no server may run on it. Everything is verified
    first; if anything is wrong, nothing is made. With --config the database comes to where that has
    it: on PostgreSQL, there must be none of a server yet.

    \b
    Example: securechat-admin restore /backups/chat-2026-01-31.tar
    """
    data = context.data
    target = wanted_database(context.config) if context.config_file else None
    done = restore_backup(file, data, by=who(), target=target)
    made = local_time(done.manifest.made_ms)
    version = escape_exactly(done.manifest.version)
    click.echo(
        _("{path} is as it was on {made}, by a backup of securechat {version}.").format(
            path=data.path, made=made, version=version
        )
    )
    if target is not None:
        click.echo(_("The database is at {place} now.").format(place=target))
    if done.warning:
        click.echo(_("warning: {warning}").format(warning=translated(done.warning)), err=True)
    click.echo(
        _(
            "What was done after that is undone: passwords, revoked tokens and invites, "
            "disabled accounts and second factors are as they were then."
        ),
        err=True,
    )
    where = f" --data {shlex.quote(str(data.path))}" if data.path != default_directory() else ""
    if context.config_file is not None:
        where += f" --config {shlex.quote(str(context.config_file))}"
        following = _("Next:  securechat-server{where}")
    else:
        following = _("Next:  securechat-server{where}  (with the --config or --cert that it had)")
    click.echo(following.format(where=where), err=True)


def _check_present(data: DataDirectory) -> None:
    """Raises DataError when there is nothing to check."""
    try:
        data.check_database()
    except DataError:
        # Path.exists() may raise.
        if not any(map(os.path.exists, (data.database, data.store))):
            raise


@click.command()
@click.option("--quick", is_flag=True, help="Look less closely at the database; for a large one.")
@click.pass_obj
@click.pass_context
def check(invocation: click.Context, context: AdminContext, quick: bool) -> None:
    """See whether all that the server starts on is in order, while it runs.

    The modes of the files, the database, its pepper, and the certificate that the server last ran
    with (with --config the one that it names): its dates, key, chain, and whether it is for the
    address that links name. What is wrong is told on standard error, and makes the exit code 1.

    \b
    Example: securechat-admin check --quick
    """
    _check_present(context.data)
    good = True
    config = context.config if context.file else None
    for found in check_up(context.data, config, quick=quick, now=datetime.now(UTC)):
        good = good and found.good
        mark = _("ok") if found.good else _("FAULT")
        click.echo(f"{mark:<5}  {translated(found.text)}", err=not found.good)
    invocation.exit(0 if good else 1)
