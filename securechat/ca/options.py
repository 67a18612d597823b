"""What the commands of ``gencerts`` have in common: options, the time, how they print."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import click

from securechat.ca import builders
from securechat.ca.pem import Passphrase

PROG = "gencerts"

COMMANDS = ("client", "renew", "show", "make")
"""The last one is what happens without a command."""


def _version() -> str:
    try:
        return metadata.version("securechat")
    except metadata.PackageNotFoundError:
        return "(from a checkout)"


HELP = {"help_option_names": ["-h", "--help"]}
version_option = click.version_option(_version(), prog_name=PROG)

out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("certs"),
    show_default=True,
    metavar="DIR",
    help="The CA's directory, private to you (mode 0700); made if missing.",
)
days_option = click.option(
    "--days",
    type=int,
    default=builders.MAX_LEAF_DAYS,
    show_default=True,
    metavar="N",
    help=f"Days that the certificate is valid, at most {builders.MAX_LEAF_DAYS}.",
)
passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the passphrase of the CA's key from FILE's first line instead of asking for it. "
    "A new CA's key is encrypted with it.",
)


def always(secret: bytes) -> Passphrase:
    """A passphrase that is known already, in the place of asking for it."""
    return lambda _key: secret


def print_lines(lines: Iterable[str]) -> None:
    """On standard output, as they come."""
    for line in lines:
        click.echo(line)


def now() -> datetime:
    """The time that certificates begin from."""
    return datetime.now(UTC)
