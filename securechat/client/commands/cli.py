"""The command line: `securechat login`, `send` and the others."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import metadata

import click

from securechat.client.commands import account, assemble, factor, sessions
from securechat.client.commands.options import asking, chatting, managing, proving
from securechat.client.commands.reading import SERVER, history, tail
from securechat.client.exits import (
    EPILOG,
    ClientError,
    Exit,
    LoginError,
    RefusedError,
    UsageError,
)
from securechat.client.person import TerminalPerson
from securechat.client.screens import pipe
from securechat.client.screens.composer import target_problem
from securechat.client.session.deliveries import text_lines
from securechat.client.session.handshake import Missed
from securechat.common.language import _, in_language, shown, translated
from securechat.credentials.link import InviteLink, LinkError, is_link


def _version() -> str:
    try:
        return metadata.version("securechat")
    except metadata.PackageNotFoundError:
        return "(from a checkout)"


class LinkCommand(click.Command):
    """A command whose argument is a link, which may come in pieces where a mail has broken it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the pieces together: all up to the next of the command's own options."""
        # Only by its own options, as a piece of base64url may begin with a hyphen.
        options = {name for option in self.get_params(ctx) for name in option.opts}
        at = next((at for at, word in enumerate(args) if is_link(word)), len(args))
        end = at + 1
        while end < len(args) and args[end].partition("=")[0] not in options:
            end += 1
        link = ["".join(args[at:end])] if at < len(args) else []
        return super().parse_args(ctx, [*args[:at], *link, *args[end:]])


WHERE = click.argument("where", required=False, metavar="[[ACCOUNT@]HOST[:PORT]|LINK]")
LINK = click.argument("link", nargs=-1, required=True, metavar="LINK")


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="securechat")
def cli() -> None:
    """Talk on a securechat server. TLS only, and there is no switch to go without checking it."""


@cli.command(cls=LinkCommand, epilog=EPILOG)
@LINK
@click.option("--account", "name", metavar="NAME", help="The name of the new account.")
@chatting
def register(setup: assemble.Setup, link: tuple[str, ...], name: str | None) -> Exit:
    """Make an account with the invite LINK that the server's administrator gave you.

    The link says which certificate authority to trust; once there is an account, it is remembered.
    So is this device, by a token in the system's keyring: the password isn't asked for again.

    \b
    Example: securechat register securechat://chat.example:6697/8yTkQ.../b0Qk3...
    """
    try:
        invite = InviteLink.parse(_only(link) or "")
    except LinkError as error:
        raise UsageError(str(error)) from None
    return assemble.talk(assemble.register(setup, invite, name))


@cli.command(cls=LinkCommand, epilog=EPILOG)
@click.argument("where", nargs=-1, metavar="[[ACCOUNT@]HOST[:PORT]|LINK]")
@chatting
def login(setup: assemble.Setup, where: tuple[str, ...]) -> Exit:
    """Log in and talk. Without an argument: where you were last, as the same account.

    A login LINK, as the server's administrator has it, says where and which authority to trust.

    The password is asked for once: then this device is remembered, until `securechat logout`.

    On a terminal, /help tells what can be typed. From a pipe, each line is sent (or is a command
    such as /join), what arrives is printed plainly, and the end of the input ends the session.

    \b
    Example: securechat login alice@chat.example
    """
    return assemble.talk(assemble.log_in(setup, _only(where)))


@cli.command(epilog=EPILOG)
@click.argument("target")
@click.argument("text", nargs=-1)
@SERVER
@click.option(
    "--together", is_flag=True, help="Send all of standard input as one message of several lines."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was stored, with its msgid.")
@chatting
def send(
    setup: assemble.Setup,
    target: str,
    text: tuple[str, ...],
    server: str | None,
    together: bool,
    as_json: bool,
) -> Exit:
    """Send TEXT, or each line of standard input, to TARGET (a #channel or an account).

    A TEXT of several lines is one message where the server takes such; standard input is read line
    by line, as a log may have no end, and with --together up to its end.

    Ends when everything is stored on the server. Missed messages stay missed: they are there at
    your next login.

    \b
    Example:
      df -h | securechat send --together '#admins'
    """
    if problem := target_problem(target):
        raise UsageError(problem.text)
    if text and together:
        raise UsageError("--together is for standard input; a TEXT is one message anyhow")
    texts = _texts(text) if text else None
    if texts is None and setup.sources.password_stdin:
        raise UsageError(
            "standard input can't hold both the password and the text: give TEXT as an argument, "
            "or the password with --password-file FILE"
        )
    if together:
        texts = [pipe.whole_input(sys.stdin.fileno())]
    running = assemble.log_in(setup, server, missed=Missed.LEFT)
    return assemble.send(running, target, texts, as_json=as_json)


cli.add_command(tail)
cli.add_command(history)


@cli.command(epilog=EPILOG)
@WHERE
@asking
def logout(setup: assemble.Setup, where: str | None) -> Exit:
    """Forget this device, at the server too: the next login asks for the password.

    \b
    Example: securechat logout alice@chat.example
    """
    return account.logout(setup, where)


@cli.group(epilog=EPILOG)
def token() -> None:
    """Tokens stand in for the password, one for each device or script, and can be revoked."""


@token.command("list", epilog=EPILOG)
@WHERE
@managing
def token_list(setup: assemble.Setup, where: str | None) -> Exit:
    """Show the account's tokens: the names, when each was made and last used.

    \b
    Example: securechat token list
    """
    return account.token_list(setup, where)


@token.command("create", epilog=EPILOG)
@click.argument("name")
@WHERE
@proving
def token_create(setup: assemble.Setup, name: str, where: str | None) -> Exit:
    """Make a token for a script or another client, and print it alone to standard output.

    It goes wherever the password goes, needs no code of a second factor, and is shown this once.

    \b
    Example: securechat token create backup > backup.token
    """
    return account.token_create(setup, name, where)


@token.command("revoke", epilog=EPILOG)
@click.argument("name")
@WHERE
@managing
def token_revoke(setup: assemble.Setup, name: str, where: str | None) -> Exit:
    """End a token, and the sessions that logged in with it.

    \b
    Example: securechat token revoke backup
    """
    return account.token_revoke(setup, name, where)


@cli.group(epilog=EPILOG, name="sessions")
def sessions_() -> None:
    """Where the account is logged in, and how to end that."""


@sessions_.command("list", epilog=EPILOG)
@WHERE
@managing
def sessions_list(setup: assemble.Setup, where: str | None) -> Exit:
    """Show the account's live sessions: how each logged in, since when, from where.

    \b
    Example: securechat sessions list
    """
    return sessions.listed(setup, where)


@sessions_.command("end", epilog=EPILOG)
@click.argument("number", metavar="ID")
@WHERE
@managing
def sessions_end(setup: assemble.Setup, number: str, where: str | None) -> Exit:
    """End the session ID of the list, or `others`: all of them.

    Its client may log in again by its credential: revoke its token, or change the password.

    \b
    Example: securechat sessions end 3f2a9c
    """
    return sessions.end(setup, number, where)


@cli.group(epilog=EPILOG)
def totp() -> None:
    """The second factor: a code of an authenticator app beside the password."""


@totp.command(epilog=EPILOG)
@WHERE
@asking
def enroll(setup: assemble.Setup, where: str | None) -> Exit:
    """Switch it on: scan a QR code, type the code that the app shows, keep the recovery codes.

    \b
    Example: securechat totp enroll
    """
    return factor.enroll(setup, where)


@totp.command(epilog=EPILOG)
@WHERE
@asking
def remove(setup: assemble.Setup, where: str | None) -> Exit:
    """Switch it off, with a code.

    \b
    Example: securechat totp remove
    """
    return factor.remove(setup, where)


@totp.command(epilog=EPILOG)
@WHERE
@asking
def recovery(setup: assemble.Setup, where: str | None) -> Exit:
    """Make new recovery codes, with a code; those of before are void.

    \b
    Example: securechat totp recovery
    """
    return factor.recovery(setup, where)


@cli.command(epilog=EPILOG)
@WHERE
@asking
def passwd(setup: assemble.Setup, where: str | None) -> Exit:
    """Change the password. All other sessions and all tokens of the account end.

    \b
    Example: securechat passwd alice@chat.example
    """
    return account.passwd(setup, where)


def _only(words: tuple[str, ...]) -> str | None:
    if len(words) > 1:
        raise UsageError(f"expected one argument; got {len(words)}: {' '.join(words)}")
    return words[0] if words else None


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
        # The server's words come behind our own, so that they can't be taken for ours.
        text = translated(error)
        if isinstance(error, LoginError | RefusedError):
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
