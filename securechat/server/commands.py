"""How a command line ends: its errors become one clear line on standard error, and an exit code.

Shared by `securechat-server` and `securechat-admin`. Main thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from securechat.ca.errors import CaError
from securechat.common.escape import escape_exactly
from securechat.common.language import _, in_language, shown, translated
from securechat.net.binding import ListenError
from securechat.net.tls import TlsFilesError
from securechat.server.agreement import ClusterError
from securechat.server.config import ConfigError
from securechat.server.data import DataError
from securechat.server.node_archive import JoinError
from securechat.store.errors import StoreError

FAILURES = (
    ConfigError,
    DataError,
    ClusterError,
    JoinError,
    StoreError,
    ListenError,
    TlsFilesError,
    CaError,
)
"""Errors whose texts tell the person who runs the server what to do."""


def run(
    entry: click.Command,
    argv: Sequence[str] | None,
    name: str,
    failures: tuple[type[Exception], ...] = FAILURES,
) -> int:
    """Run a click command.

    argv: without the program's name; None for the process's own. name: the program's. failures:
    the errors that are told by their text alone, beside click's own and OSError; any other is a
    bug, and is raised. Returns the exit code.
    """
    try:
        result = in_language(entry).main(args=argv, prog_name=name, standalone_mode=False)
    # Without standalone_mode click hands its own ends over, of --help for example, as exceptions.
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        click.echo(_printable(shown(error)), nl=False, err=True)
        return error.exit_code
    except click.Abort:
        click.echo(_("Aborted."), err=True)
        # What a shell has for a program that Ctrl-C has ended: 128 and the signal's number.
        return 130
    except failures as error:
        click.echo(_printable(f"{name}: {translated(error)}"), err=True)
        return 1
    # What no part of ours has explained: the file, and the system's word for it.
    except OSError as error:
        click.echo(_printable(f"{name}: {error.filename}: {translated(error.strerror)}"), err=True)
        return 1
    return result if isinstance(result, int) else 0


def _printable(text: str) -> str:
    """An error may quote what a file or an argument holds."""
    return "\n".join(escape_exactly(line) for line in text.split("\n"))
