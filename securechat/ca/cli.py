"""``gencerts``: the command line of the certificate authority."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from securechat.ca import authority as ca
from securechat.ca import builders, clients, files, names, output, passphrase
from securechat.ca.authority import Authority
from securechat.ca.errors import CaError, StorageError, gencerts
from securechat.ca.names import Name
from securechat.ca.pem import Passphrase
from securechat.common.escape import escape_exactly

_PROG = "gencerts"
_EPILOG = """\
\b
Other commands, each with its own --help:
  gencerts client ACCOUNT  a certificate for login without a password
  gencerts renew           a new server certificate for the same names
  gencerts show            names, dates and fingerprints of what there is

A command comes first on the line. For a host whose name has no dot, other than
localhost and this host, write: gencerts make NAME
"""


def _version() -> str:
    try:
        return metadata.version("securechat")
    except metadata.PackageNotFoundError:
        return "(from a checkout)"


_HELP = {"help_option_names": ["-h", "--help"]}
_version_option = click.version_option(_version(), prog_name=_PROG)

_out = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("certs"),
    show_default=True,
    metavar="DIR",
    help="The CA's directory, private to you (mode 0700); made if missing.",
)
_days = click.option(
    "--days",
    type=int,
    default=builders.MAX_LEAF_DAYS,
    show_default=True,
    metavar="N",
    help=f"Days that the certificate is valid, at most {builders.MAX_LEAF_DAYS}.",
)
_passphrase_file = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the passphrase of the CA's key from FILE's first line instead of asking for it. "
    "A new CA's key is encrypted with it.",
)


@dataclass(frozen=True, slots=True)
class _Order:
    """What the options of the default command ask for."""

    out: Path
    days: int
    ca_days: int
    force: bool
    new_ca: bool
    strict: bool
    encrypt_key: bool
    passphrase_file: Path | None

    @property
    def makes_ca(self) -> bool:
        return self.new_ca or not ca.exists(self.out)


@click.command(epilog=_EPILOG, context_settings=_HELP)
@_version_option
@click.argument("name", nargs=-1)
@_out
@_days
@click.option(
    "--ca-days",
    type=int,
    default=builders.DEFAULT_CA_DAYS,
    show_default=True,
    metavar="N",
    help=f"Days that a new CA is valid, at most {builders.MAX_CA_DAYS}.",
)
@click.option("--force", is_flag=True, help="Replace the server certificate that is there.")
@click.option(
    "--new-ca",
    is_flag=True,
    help="Make a new CA, to sign for other names. With --force it replaces the one that is "
    "there, and every member needs the new ca.pem.",
)
@click.option(
    "--strict", is_flag=True, help="Keep private addresses and .local out of what a new CA signs."
)
@click.option("--encrypt-key", is_flag=True, help="Encrypt a new CA's key; asks for a passphrase.")
@_passphrase_file
@click.pass_context
def make(context: click.Context, /, name: tuple[str, ...], **options: Any) -> None:
    """Make a TLS certificate for a chat server, and on first use the certificate
    authority (CA) that signs it.

    NAME is a DNS name or IP address under which clients reach the server. Without
    any, it is localhost, 127.0.0.1, ::1 and this host's name.

    A CA signs only for the names that it was made for and the names below them
    (example.org: also chat.example.org), for localhost and loopback addresses, and,
    unless --strict is given, for private address ranges and names in .local. So a
    stolen CA key can't impersonate the rest of the internet. To sign for more, make
    another: --new-ca.

    Nothing that is there is overwritten without --force.
    """
    # Not behind `gencerts make`, which takes every word for the name of a host.
    if name and name[0] in _COMMANDS and context.info_name == _PROG:
        raise click.UsageError(
            f"'{name[0]}' is a command and comes first: gencerts {name[0]} …; "
            f"for a host of that name: gencerts make {name[0]}"
        )
    order = _Order(**options)
    if context.info_name == _PROG:
        _refuse_words(order.out, name)
    wanted = names.parse_names(name or names.default_names())
    builders.check_leaf_days(order.days)
    builders.check_ca_days(order.ca_days)
    if not order.makes_ca:
        _refuse_ca_options(context)
    if not order.force:
        _refuse_overwriting(order, wanted)
    _print(_make(order, wanted, _now()))


@click.command(context_settings=_HELP)
@_version_option
@click.argument("account")
@_out
@_days
@click.option("--force", is_flag=True, help="Replace the account's certificate that is there.")
@_passphrase_file
def client(account: str, out: Path, days: int, force: bool, passphrase_file: Path | None) -> None:
    """Make a certificate for ACCOUNT to log in with instead of a password.

    It is signed by an authority for clients, clients-ca.pem in DIR, which is made on
    first use and signs nothing else. A server lets it in when it is told of that
    authority (client_ca) and of this certificate (securechat-admin certificate add).

    It is written to client-ACCOUNT.pem together with its private key, since that is
    how chat programs want it.
    """
    now = _now()
    account = names.parse_account(account)
    builders.check_leaf_days(days)
    if not force:
        files.refuse_existing(out / f"client-{account}.pem")
    _print(_client(account, out, days, passphrase_file, now, force=force))


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
            unlock = _always(secret)
    with files.locked(out):
        authority = authority or clients.create_authority(out, now=now, passphrase=secret)
        path = clients.issue(
            authority, account, now=now, days=days, passphrase=unlock, replace=force
        )
    yield from output.client(authority, path, now)


def _always(secret: bytes) -> Passphrase:
    return lambda _key: secret


@click.command(context_settings=_HELP)
@_version_option
@_out
@_days
@_passphrase_file
def renew(out: Path, days: int, passphrase_file: Path | None) -> None:
    """Replace the server certificate by a new one from the same CA, with a new key and
    the same names. Members need nothing new.
    """
    now = _now()
    builders.check_leaf_days(days)
    authority = ca.load_authority(out)
    renewal = ca.names_to_renew(authority)
    ca.check_can_sign(authority, renewal, now=now)
    unlock = passphrase.unlock(authority.key_path, passphrase_file)
    with files.locked(out):
        server = ca.issue_server(
            authority, renewal, now=now, days=days, passphrase=unlock, replace=True
        )
    _print(output.renewed(authority, server, now))


@click.command(context_settings=_HELP)
@_version_option
@_out
def show(out: Path) -> int:
    """Print names, dates and SHA-256 fingerprints of the certificates in DIR."""
    failed = False
    for line in output.show(out, _now()):
        failed = failed or isinstance(line, CaError)
        click.echo(
            line if isinstance(line, str) else _complaint(line), err=not isinstance(line, str)
        )
    return 1 if failed else 0


_COMMANDS = {"client": client, "renew": renew, "show": show, "make": make}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``gencerts``.

    :param argv: the arguments without the program's name; by default the process's own.
    :returns: the exit code: 0, 1 for a failure, 2 for wrong usage.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    # No click.Group: it would take the names that the default command is given for commands.
    command: click.Command = make
    prog = _PROG
    if arguments and arguments[0] in _COMMANDS:
        command = _COMMANDS[arguments[0]]
        prog = f"{_PROG} {arguments.pop(0)}"
    return _run(lambda: command.main(arguments, prog_name=prog, standalone_mode=False))


def _run(call: Callable[[], Any]) -> int:
    try:
        result = call()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo(f"{_PROG}: cancelled", err=True)
        return 1
    except CaError as error:
        click.echo(_complaint(error), err=True)
        return 1
    except OSError as error:
        click.echo(f"{_PROG}: {escape_exactly(f'{error.filename}: {error.strerror}')}", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _make(order: _Order, wanted: Sequence[Name], now: datetime) -> Iterator[str]:
    """Make what is ordered."""
    authority: Authority | None = None
    # What a person is asked is asked before the lock: others would wait for their answer.
    if order.makes_ca:
        files.private_directory(order.out)
        unlock = _new_passphrase(order)
    else:
        authority = ca.load_authority(order.out)
        ca.check_can_sign(authority, wanted, now=now)
        unlock = passphrase.unlock(authority.key_path, order.passphrase_file)
    with files.locked(order.out):
        authority = authority or ca.create_authority(
            order.out,
            wanted,
            now=now,
            days=order.ca_days,
            strict=order.strict,
            passphrase=unlock(order.out) if unlock else None,
            replace=order.force,
        )
        server = ca.issue_server(
            authority, wanted, now=now, days=order.days, passphrase=unlock, replace=order.force
        )
    yield from output.made(authority, server, wanted, now)


def _refuse_words(out: Path, given: Sequence[str]) -> None:
    """Refuse words that are hardly hosts. Raises click.UsageError."""
    # They are commands, rather, that were misspelt or came too late, and each would make a CA.
    known = (*names.default_names(), *ca.names_held(out))
    for word in given:
        if names.is_bare(word) and word.lower() not in known:
            near = difflib.get_close_matches(word.lower(), [*_COMMANDS, "help", "version"], n=1)
            meant = f" Did you mean '{_PROG} {_typed(near[0])}'?" if near else ""
            shown = escape_exactly(word)
            raise click.UsageError(
                f"'{shown}' has no dot, so it is hardly a host that others can find.{meant} "
                f"For a host that is called so: {_PROG} make {shown}"
            )


def _typed(word: str) -> str:
    return f"--{word}" if word in ("help", "version") else word


def _new_passphrase(order: _Order) -> Passphrase | None:
    if not order.encrypt_key and order.passphrase_file is None:
        return None
    return _always(passphrase.new(order.passphrase_file))


def _refuse_ca_options(context: click.Context) -> None:
    """Refuse options that do nothing for a CA that is there. Raises click.UsageError."""
    for option in ("ca_days", "strict", "encrypt_key"):
        if context.get_parameter_source(option) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{option.replace('_', '-')} is for a new CA, and there is one already: leave "
                f"it out, or make a new CA with --new-ca"
            )


def _refuse_overwriting(order: _Order, wanted: Sequence[Name]) -> None:
    """Refuse what would overwrite something. Raises StorageError."""
    # Before anything is made or asked. :func:`files.write_files` refuses it once more, under the
    # lock.
    where = order.out
    if order.new_ca and ca.exists(where):
        raise StorageError(
            where,
            "there is a CA already. --new-ca --force replaces it: every member then needs the "
            "new ca.pem. To keep it, make the new one in another directory with --out",
        )
    for path in (where / "server.pem", where / "server-key.pem"):
        if path.exists():
            again = gencerts(where, "--force", *map(str, wanted))
            ways = f"To replace it by one for these names: '{again}'"
            if ca.exists(where):
                same = gencerts(where, "renew")
                ways = f"For a new one with the same names: '{same}'. {ways}"
            raise StorageError(path, f"is there already and was not overwritten. {ways}")


def _complaint(error: CaError) -> str:
    """The error's text, with nothing in it that could drive the terminal."""
    lines = [escape_exactly(line) for line in str(error).split("\n")]
    return f"{_PROG}: " + "\n".join(lines)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _now() -> datetime:
    return datetime.now(UTC)
