"""`securechat-admin user …`: accounts."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from securechat.irc import names
from securechat.irc.names import AccountName, InvalidName
from securechat.server import user_import
from securechat.server.new_password import new_password, password_stdin
from securechat.server.office import Office
from securechat.server.table import table
from securechat.server.user_import import ImportRefused
from securechat.store.admin import NewAccount
from securechat.store.reader import AccountRow

STDIN = Path("-")


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
@click.option("--admin", is_flag=True, help="The account administers the server.")
@click.pass_obj
def add(office: Office, name: AccountName, password_stdin: bool, admin: bool) -> None:
    """Make the account NAME."""
    refuse_taken(office, name)
    stored = new_password(name.display, office.rules, from_stdin=password_stdin)
    office.admin.add([NewAccount(*_forms(name), stored, admin)], now_ms())
    role = " and administers the server" if admin else ""
    click.echo(f"{name.display} has an account{role}.")
    office.settle()


def refuse_taken(office: Office, name: AccountName) -> None:
    """Before anybody is asked for a password. Raises click.ClickException."""
    reason = why_taken(office, name)
    if reason is not None:
        raise click.ClickException(reason)


def why_taken(office: Office, name: AccountName) -> str | None:
    """Why no account can be called so, or None."""
    return office.admin.taken(NewAccount(*_forms(name), password=""))


def _forms(name: AccountName) -> tuple[str, str, str]:
    return name.display, name.folded, name.skeleton


def now_ms() -> int:
    """Milliseconds since 1970 (UTC)."""
    return int(time.time() * 1000)


@user.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.pass_obj
def import_(office: Office, file: Path) -> None:
    """Make accounts for all rows of a CSV FILE, or for none; - is standard input.

    The file is UTF-8, its first line is the header name,password. All that is wrong with it is
    told with its line, and then nothing is added.
    """
    source = "standard input" if file == STDIN else str(file)
    try:
        count = _import_all(office, _content(file))
    except ImportRefused as refused:
        for fault in refused.faults:
            click.echo(f"{source}, line {fault.line}: {fault.text}", err=True)
        found = "one error" if len(refused.faults) == 1 else f"{len(refused.faults)} errors"
        raise click.ClickException(f"nothing was added: {source} has {found}") from None
    click.echo(f"{count} accounts were added." if count > 1 else "One account was added.")
    _warn_about(file)
    office.settle()


def _content(file: Path) -> bytes:
    limit = user_import.MAX_BYTES + 1
    if file == STDIN:
        return sys.stdin.buffer.read(limit)
    try:
        with file.open("rb") as opened:
            return opened.read(limit)
    except OSError as error:
        raise click.ClickException(f"can't read {file}: {error.strerror}") from None


def _import_all(office: Office, content: bytes) -> int:
    """Raises ImportRefused, with every fault that can be found; StoreError."""
    rules = office.rules
    progress = _progress if sys.stderr.isatty() else _silent
    rows, faults = user_import.read_rows(content)
    faults += user_import.taken(rows, lambda name: why_taken(office, name))
    faults += user_import.weak(rows, rules.why_refused, progress)
    if faults:
        raise ImportRefused(faults)
    threads = user_import.threads_beside(office.data.running())
    hashed = user_import.hash_all(rows, rules.stored, progress, threads)
    office.admin.add([NewAccount(*_forms(name), stored) for name, stored in hashed], now_ms())
    return len(hashed)


def _progress(what: str, done: int, total: int) -> None:
    click.echo(f"\r{what}: {done} of {total}", err=True, nl=done == total)


def _silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""


def _warn_about(file: Path) -> None:
    if file != STDIN and file.stat().st_mode & 0o077:
        click.echo(
            f"warning: other users of this machine can read {file}, and it holds the passwords: "
            "delete it, or close it with chmod 600",
            err=True,
        )


# Listing


@user.command("list")
@click.option("--all", "everybody", is_flag=True, help="The deleted accounts too.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(office: Office, everybody: bool, as_json: bool) -> None:
    """Show the accounts."""
    rows = [row for row in office.admin.reader.accounts() if everybody or not row.deleted]
    rows.sort(key=lambda row: row.folded)
    if as_json:
        click.echo(json.dumps([_entry(row) for row in rows], indent=2))
    elif rows:
        cells = [(row.name, _state(row), _role(row), local_time(row.created_ms)) for row in rows]
        click.echo("\n".join(table(("NAME", "STATE", "ROLE", "MADE"), cells)))
    else:
        click.echo("There is no account yet; `user add NAME` makes one.", err=True)


def _entry(row: AccountRow) -> dict[str, object]:
    made = datetime.fromtimestamp(row.created_ms / 1000, UTC)
    return {
        "name": row.name,
        "state": _state(row),
        "admin": bool(row.admin),
        "created": made.isoformat(timespec="seconds"),
    }


def _state(row: AccountRow) -> str:
    if row.deleted:
        return "deleted"
    return "disabled" if row.disabled else "active"


def _role(row: AccountRow) -> str:
    return "admin" if row.admin else ""


def local_time(at_ms: int) -> str:
    """A moment as people here write it, without seconds."""
    return f"{datetime.fromtimestamp(at_ms / 1000).astimezone():%Y-%m-%d %H:%M}"


# Changing


def _find(office: Office, name: str) -> AccountRow:
    """Raises UnknownError."""
    return office.admin.find(names.fold_account(name) or "", repr(name)[1:-1])


@user.command()
@click.argument("name")
@password_stdin
@click.pass_obj
def passwd(office: Office, name: str, password_stdin: bool) -> None:
    """Give NAME another password. Whoever is logged in as NAME is logged out."""
    account = _find(office, name)
    stored = new_password(account.name, office.rules, from_stdin=password_stdin)
    office.admin.set_password(account, stored)
    click.echo(f"{account.name} has a new password; the old one is worth nothing.")
    office.settle()


@user.command()
@click.argument("name")
@click.pass_obj
def disable(office: Office, name: str) -> None:
    """Keep NAME out until `user enable`. Whoever is logged in as NAME is logged out."""
    account = _find(office, name)
    office.admin.set_disabled(account, disabled=True)
    click.echo(f"{account.name} is disabled: no login until `user enable {account.name}`.")
    office.settle()


@user.command()
@click.argument("name")
@click.pass_obj
def enable(office: Office, name: str) -> None:
    """Let NAME in again, with the password as it was."""
    account = _find(office, name)
    office.admin.set_disabled(account, disabled=False)
    click.echo(f"{account.name} is enabled and can log in.")
    office.settle()


@user.command()
@click.argument("name")
@click.option("--revoke", is_flag=True, help="NAME administers the server no longer.")
@click.pass_obj
def admin(office: Office, name: str, revoke: bool) -> None:
    """Let NAME administer the server: all rooms obey an administrator."""
    account = _find(office, name)
    office.admin.set_admin(account, admin=not revoke)
    change = "no longer administers" if revoke else "administers"
    click.echo(f"{account.name} {change} the server.")
    office.settle()


@user.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask whether you are sure.")
@click.pass_obj
def delete(office: Office, name: str, yes: bool) -> None:
    """End the account NAME for good.

    Its sessions end and it leaves its rooms. What it wrote stays, and so does its name: it is
    never given to anybody else.
    """
    account = _find(office, name)
    if not yes:
        _confirm_deletion(account.name)
    office.admin.delete(account)
    click.echo(f"{account.name} is deleted. The messages stay; the name is given to nobody else.")
    office.settle()


def _confirm_deletion(name: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask whether you are sure on; give --yes")
    click.echo(
        f"This can't be undone: {name} is logged out, leaves all rooms and can't log in again.\n"
        f"What {name} wrote stays, and the name is never given to anybody else.\n"
        f"To keep {name} out for a while: user disable {name}",
        err=True,
    )
    if not click.confirm(f"Delete {name}?", err=True):
        raise click.ClickException("nothing was deleted")
