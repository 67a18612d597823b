"""`securechat send`, as it is typed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from securechat.client.commands.options import SERVER, chatting
from securechat.client.exits import Exit, UsageError

if TYPE_CHECKING:
    from securechat.client.commands import assemble


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
    from securechat.client.commands import assemble
    from securechat.client.screens import pipe
    from securechat.client.screens.composer import target_problem
    from securechat.client.session.handshake import Missed
    from securechat.client.wire.rounds import Reconnect

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
    running = assemble.log_in(setup, server, missed=Missed.LEFT, reconnect=Reconnect.ELSEWHERE)
    return assemble.send(running, target, texts, as_json=as_json)


def _texts(words: tuple[str, ...]) -> list[str]:
    from securechat.client.screens import pipe
    from securechat.client.session.deliveries import text_lines

    text = " ".join(words)
    if problem := pipe.text_problem(text):
        raise UsageError(f"the text isn't sent: {problem}")
    if not text_lines(text):
        raise UsageError("there is nothing to send: the text is empty")
    return [text]
