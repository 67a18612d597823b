"""``gencerts``: the command line of the certificate authority."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from securechat.ca import authority as ca
from securechat.ca import builders, clients, files, names, options, output, passphrase
from securechat.ca.authority import Authority
from securechat.ca.errors import CaError
from securechat.ca.make import make
from securechat.ca.options import (
    COMMANDS,
    HELP,
    PROG,
    always,
    days_option,
    out_option,
    passphrase_option,
    print_lines,
    version_option,
)
from securechat.ca.pem import Passphrase
from securechat.common.escape import escape_exactly
from securechat.common.language import _, in_language, shown, translated


@click.command(context_settings=HELP)
@version_option
@click.argument("account")
@out_option
@days_option
@click.option("--force", is_flag=True, help="Replace the account's certificate that is there.")
@passphrase_option
def client(account: str, out: Path, days: int, force: bool, passphrase_file: Path | None) -> None:
    """Make a certificate for ACCOUNT to log in with instead of a password.

    It is signed by an authority for clients, clients-ca.pem in DIR, which is made on
    first use and signs nothing else. A server lets it in when it is told of that
    authority (client_ca) and of this certificate (securechat-admin certificate add).

    It is written to client-ACCOUNT.pem together with its private key, since that is
    how chat programs want it.

    \b
    Example: gencerts client alice --out ~/clients
    """
    now = options.now()
    account = names.parse_account(account)
    builders.check_leaf_days(days)
    if not force:
        files.refuse_existing(out / f"client-{account}.pem")
    print_lines(_client(account, out, days, passphrase_file, now, force=force))


def _client(
    account: str, out: Path, days: int, passphrase_file: Path | None, now: datetime, *, force: bool
) -> Iterator[str]:
    """Make a client's certificate, and on first use the authority."""
    authority: Authority | None = None
    secret: bytes | None = None
    unlock: Passphrase | None = None
    # What a person is asked is asked before the lock: others would wait for their answer.
    if clients.exists(out):
        authority = clients.load_authority(out)
        unlock = passphrase.unlock(authority.key_path, passphrase_file)
    else:
        files.private_directory(out)
        if passphrase_file is not None:
            secret = passphrase.new(passphrase_file)
            unlock = always(secret)
    with files.locked(out):
        authority = authority or clients.create_authority(out, now=now, passphrase=secret)
        path = clients.issue(
            authority, account, now=now, days=days, passphrase=unlock, replace=force
        )
    yield from output.client(authority, path, now)


@click.command(context_settings=HELP)
@version_option
@out_option
@days_option
@passphrase_option
def renew(out: Path, days: int, passphrase_file: Path | None) -> None:
    """Replace the server certificate by a new one from the same CA, with a new key and
    the same names. Members need nothing new.

    \b
    Example: gencerts renew --out certs
    """
    now = options.now()
    builders.check_leaf_days(days)
    authority = ca.load_authority(out)
    renewal = ca.names_to_renew(authority)
    ca.check_can_sign(authority, renewal, now=now)
    unlock = passphrase.unlock(authority.key_path, passphrase_file)
    with files.locked(out):
        server = ca.issue_server(
            authority, renewal, now=now, days=days, passphrase=unlock, replace=True
        )
    print_lines(output.renewed(authority, server, now))


@click.command(context_settings=HELP)
@version_option
@out_option
def show(out: Path) -> int:
    """Print names, dates and SHA-256 fingerprints of the certificates in DIR.

    \b
    Example: gencerts show --out certs
    """
    failed = False
    for line in output.show(out, options.now()):
        failed = failed or isinstance(line, CaError)
        click.echo(
            line if isinstance(line, str) else _complaint(line), err=not isinstance(line, str)
        )
    return 1 if failed else 0


_HANDLERS = dict(zip(COMMANDS, (client, renew, show, make), strict=True))


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``gencerts``.

    :param argv: the arguments without the program's name; by default the process's own.
    :returns: the exit code: 0, 1 for a failure, 2 for wrong usage.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    # No click.Group: it would take the names that the default command is given for commands.
    command: click.Command = make
    prog = PROG
    if arguments and arguments[0] in _HANDLERS:
        command = _HANDLERS[arguments[0]]
        prog = f"{PROG} {arguments.pop(0)}"
    return _run(lambda: in_language(command).main(arguments, prog_name=prog, standalone_mode=False))


def _run(call: Callable[[], Any]) -> int:
    try:
        result = call()
    except click.ClickException as error:
        click.echo(shown(error), nl=False, err=True)
        return error.exit_code
    except click.Abort:
        click.echo(_("{prog}: cancelled").format(prog=PROG), err=True)
        return 1
    except CaError as error:
        click.echo(_complaint(error), err=True)
        return 1
    except OSError as error:
        click.echo(
            f"{PROG}: {escape_exactly(f'{error.filename}: {translated(error.strerror)}')}", err=True
        )
        return 1
    return result if isinstance(result, int) else 0


def _complaint(error: CaError) -> str:
    """The error's text, with nothing in it that could drive the terminal."""
    lines = [escape_exactly(line) for line in translated(error).split("\n")]
    return f"{PROG}: " + "\n".join(lines)
