"""The command line: `securechat login`, `register` and `send`."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import click

from securechat.client import assemble
from securechat.client.credentials import Sources
from securechat.client.desk import target_problem
from securechat.client.exits import ClientError, Exit, UsageError
from securechat.client.settings import VARIABLE, Settings, default_directory
from securechat.client.split import text_lines
from securechat.irc.link import InviteLink, LinkError

EPILOG = """\b
Exit codes:
  0  all went well; what was sent is stored on the server
  1  the server refused a message
  2  wrong usage: an argument, a file or a setting
  3  no connection, or it was lost before all was confirmed
  4  the server's certificate was refused
  5  the login or the registration was refused
"""

FILE = click.Path(dir_okay=False, path_type=Path)
Function = TypeVar("Function", bound=Callable[..., Any])


def common(function: Function) -> Function:
    """The options of every command; they come to one argument, setup."""

    @functools.wraps(function)
    def gathered(
        config_dir: Path | None,
        ca: Path | None,
        cert: Path | None,
        key: Path | None,
        password_file: Path | None,
        password_stdin: bool,
        **others: Any,
    ) -> Any:
        sources = Sources(cert, key, password_file, password_stdin)
        settings = Settings(config_dir or default_directory())
        return function(assemble.Setup(settings, sources, ca), **others)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered  # type: ignore[return-value]


_OPTIONS = (
    click.option(
        "--ca", type=FILE, metavar="FILE", help="Trust this CA (PEM), and remember it afterwards."
    ),
    click.option(
        "--cert", type=FILE, metavar="FILE", help="Log in with this client certificate (PEM)."
    ),
    click.option(
        "--key", type=FILE, metavar="FILE", help="Its key; else X-key.pem beside X.pem, or in it."
    ),
    click.option(
        "--password-file",
        type=FILE,
        metavar="FILE",
        help="Read the password from a file of mode 0600.",
    ),
    click.option(
        "--password-stdin",
        is_flag=True,
        help="Read the password from the first line of standard input.",
    ),
    click.option(
        "--config-dir",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help=f"Settings and pinned CAs; also ${VARIABLE}.",
    ),
)


def _version() -> str:
    try:
        return metadata.version("securechat")
    except metadata.PackageNotFoundError:
        return "(from a checkout)"


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="securechat")
def cli() -> None:
    """Talk on a securechat server. TLS only, and there is no switch to go without checking it."""


@cli.command(epilog=EPILOG)
@click.argument("link")
@click.option("--account", metavar="NAME", help="The name of the new account.")
@common
def register(setup: assemble.Setup, link: str, account: str | None) -> Exit:
    """Make an account with the invite LINK that the server's administrator gave you.

    The link says which certificate authority to trust; it is remembered for `securechat login`.
    """
    try:
        invite = InviteLink.parse(link)
    except LinkError as error:
        raise UsageError(str(error)) from None
    return assemble.talk(assemble.register(setup, invite, account))


@cli.command(epilog=EPILOG)
@click.argument("where", required=False, metavar="[[ACCOUNT@]HOST[:PORT]]")
@common
def login(setup: assemble.Setup, where: str | None) -> Exit:
    """Log in and talk. Without an argument: where you were last, as the same account.

    On a terminal, /help tells what can be typed. From a pipe, each line is sent (or is a command
    such as /join), what arrives is printed plainly, and the end of the input ends the session.
    """
    return assemble.talk(assemble.log_in(setup, where))


@cli.command(epilog=EPILOG)
@click.argument("target")
@click.argument("text", nargs=-1)
@click.option(
    "--server", metavar="[ACCOUNT@]HOST[:PORT]", help="Where; without it, where you were last."
)
@common
def send(setup: assemble.Setup, target: str, text: tuple[str, ...], server: str | None) -> Exit:
    """Send TEXT, or each line of standard input, to TARGET (a #room or an account).

    Ends when everything is stored on the server. Missed messages stay missed: they are there at
    your next login.
    """
    if problem := target_problem(target):
        raise UsageError(problem.text)
    texts = _texts(text) if text else None
    if texts is None and setup.sources.password_stdin:
        raise UsageError(
            "standard input can't hold both the password and the text: give TEXT as an argument, "
            "or the password with --password-file FILE"
        )
    return assemble.send(assemble.log_in(setup, server, quiet=True), target, texts)


def _texts(words: tuple[str, ...]) -> list[str]:
    text = " ".join(words)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("the text is not UTF-8") from None
    if not text_lines(text):
        raise UsageError("there is nothing to send: the text is empty")
    return [text]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; argv without the program's name. Returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # replaced by something simpler
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = _run(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output is gone. Python flushes once more at its end, into the void then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        code = cli.main(args=argv, prog_name="securechat", standalone_mode=False)
        return code if isinstance(code, int) else Exit.OK
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except ClientError as error:
        assemble.say(f"securechat: {error}")
        return error.code
    except (click.Abort, KeyboardInterrupt, EOFError):
        assemble.say("")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # a bug; a traceback would help nobody who only wants to talk
        assemble.say(f"securechat: this should not happen: {type(error).__name__}: {error}")
        return Exit.REFUSED
