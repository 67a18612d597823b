"""`securechat LINK`, `register`, `login`, `open`, and `securechat` alone, as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from securechat.client.commands.options import browsing, talking
from securechat.client.exits import Exit, UsageError
from securechat.credentials.link import InviteLink, LinkError, is_link

if TYPE_CHECKING:
    from securechat.client.commands import assemble

BY_LINK = "LINK"
"""The name of the command that a link stands for, as its usage shows it."""


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


class LinkGroup(click.Group):
    """Commands of which one, BY_LINK, is meant by a link in a command's place."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click has it, but for links, and with a word of advice for addresses."""
        word = args[0]
        if is_link(word):
            return BY_LINK, self.get_command(ctx, BY_LINK), args
        if self.get_command(ctx, word) is None and _is_address(word):
            raise UsageError(
                f"there is no such command; to log in to a server: `securechat login {word}`"
            )
        return super().resolve_command(ctx, args)


def _is_address(word: str) -> bool:
    from securechat.client.session.identity import parse_target

    if not set(word) & set(".:@"):
        return False
    try:
        parse_target(word)
    except UsageError:
        return False
    return True


LINK = click.argument("link", nargs=-1, required=True, metavar="LINK")
ACCOUNT = click.option("--account", "name", metavar="NAME", help="The name of the new account.")


@click.command(hidden=True)
@talking
def home(setup: assemble.Setup) -> Exit:
    """Show the servers that are known."""
    from securechat.client.commands import opening

    return opening.home(setup)


@click.command(BY_LINK, cls=LinkCommand, hidden=True)
@LINK
@ACCOUNT
@talking
def by_link(setup: assemble.Setup, link: tuple[str, ...], name: str | None) -> Exit:
    """Open what a LINK leads to: an invite makes an account, a login link logs in.

    \b
    Example: securechat securechat://chat.example:6697/8yTkQ.../b0Qk3...
    """
    from securechat.client.commands import opening

    return opening.open_link(setup, _only(link) or "", name)


@click.command(cls=LinkCommand)
@LINK
@ACCOUNT
@talking
def register(setup: assemble.Setup, link: tuple[str, ...], name: str | None) -> Exit:
    """Make an account with the invite LINK that the server's administrator gave you.

    The link says which certificate authority to trust; once there is an account, it is remembered.
    So is this device, by a token in the system's keyring: the password isn't asked for again.

    \b
    Example: securechat register securechat://chat.example:6697/8yTkQ.../b0Qk3...
    """
    from securechat.client.commands import fronts, registering

    try:
        invite = InviteLink.parse(_only(link) or "")
    except LinkError as error:
        raise UsageError(str(error)) from None
    front = fronts.choose(setup)
    running = registering.register(setup, invite, name, missed=front.missed)
    return fronts.talk(setup, running, front)


@click.command(cls=LinkCommand)
@click.argument("where", nargs=-1, metavar="[[ACCOUNT@]HOST[:PORT]|LINK]")
@talking
def login(setup: assemble.Setup, where: tuple[str, ...]) -> Exit:
    """Log in and talk. Without an argument: where you were last, as the same account.

    A login LINK, as the server's administrator has it, says where and which authority to trust.
    A server with several addresses may be named by all of them: HOST,HOST:PORT.

    The password is asked for once: then this device is remembered, until `securechat logout`.

    On a terminal, /help tells what can be typed. From a pipe, each line is sent (or is a command
    such as /join), what arrives is printed plainly, and the end of the input ends the session.

    \b
    Example: securechat login alice@chat.example
    """
    from securechat.client.commands import fronts

    return fronts.log_in_and_talk(setup, _only(where))


@click.command("open", cls=LinkCommand)
@click.argument("where", nargs=-1, metavar="[[ACCOUNT@]HOST[:PORT]|LINK]")
@ACCOUNT
@click.option("--no-browser", is_flag=True, help="Open none: print the address of the page.")
@browsing
def open_(
    setup: assemble.Setup, where: tuple[str, ...], name: str | None, no_browser: bool
) -> Exit:
    """Talk in your browser. Without an argument: where you were last, as the same account.

    The page comes from this program, at an address of this machine that nobody else can use, and
    goes through it to the server: no certificate is to be installed, and the browser gets neither
    password nor token. It is there until Ctrl-C.

    With an invite LINK it makes your account first.

    \b
    Example: securechat open alice@chat.example
    """
    from securechat.client.commands import browser

    return browser.open_page(setup, _only(where), name, in_browser=not no_browser)


def _only(words: tuple[str, ...]) -> str | None:
    if len(words) > 1:
        raise UsageError(f"expected one argument; got {len(words)}: {' '.join(words)}")
    return words[0] if words else None
