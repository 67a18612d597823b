"""`securechat trust`, `doctor`, `profiles` and `completion`, as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from securechat.client.commands.options import JSON, looking, pinning
from securechat.client.exits import Exit
from securechat.common import completion as completing

if TYPE_CHECKING:
    from securechat.client.commands.assemble import Setup

HOST = click.argument("where", metavar="HOST[:PORT]")


@click.group()
def trust() -> None:
    """Which servers are trusted by which certificate authority."""


@trust.command("show")
@click.argument("where", required=False, metavar="[HOST[:PORT]]")
@JSON
@pinning
def trust_show(setup: Setup, where: str | None, as_json: bool) -> Exit:
    """Show the servers that you know, and the authority that each has to show.

    \b
    Example: securechat trust show chat.example
    """
    from securechat.client.commands import trust as trusting

    return trusting.show(setup, where, as_json=as_json)


@trust.command("pin")
@click.argument("what", metavar="FILE|LINK")
@click.argument("where", required=False, metavar="[HOST[:PORT]]")
@pinning
def trust_pin(setup: Setup, what: str, where: str | None) -> Exit:
    """Trust the authority of FILE (PEM) at HOST, or the one that a LINK names, and no other.

    Another one than before wants a typed yes, or --replace-trust. Nothing is sent to the server.

    \b
    Example: securechat trust pin ca.pem chat.example
    """
    from securechat.client.commands import trust as trusting

    return trusting.pin(setup, what, where)


@trust.command("forget")
@HOST
@pinning
def trust_forget(setup: Setup, where: str) -> Exit:
    """Forget whom you trust at HOST, your account there, and this device's token.

    To the server the device is remembered all the same: `securechat logout` ends that first.

    \b
    Example: securechat trust forget old.example
    """
    from securechat.client.commands import trust as trusting

    return trusting.forget(setup, where)


@trust.command("browsers")
@click.argument("what", metavar="HOST[:PORT]|LINK")
@click.option("--remove", is_flag=True, help="Take out what this command has put in before.")
@click.option(
    "--yes", default="", metavar="SHA256", help="Agree unasked, to the authority of these digits."
)
@pinning
def trust_browsers(setup: Setup, what: str, remove: bool, yes: str) -> Exit:
    """Have this system and your browsers trust the authority of the server at HOST.

    Then they show the page of a server with --web without a warning. Its fingerprint is shown, and
    you are asked for a yes; programs give --yes and the digits. Only an authority is taken that can
    vouch for nothing but its own hosts. Says what was done for each browser. `securechat open`
    needs none of this.

    \b
    Example: securechat trust browsers chat.example
    """
    from securechat.client.commands import trust_browsers as browsers

    return browsers.remove(setup, what) if remove else browsers.put(setup, what, yes)


@click.command()
@click.argument("where", required=False, metavar="[[ACCOUNT@]HOST[:PORT]]")
@JSON
@looking
def doctor(setup: Setup, where: str | None, as_json: bool) -> Exit:
    """Look step by step why a login works, or doesn't, and say what to do.

    The address, the port, TLS, whom you trust, the certificate's chain, names and dates, whether
    this device's token lets you in, and the clock. Nobody is asked for a password. The exit code is
    that of what is wrong first.

    \b
    Example: securechat doctor chat.example
    """
    from securechat.client.commands import doctor as doctoring

    return doctoring.doctor(setup, where, as_json=as_json)


@click.command()
@JSON
@pinning
def profiles(setup: Setup, as_json: bool) -> Exit:
    """Show the profiles that there are, and which servers each knows.

    A profile is a settings directory of its own: --profile NAME, or $SECURECHAT_PROFILE, with any
    command begins one, and goes on with it.

    \b
    Example: securechat profiles
    """
    from securechat.client.commands import trust as trusting

    return trusting.profiles(setup, as_json=as_json)


@click.command()
@click.argument("shell", type=click.Choice(completing.SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> Exit:
    """Print what a shell reads to complete commands and options; packages install it themselves.

    \b
    Example:
      securechat completion bash > ~/.local/share/bash-completion/completions/securechat
    """
    program = ctx.find_root().command
    click.echo(completing.script(shell, "securechat", program), nl=False)
    return Exit.OK
