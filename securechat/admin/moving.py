"""`securechat-admin move`: takes a server's database to PostgreSQL, or back into a file.

Main thread.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from securechat.admin.context import AdminContext, who
from securechat.common.files import sync_directory
from securechat.common.language import _
from securechat.server import store_file
from securechat.server.data import DataDirectory, DataError
from securechat.server.store_file import StoreFileError
from securechat.store.admin import Admin
from securechat.store.database import Location, open_database, retire
from securechat.store.moving import copy_rows
from securechat.store.pepper import check_pepper
from securechat.store.postgres.location import PostgresLocation, UrlError, parse_location
from securechat.store.sqlite.database import files_of

_NEW = ".new"
"""Ends the name of the file while it is being filled."""


@click.command()
@click.argument("url", required=False)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Has the password in its first line. [~/.pgpass, and what else PostgreSQL knows]",
)
@click.option("--to-file", is_flag=True, help="Into a file of the data directory.")
@click.pass_obj
def move(context: AdminContext, url: str | None, password_file: Path | None, to_file: bool) -> None:
    """Take the server's database to a server of PostgreSQL at URL, or back with --to-file.

    No server may run. All rows are copied and then compared, one by one; the old database stays
    where it is, under another name, until you remove it. Accounts, messages and their ids stay
    what they were, and so do the pepper and the certificates, which are in the data directory.

    \b
    Example: securechat-admin move postgresql://chat@db.example/chat --password-file /etc/chat.pw
    """
    if (url is None) != to_file:
        raise click.UsageError(_("Name a URL, or give --to-file."))
    data = context.data
    data.check_database()
    data.lock()
    try:
        check_pepper(data.location, data.pepper)
        with _kept_from_others(data.location):
            if url is None:
                _to_file(data)
            else:
                _to_postgres(data, _location(url, password_file))
    finally:
        data.unlock()


def _location(url: str, password_file: Path | None) -> PostgresLocation:
    try:
        return parse_location(url, password_file.absolute() if password_file else None)
    except UrlError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def _kept_from_others(source: Location) -> Iterator[None]:
    """No server runs on it, be it at another machine, and none can begin. Raises StoreError."""
    if isinstance(source, Path):  # the directory is locked
        yield
        return
    with closing(open_database(source)) as connection:
        connection.claim()
        yield


def _to_postgres(data: DataDirectory, target: PostgresLocation) -> None:
    source = data.location
    if isinstance(source, PostgresLocation) and store_file.is_same_database(source, target):
        raise DataError(f"the database of {data.path} is at {target} already")
    _copy(source, target)
    try:
        # From here on the new one is the server's.
        store_file.write_location(data.store, target)
    except StoreFileError as error:
        raise DataError(str(error)) from error
    kept = _put_away(source)
    click.echo(_("The database is at {place} now.").format(place=target))
    configure = _('Put url = "{url}" into [store] of the configuration.').format(url=target.url)
    if target.password_file is not None:
        beside = _('Put password_file = "{file}" beside it.').format(file=target.password_file)
        configure = f"{configure}\n{beside}"
    _tell_rest(kept, configure)


def _to_file(data: DataDirectory) -> None:
    source = data.location
    if isinstance(source, Path):
        raise DataError(f"the database of {data.path} is a file already")
    if data.database.exists():
        raise DataError(
            f"{data.database} is in the way, and is not written over: move it away, then try again"
        )
    new = data.database.with_name(data.database.name + _NEW)
    with _removed_on_failure(new):
        _copy(source, new)
        new.rename(data.database)
    data.store.unlink()
    sync_directory(data.path)
    kept = _put_away(source)
    click.echo(_("The database is at {place} now.").format(place=data.database))
    _tell_rest(kept, _("Take url out of [store] of the configuration."))


def copy_over(source: Location, target: Location) -> None:
    """All rows into a database that is new, with a word on standard error of how far it is. Raises
    StoreError.
    """
    with (
        closing(open_database(source, read_only=True)) as old,
        closing(open_database(target)) as new,
    ):
        # A second program must not write there meanwhile.
        new.claim()
        copy_rows(old, new, _show)
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def _copy(source: Location, target: Location) -> None:
    copy_over(source, target)
    admin = Admin(target, by=who())
    try:
        admin.audit.note("database moved", source=str(source), target=str(target))
    finally:
        admin.close()


def _show(table: str, count: int) -> None:
    if sys.stderr.isatty():
        text = _("{table}: {count} rows").format(table=table, count=count)
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)


@contextmanager
def _removed_on_failure(file: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for part in files_of(file):
            part.unlink(missing_ok=True)
        raise


def _put_away(source: Location) -> str:
    """Have no server start on it by mistake; how it is called now."""
    day = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    return retire(source, f"moved_{day}")


def _tell_rest(kept: str, configure: str) -> None:
    click.echo(
        _(
            "The old one is kept as {kept}: remove it once you have seen that all is well; it has "
            "all messages in it."
        ).format(kept=kept),
        err=True,
    )
    click.echo(configure, err=True)
