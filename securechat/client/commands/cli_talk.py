"""`securechat register`, `login` and `send`, as they are typed."""

from __future__ import annotations

import sys

import click

from securechat.client.commands import assemble
from securechat.client.commands.options import SERVER, chatting
from securechat.client.exits import Exit, UsageError
from securechat.client.screens import pipe
from securechat.client.screens.composer import target_problem
from securechat.client.session.deliveries import text_lines
from securechat.client.session.handshake import Missed
from securechat.credentials.link import InviteLink, LinkError, is_link


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


LINK = click.argument("link", nargs=-1, required=True, metavar="LINK")


@click.command(cls=LinkCommand)
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


@click.command(cls=LinkCommand)
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


@click.command()
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
    your next login. Nobody sees you come and go.

    What isn't text, such as bytes that aren't UTF-8 or the codes of colours, is refused. With
    --json what was stored is printed, an object for each message.

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


def _only(words: tuple[str, ...]) -> str | None:
    if len(words) > 1:
        raise UsageError(f"expected one argument; got {len(words)}: {' '.join(words)}")
    return words[0] if words else None


def _texts(words: tuple[str, ...]) -> list[str]:
    text = " ".join(words)
    if problem := pipe.text_problem(text):
        raise UsageError(f"the text isn't sent: {problem}")
    if not text_lines(text):
        raise UsageError("there is nothing to send: the text is empty")
    return [text]
