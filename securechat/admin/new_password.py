"""A new password for an account: asked twice on the terminal without echo, or from a pipe.

Never from an argument or the environment, which other users of the machine can read. Main thread.
"""

from __future__ import annotations

import sys

import click

from securechat.common.language import _, translated
from securechat.common.terminal import show_on_terminal
from securechat.store.password_rules import PasswordRules
from securechat.store.passwords import MAX_PASSWORD_BYTES

# Bytes read of a line: composing (NFC) may still shorten what is longer than the limit.
_MAX_LINE = 4 * MAX_PASSWORD_BYTES

password_stdin = click.option(
    "--password-stdin",
    is_flag=True,
    help="Take the password from the first line of standard input instead of asking for it.",
)


generate = click.option(
    "--generate",
    is_flag=True,
    help="Make a passphrase and show it this once, on the terminal.",
)


def new_password(
    account: str, rules: PasswordRules, *, from_stdin: bool, generate: bool = False
) -> str:
    """Ask for a password until one is acceptable, and return its stored form.

    from_stdin: read it from standard input instead, once. generate: make one, and show it. Raises
    click.ClickException.
    """
    if generate:
        return rules.stored(_generated(account, rules, from_stdin=from_stdin))
    if from_stdin:
        password = _from_stdin()
        if (reason := rules.why_refused(password, account)) is not None:
            raise click.ClickException(reason)
        return rules.stored(password)
    return rules.stored(_ask_until_good(account, rules))


def _generated(account: str, rules: PasswordRules, *, from_stdin: bool) -> str:
    if from_stdin:
        raise click.UsageError("--generate and --password-stdin exclude each other")
    made = rules.make(account)
    if not show_on_terminal(
        _(
            "The password of {account}, which is shown this once: write it down now.\n\n  {made}\n"
        ).format(account=account, made=made)
    ):
        raise click.UsageError(
            "--generate shows the password on a terminal only, and there is none; pipe one in with "
            "--password-stdin"
        )
    return made


def _ask_until_good(account: str, rules: PasswordRules) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(
            "there is no terminal to ask for the password on; pipe it in with --password-stdin"
        )
    # Before somebody has thought of one that won't do.
    click.echo(
        _(
            "A password has at least {min_length} characters and is not easily guessed: "
            "four or more unrelated words make a good one."
        ).format(min_length=rules.min_length),
        err=True,
    )
    offered = rules.make(account)
    if not show_on_terminal(
        _("Enter alone takes this one; write it down, as it is not shown again:  {offered}").format(
            offered=offered
        )
    ):
        offered = ""
    while True:
        password = _ask(account) or offered
        reason = rules.why_refused(password, account)
        if reason is None:
            return password
        click.echo(translated(reason), err=True)


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
    """What somebody types twice; '' for Enter alone."""
    while True:
        typed = _typed(f"New password for {account}")
        # Nobody sees what was typed.
        if not typed or _typed("The same again") == typed:
            return typed
        click.echo(_("Error: the two do not match."), err=True)


def _typed(question: str) -> str:
    try:
        typed: str = click.prompt(
            question, hide_input=True, default="", show_default=False, err=True
        )
    except UnicodeDecodeError:
        # Raised anew, as the decoder's error carries what was typed.
        raise click.ClickException("the password isn't valid in this terminal's encoding") from None
    return typed
