"""The options that commands share, gathered into one argument, the Setup. Main thread."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from securechat.client.person import Person, TerminalPerson
from securechat.client.settings import (
    PROFILE,
    VARIABLE,
    SettingsDirectory,
    default_directory,
    of_profile,
)
from securechat.client.trust.consent import MOVED, REPLACE, Consent
from securechat.common.language import _

if TYPE_CHECKING:
    from securechat.client.credentials.tokens import Tokens

FILE = click.Path(dir_okay=False, path_type=Path)
Function = TypeVar("Function", bound=Callable[..., Any])

SERVER = click.option(
    "--server", metavar="[ACCOUNT@]HOST[:PORT]", help="Where; without it, where you were last."
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
WHERE = click.argument("where", required=False, metavar="[[ACCOUNT@]HOST[:PORT]|LINK]")

_TRUST = (
    click.option(
        "--ca", type=FILE, metavar="FILE", help="Trust this CA (PEM), and remember it afterwards."
    ),
    click.option(
        REPLACE,
        is_flag=True,
        help="Trust what the link or --ca names in the place of what was trusted there before.",
    ),
    click.option(
        MOVED,
        is_flag=True,
        help="The server has moved here: trust its authority as at its old address.",
    ),
)
_CERTIFICATE = (
    click.option(
        "--cert", type=FILE, metavar="FILE", help="Log in with this client certificate (PEM)."
    ),
    click.option(
        "--key", type=FILE, metavar="FILE", help="Its key; else X-key.pem beside X.pem, or in it."
    ),
)
_PASSWORD = (
    click.option(
        "--password-file",
        type=FILE,
        metavar="FILE",
        help="Read the password, or a token, from a file of mode 0600.",
    ),
    click.option(
        "--password-stdin",
        is_flag=True,
        help="Read the password, or a token, from the first line of standard input.",
    ),
)
_REMEMBER = (
    click.option(
        "--no-remember",
        is_flag=True,
        help="Neither use nor make a token that has this device remembered.",
    ),
)
_PLAIN = (
    click.option(
        "--plain",
        is_flag=True,
        help="Talk line by line, as screen readers like it; also $SECURECHAT_PLAIN=1.",
    ),
)
_DIRECTORY = (
    click.option(
        "--config-dir",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help=f"Settings, pinned CAs and tokens; also ${VARIABLE}.",
    ),
    click.option(
        "--profile",
        metavar="NAME",
        default="",
        help=f"Settings of their own, as for another server; also ${PROFILE}.",
    ),
)


def talking(function: Function) -> Function:
    """For commands that log in to talk on the terminal: all options."""
    return _with(function, _TRUST, _CERTIFICATE, _PASSWORD, _REMEMBER, _PLAIN, _DIRECTORY)


def chatting(function: Function) -> Function:
    """For commands that log in to say something."""
    return _with(function, _TRUST, _CERTIFICATE, _PASSWORD, _REMEMBER, _DIRECTORY)


def browsing(function: Function) -> Function:
    """For the command that logs a browser's page in, which shows no certificate."""
    return _with(function, _TRUST, _PASSWORD, _REMEMBER, _DIRECTORY)


def managing(function: Function) -> Function:
    """For commands about the account that scripts may use: this device's token will do."""
    return _with(function, _TRUST, _CERTIFICATE, _PASSWORD, _DIRECTORY)


def proving(function: Function) -> Function:
    """For commands that need the password itself."""
    return _with(function, _TRUST, _PASSWORD, _DIRECTORY)


def asking(function: Function) -> Function:
    """For commands that ask for all they need on the terminal."""
    return _with(function, _TRUST, _DIRECTORY)


def pinning(function: Function) -> Function:
    """For commands about whom we trust, which log in to nothing."""
    return _with(function, _TRUST[1:2], _DIRECTORY)


def looking(function: Function) -> Function:
    """For commands that look at a server, and ask for nothing."""
    return _with(function, _TRUST[:1], _DIRECTORY)


def _with(function: Function, *groups: tuple[Callable[[Function], Function], ...]) -> Function:
    @functools.wraps(function)
    def gathered(
        config_dir: Path | None,
        profile: str,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        password_file: Path | None = None,
        password_stdin: bool = False,
        no_remember: bool = False,
        replace_trust: bool = False,
        moved: bool = False,
        plain: bool = False,
        **others: Any,
    ) -> Any:
        # Only when a command runs, as all this is of no use to who asks for its help.
        from securechat.client.commands.assemble import Setup
        from securechat.client.credentials.login_credentials import Sources

        sources = Sources(cert, key, password_file, password_stdin)
        directory = of_profile(config_dir, profile) if config_dir else default_directory(profile)
        settings = SettingsDirectory(directory)
        refused = no_remember or (_REMEMBER in groups and not settings.remembers)
        person = TerminalPerson()
        tokens = _tokens(config_dir, profile, person) if sources.asks and not refused else None
        consent = Consent(replace_trust, moved)
        setup = Setup(settings, sources, ca, tokens, consent, person, plain)
        return function(setup, **others)

    decorated: Any = gathered
    # Backwards, as click lists first in --help what was put on last.
    for option in reversed([option for group in groups for option in group]):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _tokens(config_dir: Path | None, profile: str, person: Person) -> Tokens:
    from securechat.client.credentials.keyrings import Keyring
    from securechat.client.credentials.tokens import Tokens, token_directory

    def waiting() -> None:
        person.tell(_("waiting for this system's keyring; it may be asking you to unlock it"))

    return Tokens(token_directory(config_dir, profile), Keyring(waiting), person.tell)
