"""The command line: all commands put together, and what their errors come to.

The commands as they are typed are in the other files of this name: cli_talk.py, cli_read.py …
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

import click

from securechat.client.commands import (
    cli_account,
    cli_login,
    cli_read,
    cli_rooms,
    cli_talk,
    cli_trust,
)
from securechat.client.exits import (
    EXIT_CODES,
    ClientError,
    Exit,
    LoginError,
    RefusedError,
)
from securechat.client.person import TerminalPerson
from securechat.common.language import _, in_language, shown, translated


def _version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if not asked:
        return
    from importlib import metadata  # only here, as it takes long to load

    try:
        version = metadata.version("securechat")
    except metadata.PackageNotFoundError:
        version = "(from a checkout)"
    click.echo(_("securechat, version {version}").format(version=version))
    ctx.exit()


@click.group(
    cls=cli_login.LinkGroup,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    subcommand_metavar="[LINK | COMMAND [ARGS]...]",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> object:
    """Talk on a securechat server. TLS only, and there is no switch to go without checking it.

    With the LINK that a server's administrator gave you it makes your account, or logs you in, and
    you can talk. Without one it shows the servers that you know.

    \b
    Example: securechat securechat://chat.example:6697/8yTkQ.../b0Qk3...
    """
    return ctx.invoke(cli_login.home) if ctx.invoked_subcommand is None else None


for _command in (
    cli_login.by_link,
    cli_login.register,
    cli_login.login,
    cli_login.open_,
    cli_talk.send,
    cli_read.tail,
    cli_read.history,
    cli_read.search,
    cli_rooms.rooms,
    cli_rooms.members,
    cli_account.whoami,
    cli_account.devices_,
    cli_account.logout,
    cli_account.token,
    cli_account.sessions_,
    cli_account.totp,
    cli_account.passwd,
    cli_trust.trust,
    cli_trust.doctor,
    cli_trust.profiles,
    cli_trust.completion,
):
    cli.add_command(_command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; argv without the program's name. Returns the exit code."""
    # What others write may have letters that this terminal's encoding hasn't.
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
        code = in_language(cli).main(args=argv, prog_name="securechat", standalone_mode=False)
        return code if isinstance(code, int) else Exit.OK
    except click.ClickException as error:
        click.echo(shown(error), nl=False, err=True)
        return Exit.USAGE
    except ClientError as error:
        text = translated(error)
        if isinstance(error, LoginError):
            from securechat.client.refusals import refusal

            text = refusal(error)
        elif isinstance(error, RefusedError):
            # The server's words come behind our own, so that they can't be taken for ours.
            text = _("refused: {error}").format(error=text)
        TerminalPerson().tell(f"securechat: {text}")
        return error.code
    except (click.Abort, KeyboardInterrupt, EOFError):
        TerminalPerson().tell("")
        return Exit.INTERRUPTED
    except BrokenPipeError:  # an OSError too, and main() deals with it
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        TerminalPerson().tell(f"securechat: {where}{translated(error.strerror or error)}")
        return Exit.USAGE
    except Exception as error:  # a bug; a traceback would help nobody who only wants to talk
        what = _("this should not happen: {error}").format(error=f"{type(error).__name__}: {error}")
        TerminalPerson().tell(f"securechat: {what}")
        return Exit.REFUSED
