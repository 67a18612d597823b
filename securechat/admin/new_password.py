"""A new password for an account: asked twice on the terminal without echo, or from a pipe.

Never from an argument or the environment, which other users of the machine can read. Who asks is
the main thread; PasswordRules may be used by any.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import click

from securechat.common.passphrases import passphrase
from securechat.store import passwords
from securechat.store.passwords import MAX_PASSWORD_BYTES, InvalidPassword
from securechat.store.pepper import Pepper

# Bytes read of a line: composing (NFC) may still shorten what is longer than the limit.
_MAX_LINE = 4 * MAX_PASSWORD_BYTES

password_stdin = click.option(
    "--password-stdin",
    is_flag=True,
    help="Take the password from the first line of standard input instead of asking for it.",
)


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a server asks of passwords, and how it stores them.

    cost: bcrypt's. min_length: in characters. server_name: no password may consist of it. pepper:
    the server's.
    """

    cost: int
    min_length: int
    server_name: str
    pepper: Pepper

    def why_refused(self, password: str, account: str) -> str | None:
        """Why the account's password can't be this one, or None. Takes some milliseconds."""
        try:
            passwords.check_acceptable(
                password,
                account=account,
                server_name=self.server_name,
                min_length=self.min_length,
            )
        except InvalidPassword as error:
            return str(error)
        return None

    def make(self, account: str) -> str:
        """A passphrase for an account, which the server accepts."""
        while True:
            made = passphrase(self.min_length)
            # With a very short list of the server's names it might consist of them.
            if self.why_refused(made, account) is None:
                return made

    def stored(self, password: str) -> str:
        """The form in which it is kept. Takes 300 ms at cost 12."""
        return passwords.hash_password(password, cost=self.cost, pepper=self.pepper)


def new_password(account: str, rules: PasswordRules, *, from_stdin: bool) -> str:
    """Ask for a password until one is acceptable, and return its stored form.

    from_stdin: read it from standard input instead, once. Raises click.ClickException.
    """
    while True:
        password = _from_stdin() if from_stdin else _ask(account)
        reason = rules.why_refused(password, account)
        if reason is None:
            return rules.stored(password)
        if from_stdin:
            raise click.ClickException(reason)
        click.echo(reason, err=True)


def _from_stdin() -> str:
    if sys.stdin.isatty():
        raise click.UsageError(
            "--password-stdin is for a pipe or a file; on a terminal leave it out: then the "
            "password is asked for and not shown"
        )
    line = sys.stdin.buffer.readline(_MAX_LINE)
    try:
        # Only the line's end: a space at the end is part of the password.
        password = line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:  # not its cause, which carries what was piped in
        raise click.ClickException("--password-stdin: the password is not UTF-8") from None
    if not password:
        raise click.ClickException(
            "--password-stdin: expected the password on the first line; it is empty"
        )
    return password


def _ask(account: str) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(
            "there is no terminal to ask for the password on; pipe it in with --password-stdin"
        )
    try:
        password: str = click.prompt(
            f"New password for {account}",
            hide_input=True,
            # Nobody sees what was typed.
            confirmation_prompt="The same again",
            err=True,
        )
    except UnicodeDecodeError:
        # Raised anew, as the decoder's error carries what was typed.
        raise click.ClickException("the password isn't valid in this terminal's encoding") from None
    return password
