"""`securechat whoami`, `devices`, `logout`, `token`, `sessions`, `totp` and `passwd`, as they are
typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from securechat.client.commands.options import JSON, WHERE, asking, managing, proving
from securechat.client.exits import Exit

if TYPE_CHECKING:
    from securechat.client.commands import assemble


@click.command()
@WHERE
@JSON
@managing
def whoami(setup: assemble.Setup, where: str | None, as_json: bool) -> Exit:
    """Tell as whom you log in, where, and as what this device is remembered there.

    \b
    Example: securechat whoami
    """
    from securechat.client.commands import devices

    return devices.whoami(setup, where, as_json=as_json)


@click.group(name="devices")
def devices_() -> None:
    """Where you are remembered or logged in, and how to end that."""


@devices_.command("list")
@WHERE
@JSON
@managing
def devices_list(setup: assemble.Setup, where: str | None, as_json: bool) -> Exit:
    """Show your devices: what is remembered since when, last used, and logged in now.

    \b
    Example: securechat devices list
    """
    from securechat.client.commands import devices

    return devices.listed(setup, where, as_json=as_json)


@devices_.command("end")
@click.argument("name", metavar="NAME|ID|others")
@WHERE
@managing
def devices_end(setup: assemble.Setup, name: str, where: str | None) -> Exit:
    """Have a device not remembered any more, and end what is logged in there.

    By its NAME, by the ID of what is logged in now, or all `others`: all but this device. For what
    has logged in by the password, the password is asked for.

    \b
    Example: securechat devices end old-laptop
    """
    from securechat.client.commands import devices

    return devices.end(setup, name, where)


@click.command()
@WHERE
@asking
def logout(setup: assemble.Setup, where: str | None) -> Exit:
    """Forget this device, at the server too: the next login asks for the password.

    \b
    Example: securechat logout alice@chat.example
    """
    from securechat.client.commands import account

    return account.logout(setup, where)


@click.group()
def token() -> None:
    """Tokens stand in for the password, one for each device or script, and can be revoked."""


@token.command("list")
@WHERE
@managing
def token_list(setup: assemble.Setup, where: str | None) -> Exit:
    """Show the account's tokens: the names, when each was made and last used.

    \b
    Example: securechat token list
    """
    from securechat.client.commands import account

    return account.token_list(setup, where)


@token.command("create")
@click.argument("name")
@WHERE
@proving
def token_create(setup: assemble.Setup, name: str, where: str | None) -> Exit:
    """Make a token for a script or another client, and print it alone to standard output.

    It goes wherever the password goes, needs no code of a second factor, and is shown this once.

    \b
    Example: securechat token create backup > backup.token
    """
    from securechat.client.commands import account

    return account.token_create(setup, name, where)


@token.command("revoke")
@click.argument("name")
@WHERE
@managing
def token_revoke(setup: assemble.Setup, name: str, where: str | None) -> Exit:
    """End a token, and the sessions that logged in with it.

    \b
    Example: securechat token revoke backup
    """
    from securechat.client.commands import account

    return account.token_revoke(setup, name, where)


@click.group(name="sessions")
def sessions_() -> None:
    """Where the account is logged in, and how to end that."""


@sessions_.command("list")
@WHERE
@managing
def sessions_list(setup: assemble.Setup, where: str | None) -> Exit:
    """Show the account's live sessions: how each logged in, since when, from where.

    \b
    Example: securechat sessions list
    """
    from securechat.client.commands import sessions

    return sessions.listed(setup, where)


@sessions_.command("end")
@click.argument("number", metavar="ID")
@WHERE
@managing
def sessions_end(setup: assemble.Setup, number: str, where: str | None) -> Exit:
    """End the session ID of the list, or `others`: all of them.

    Its client may log in again by its credential: revoke its token, or change the password.

    \b
    Example: securechat sessions end 3f2a9c
    """
    from securechat.client.commands import sessions

    return sessions.end(setup, number, where)


@click.group()
def totp() -> None:
    """The second factor: a code of an authenticator app beside the password."""


@totp.command()
@WHERE
@asking
def enroll(setup: assemble.Setup, where: str | None) -> Exit:
    """Switch it on: scan a QR code, type the code that the app shows, keep the recovery codes.

    \b
    Example: securechat totp enroll
    """
    from securechat.client.commands import factor

    return factor.enroll(setup, where)


@totp.command()
@WHERE
@asking
def remove(setup: assemble.Setup, where: str | None) -> Exit:
    """Switch it off, with a code.

    \b
    Example: securechat totp remove
    """
    from securechat.client.commands import factor

    return factor.remove(setup, where)


@totp.command()
@WHERE
@asking
def recovery(setup: assemble.Setup, where: str | None) -> Exit:
    """Make new recovery codes, with a code; those of before are void.

    \b
    Example: securechat totp recovery
    """
    from securechat.client.commands import factor

    return factor.recovery(setup, where)


@click.command()
@WHERE
@asking
def passwd(setup: assemble.Setup, where: str | None) -> Exit:
    """Change the password. All other sessions and all tokens of the account end.

    \b
    Example: securechat passwd alice@chat.example
    """
    from securechat.client.commands import account

    return account.passwd(setup, where)
