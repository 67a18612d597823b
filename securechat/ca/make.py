"""``gencerts make``, the default command: a certificate for a server, and what it refuses."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from securechat.ca import authority as ca
from securechat.ca import builders, files, names, options, output, passphrase
from securechat.ca.authority import Authority
from securechat.ca.errors import StorageError, gencerts
from securechat.ca.names import Name
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

_EPILOG = """\
\b
Other commands, each with its own --help:
  gencerts client ACCOUNT  a certificate for login without a password
  gencerts renew           a new server certificate for the same names
  gencerts show            names, dates and fingerprints of what there is

A command comes first on the line. For a host whose name has no dot, other than
localhost and this host, write: gencerts make NAME
"""


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


@click.command(epilog=_EPILOG, context_settings=HELP)
@version_option
@click.argument("name", nargs=-1)
@out_option
@days_option
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
@passphrase_option
@click.pass_context
def make(context: click.Context, /, name: tuple[str, ...], **given: Any) -> None:
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

    \b
    Example: gencerts chat.example 10.0.0.5
    """
    # Not behind `gencerts make`, which takes every word for the name of a host.
    if name and name[0] in COMMANDS and context.info_name == PROG:
        raise click.UsageError(
            f"'{name[0]}' is a command and comes first: gencerts {name[0]} …; "
            f"for a host of that name: gencerts make {name[0]}"
        )
    order = _Order(**given)
    if context.info_name == PROG:
        _refuse_words(order.out, name)
    wanted = names.parse_names(name or names.default_names())
    builders.check_leaf_days(order.days)
    builders.check_ca_days(order.ca_days)
    if not order.makes_ca:
        _refuse_ca_options(context)
    if not order.force:
        _refuse_overwriting(order, wanted)
    print_lines(_make(order, wanted, options.now()))


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
            near = difflib.get_close_matches(word.lower(), [*COMMANDS, "help", "version"], n=1)
            meant = f" Did you mean '{PROG} {_typed(near[0])}'?" if near else ""
            shown = escape_exactly(word)
            raise click.UsageError(
                f"'{shown}' has no dot, so it is hardly a host that others can find.{meant} "
                f"For a host that is called so: {PROG} make {shown}"
            )


def _typed(word: str) -> str:
    return f"--{word}" if word in ("help", "version") else word


def _new_passphrase(order: _Order) -> Passphrase | None:
    if not order.encrypt_key and order.passphrase_file is None:
        return None
    return always(passphrase.new(order.passphrase_file))


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
