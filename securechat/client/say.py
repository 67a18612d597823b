"""What the program itself has to say to the person, beside the chat. Main thread."""

from __future__ import annotations

import click

from securechat.common.escape import escape


def say(text: str) -> None:
    """Print text, which may have several lines, to standard error, escaped."""
    for line in text.split("\n"):
        click.echo(escape(line), err=True)
